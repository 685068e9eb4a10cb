"""What a rule would have done over past days: the same judging and the same states over the sources' history."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from bot.alerts.questions import STEP, Answer, Call, Own, fetched, sorted_by_rule
from bot.alerts.replay import Moment, ends_between, replayed
from bot.alerts.rule import Rule
from bot.ports import Source, SourceError
from charts.data import Series, Table
from charts.spec import Chart, Line, Mark, Picture, Threshold
from commands.numbers import known_number
from commands.panel import Query
from commands.pipeline import LAG
from commands.window import Window
from commands.words import count, duration, figure, span, stamp

CHUNK = timedelta(hours=12)  # asked at a time: 720 minutes are fewer points than any source widens
TIMEOUT_S = 30.0
NIGHT = (22, 7)  # hours between which a page wakes somebody
FLAP = timedelta(hours=1)
TRIED = 40  # limits that are tried for one that would have fired less often
WEEK = timedelta(days=7)
LINES: Final[tuple[Literal["main", "second", "third"], ...]] = ("main", "second", "third")


@dataclass(frozen=True, slots=True)
class Fired:
    """One time that the rule would have fired. `end` is None where it goes on."""

    series: str
    start: datetime
    end: datetime | None
    worst: float | None

    def lasted(self, until: datetime) -> timedelta:
        return (self.end or until) - self.start


@dataclass(frozen=True, slots=True)
class Backtest:
    """What a rule would have done between `start` and `end`; `values` are what it judged, by its instances."""

    rule: Rule
    start: datetime
    end: datetime
    fired: tuple[Fired, ...]
    values: Mapping[str, Series]
    faults: tuple[str, ...] = ()

    def per_week(self) -> float:
        return len(self.fired) / ((self.end - self.start) / WEEK)

    def at_night(self, zone: str) -> int:
        hours = (each.start.astimezone(ZoneInfo(zone)).hour for each in self.fired)
        return sum(1 for hour in hours if hour >= NIGHT[0] or hour < NIGHT[1])

    def flaps(self) -> int:
        """How often it would have fired again within an hour of its end."""
        ends = {(each.series, each.end) for each in self.fired if each.end}
        return sum(
            any(series == each.series and end is not None and end <= each.start < end + FLAP for series, end in ends)
            for each in self.fired
        )


def history(
    rule: Rule, sources: Mapping[str, Source], env: str, start: datetime, end: datetime
) -> tuple[Mapping[str, Own], tuple[str, ...]]:
    """What the sources said of the rule, by environment, minute by minute, and what could not be asked.

    Percentiles over a rule's own range cannot be asked for every past minute: of a webhook lag it is each minute's own.
    """
    queries = _historical(rule)
    found: dict[str, dict[str, list[Answer]]] = {}
    faults: list[str] = []
    for where in rule.environments or (env,):
        parts = found.setdefault(where, {key: [] for key in queries})
        for first, last in _chunks(start - rule.over, end):
            asked = replace(rule, queries=queries)
            outcomes = dict(_asked(asked, sources, where, Window(first, last, STEP, "UTC", "history", "history")))
            for key, answer in sorted_by_rule([replace(asked, environments=(where,))], where, outcomes)[rule.name, where].items():
                if isinstance(answer, SourceError):
                    faults.append(f"{stamp(first, 'UTC')}: {answer.said}")
                else:
                    parts[key].append(answer)
    return {where: {key: _joined(answers) for key, answers in parts.items()} for where, parts in found.items()}, tuple(faults)


def _historical(rule: Rule) -> Mapping[str, Query]:
    return {"value": LAG} if rule.measure == "lag" else rule.queries


def _chunks(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    while start < end:
        yield start, min(end, start + CHUNK)
        start += CHUNK


def _asked(
    rule: Rule, sources: Mapping[str, Source], env: str, window: Window
) -> Iterator[tuple[Call, Mapping[str, Answer] | Exception]]:
    for name in {query.source for query in rule.queries.values()}:
        call = Call(name, env, {f"{rule.name} {key}": query for key, query in rule.queries.items() if query.source == name})
        if name not in sources:
            continue
        try:
            yield call, fetched(sources[name], call, window, TIMEOUT_S)
        except SourceError as error:
            yield call, error


def _joined(answers: Iterable[Answer]) -> Answer:
    """The parts of a history as one answer."""
    parts = list(answers)
    tables = [part for part in parts if isinstance(part, Table)]
    if tables:
        return Table(tables[0].columns, tuple(row for table in tables for row in table.rows))
    names: dict[str, list[tuple[float, float | None]]] = {}
    unit, step_s = "", STEP.total_seconds()
    for part in parts:
        for series in part if isinstance(part, tuple) else ():
            names.setdefault(series.name, []).extend(zip(series.times, series.values, strict=True))
            unit, step_s = series.unit, series.step_s or step_s
    return tuple(_series(name, points, unit, step_s) for name, points in names.items())


def _series(name: str, points: list[tuple[float, float | None]], unit: str, step_s: float) -> Series:
    ordered = sorted(dict(points).items())
    return Series(name, tuple(at for at, _ in ordered), tuple(value for _, value in ordered), unit, step_s)


def run(rule: Rule, answers: Mapping[str, Own], start: datetime, end: datetime, tick: timedelta, delay: timedelta) -> Backtest:
    """The rule over its history; pure."""
    moments: list[Moment] = []
    for env, own in answers.items():
        moments += _moments(rule, env, own, ends_between(start, end, tick), delay, tick)
    return Backtest(rule, start, end, _fired(moments), _values(moments, rule, tick))


def _moments(rule: Rule, env: str, own: Own, ends: tuple[datetime, ...], delay: timedelta, tick: timedelta) -> Iterator[Moment]:
    if rule.measure != "lag":
        yield from replayed(rule, env, own, {}, ends, delay, tick.total_seconds())
        return
    as_line = replace(rule, measure="last", queries={"value": rule.queries["value"]})
    yield from replayed(as_line, env, {"value": (_lag_line(own["value"], ends),)}, {}, ends, delay, tick.total_seconds())


def _lag_line(table: Answer, ends: tuple[datetime, ...]) -> Series:
    """The lag of each minute: its percentile, or the age of the newest event where there was none."""
    if not isinstance(table, Table):
        return Series("lag", unit="s", step_s=STEP.total_seconds())
    place = next((number for number, column in enumerate(table.columns) if column.title == "lag.95"), 0)
    known = ((known_number(row[0]), known_number(row[place])) for row in table.rows)
    lags = {at: value / 1000 for at, value in known if at is not None and value is not None}
    times: list[float] = []
    values: list[float | None] = []
    newest: float | None = None
    for end in ends:
        at = end.timestamp() - STEP.total_seconds()
        newest = end.timestamp() if at in lags else newest
        if newest is not None:
            times.append(at)
            values.append(max(lags.get(at, 0.0), end.timestamp() - newest))
    return Series("lag", tuple(times), tuple(values), "s", STEP.total_seconds())


def _fired(moments: Iterable[Moment]) -> tuple[Fired, ...]:
    found: list[Fired] = []
    running: dict[str, int] = {}
    for moment in moments:
        series, value = moment.step.instance.series, moment.seen.value if moment.seen else None
        if moment.step.event == "fired":
            running[series] = len(found)
            found.append(Fired(series, moment.end, None, value))
        elif series in running:
            was = found[running[series]]
            over = moment.step.event == "resolved"
            found[running[series]] = replace(was, end=moment.end if over else None)
            if over:
                del running[series]
    return tuple(found)


def _values(moments: Iterable[Moment], rule: Rule, tick: timedelta) -> Mapping[str, Series]:
    points: dict[str, list[tuple[float, float | None]]] = {}
    for moment in moments:
        value = moment.seen.value if moment.seen else None
        points.setdefault(moment.step.instance.series, []).append((moment.end.timestamp() - tick.total_seconds(), value))
    return {name: _series(name, own, rule.unit, tick.total_seconds()) for name, own in points.items()}


def quieter(test: Callable[[Rule], Backtest], rule: Rule, pages_a_week: float) -> tuple[float, Backtest] | None:
    """The limit nearest to the rule's own with which it would have fired at most so often, and that backtest; else None.

    `test` runs the backtest of a rule. Tried are quantiles of what was judged beyond the limit.
    """
    first = test(rule)
    if first.per_week() <= pages_a_week:
        return rule.limit, first
    beyond = sorted({value for series in first.values.values() for _, value in series.known() if rule.breached(value)})
    ordered = beyond if rule.above is not None else beyond[::-1]
    candidates = [ordered[len(ordered) * number // TRIED] for number in range(1, TRIED) if ordered] + ordered[-1:]
    low, high, best = 0, len(candidates) - 1, None
    while low <= high:
        middle = (low + high) // 2
        limit = candidates[middle]
        found = test(with_limit(rule, limit))
        if found.per_week() <= pages_a_week:
            best, high = (limit, found), middle - 1
        else:
            low = middle + 1
    return best


def with_limit(rule: Rule, limit: float) -> Rule:
    """The same rule with another limit, its level of recovery as far from it as before."""
    moved = rule.recover + limit - rule.limit
    return replace(rule, above=limit, recover=moved) if rule.above is not None else replace(rule, below=limit, recover=moved)


def lines(test: Backtest, zone: str, better: tuple[float, Backtest] | None, pages_a_week: float) -> tuple[str, ...]:
    """What the backtest says, line by line."""
    rule, many = test.rule, len(test.fired)
    night = test.at_night(zone)
    head = (
        f"{rule.name}, {span(test.start, test.end, zone)}: would have fired {count(many)} time{'' if many == 1 else 's'}"
        f"{f', {night} of them at night' if many else ''}, {test.per_week():.1f} a week; again within an hour: {test.flaps()}."
    )
    listed = [
        f"• {stamp(each.start, zone)}, {each.series}: {duration(each.lasted(test.end))}{'' if each.end else ', and goes on'}"
        for each in test.fired[-10:]
    ]
    more = [f"(the last 10 of {many})"] if many > 10 else []
    advice = []
    if better and better[0] != rule.limit:
        side = "above" if rule.above is not None else "below"
        advice = [f"At most {pages_a_week:g} a week: {side} {figure(better[0], rule.unit)} ({better[1].per_week():.1f} a week)."]
    elif better is None and many:
        advice = [f"No limit would have meant at most {pages_a_week:g} a week."]
    return (head, *listed, *more, *advice, *(f"Unknown: {fault}" for fault in test.faults[:5]))


def picture(test: Backtest, zone: str, env: str) -> Picture:
    """What was judged against the limit, each firing a mark."""
    rule = test.rule
    lines_ = tuple(Line(series, name, role) for (name, series), role in zip(test.values.items(), LINES, strict=False))
    side = "above" if rule.above is not None else "below"
    limit = Threshold(rule.limit, f"limit {figure(rule.limit, rule.unit)}", "below" if rule.above is not None else "above")
    chart = Chart(
        title=rule.title,
        layers=(*lines_, limit),
        unit=rule.unit,
        number=f"fires {len(test.fired)} times" if len(test.fired) != 1 else "fires once",
        change=f"{test.per_week():.1f} a week",
        note=f"{side} {figure(rule.limit, rule.unit)} for {duration(rule.hold)}",
    )
    marks = tuple(Mark(each.start.timestamp(), f"{duration(each.lasted(test.end))}") for each in test.fired[:6])
    return Picture(
        f"Backtest · {env}",
        (chart,),
        test.start.timestamp(),
        test.end.timestamp(),
        zone,
        span(test.start, test.end, zone),
        marks=marks,
    )
