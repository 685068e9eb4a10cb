"""From what the sources said to what a rule saw: one number over its exact interval, or why there is none. Pure.

Only buckets that lie wholly in [end - over, end) count: one that is not over yet, or comes late, is judged by a later tick.
What each kind of absence does:
    a bucket without a point      unknown, which is not zero: left out, as long as enough others are known
    null                          the same
    NaN, infinity                 no number: the same, so that none is ever a breach or the end of one
    no known bucket, no series    "nothing": the rule's no-data policy decides
    an error of the source        "failed": what was known stays as it is
Of points with the same time the last number counts, and points may come in any order.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor, fsum
from operator import lt
from typing import Literal

from bot.alerts.rule import Rule
from bot.ports import SourceError
from bot.slack.text import masked
from charts.data import Series, Table, Value
from commands.rolling import ENOUGH, mean, usual_distance

Outcome = Literal["bad", "between", "good", "nothing", "failed"]
Answer = tuple[Series, ...] | Table | SourceError
Known = list[tuple[float, float]]  # (time, number) of known buckets, oldest first

STEP_S = 60.0  # of buckets whose width is not known: rules are asked by the minute
REACH = timedelta(hours=1)  # before the end, that shows how often numbers usually come
FEW = 4_000  # points, so many are looked over for their order: a day of minutes, twice; longer histories are our own, in order
MOST = 1e300  # what is beyond it is no number: so many of them can still be added up
DAY_S = 86_400.0  # how far back the newest event of a lag is looked for; none at all counts as a lag of that
BY_GROUP = re.compile(r"\bby\s*\{")  # in a metric's query: it has a series for each group, and may have only one today


@dataclass(frozen=True, slots=True)
class Seen:
    """What a rule saw of one instance over the interval that ends at `end`.

    "between" is a number that is neither a breach nor good again; `said` says what was wrong where there is no number.
    """

    series: str
    outcome: Outcome
    value: float | None
    end: datetime
    said: str = ""


def judge(rule: Rule, answers: Mapping[str, Answer], env: str, end: datetime) -> tuple[Seen, ...]:
    """What the rule saw in [end - over, end): one Seen, or one for each series of a query by group."""
    fault = next((answer for answer in answers.values() if isinstance(answer, SourceError)), None)
    if rule.measure == "answers":
        return (Seen(env, "bad" if fault else "good", None, end, fault.said if fault else ""),)
    if fault:
        return (Seen(env, "failed", None, end, fault.said),)
    if rule.measure == "lag":
        return (_lag(rule, answers.get("value"), answers.get("last"), env, end),)
    groups = answers.get("value")
    if not isinstance(groups, tuple):
        return (_unreadable(env, end),)
    return tuple(_of_series(rule, name, series, end) for name, series in _named(rule, groups, env).items())


def _unreadable(env: str, end: datetime) -> Seen:
    return Seen(env, "failed", None, end, "answered in another shape")


def _outcome(rule: Rule, value: float) -> Outcome:
    return "bad" if rule.breached(value) else "good" if rule.recovered(value) else "between"


# --- series -------------------------------------------------------------------------------------------------------------


def _named(rule: Rule, groups: tuple[Series, ...], env: str) -> Mapping[str, Series]:
    """The series by their instances' names. A group keeps its name on days on which it is the only one."""
    by_group = len(groups) > 1 or (groups and groups[0].times and BY_GROUP.search(rule.queries["value"].text))
    if not by_group:
        return {env: groups[0] if groups else Series(env)}
    found: dict[str, Series] = {}
    for series in groups:
        name = f"{env}, {masked(series.name)}"  # a tag may hold anything: what is kept, told and paged bears this name
        found[name] = _both(found[name], series) if name in found else series
    return found


def _both(first: Series, second: Series) -> Series:
    """Two series of one name as one, the second's points after the first's where their times are the same."""
    points = sorted(zip(first.times + second.times, first.values + second.values, strict=True), key=lambda point: point[0])
    times, values = tuple(time for time, _ in points), tuple(value for _, value in points)
    return Series(first.name, times, values, first.unit, max(first.step_s, second.step_s))


def _of_series(rule: Rule, name: str, series: Series, end: datetime) -> Seen:
    end_s = end.timestamp()
    known = _known(series, end_s - rule.over.total_seconds(), end_s)
    if not known or (rule.measure == "mean" and not _is_enough(rule, series, known, end)):
        return Seen(name, "nothing", None, end)
    values = [value for _, value in known]
    value = _mean(values) if rule.measure == "mean" else fsum(values) if rule.measure == "sum" else float(values[-1])
    outcome = _outcome(rule, value)
    if rule.measure == "sum" and not _is_told(rule, outcome, series, known, end):
        return Seen(name, "between", value, end)
    return Seen(name, outcome, value, end)


def _known(series: Series, start: float, end: float) -> Known:
    """The known buckets that lie wholly in [start, end), oldest first."""
    times, width = series.times, series.step_s or STEP_S
    first, past = bisect_left(times, start), bisect_left(times, end)
    looked_over = times if len(times) < FEW else times[first:past]
    is_rising = all(map(lt, looked_over, looked_over[1:]))
    if not is_rising:
        first, past = 0, len(times)
    found = [
        (time, value)
        for time, value in zip(times[first:past], series.values[first:past], strict=True)
        if value is not None and -MOST <= value <= MOST and start <= time and time + width <= end
    ]
    return found if is_rising else sorted(dict(found).items())


def _mean(values: list[float]) -> float:
    """Their mean, never beyond them by a rounding: a rate that stands at the limit is no breach of it."""
    return min(max(values), max(min(values), mean(values)))


def _is_enough(rule: Rule, series: Series, known: Known, end: datetime) -> bool:
    """Whether so many buckets are known that their mean speaks for all: a third of those that usually come."""
    width = series.step_s or STEP_S
    if len(known) >= ENOUGH * rule.over.total_seconds() / width:
        return True
    recent = _known(series, (end - max(REACH, rule.over)).timestamp(), end.timestamp())
    times, values = zip(*recent, strict=True)
    usual = Series("", times, values, step_s=width)
    return len(known) >= ENOUGH * rule.over.total_seconds() / usual_distance(usual)


def _is_told(rule: Rule, outcome: Outcome, series: Series, known: Known, end: datetime) -> bool:
    """Whether a sum says so, whatever the unknown buckets hold: counts only grow.

    A hole may hide what would make the sum larger, so a low sum tells only when every bucket is known; a rule whose `no_data` is
    "ok" says that what is unknown is none.
    """
    if rule.no_data == "ok" or outcome == ("bad" if rule.above is not None else "good"):
        return True
    width, at = series.step_s or STEP_S, known[0][0]
    start = (end - rule.over).timestamp()
    return len(known) >= floor((end.timestamp() - at) / width) - ceil((start - at) / width)


# --- lag ----------------------------------------------------------------------------------------------------------------


def _lag(rule: Rule, value: Answer | None, last: Answer | None, env: str, end: datetime) -> Seen:
    """The larger of the percentile and the age of the newest event: a worker that stands still logs nothing at all.

    It is good only when the age is known, and the percentile too unless no event is in the interval.
    """
    if not isinstance(value, Table) or not isinstance(last, Table):
        return _unreadable(env, end)
    ages, percentiles = _column(last, "at"), _column(value, "lag.95")
    if ages is None or percentiles is None:
        return _unreadable(env, end)
    start = (end - rule.over).timestamp()
    age, percentile = _age_s(ages, end.timestamp()), _percentile_s(percentiles, start, end.timestamp())
    lag = max((each for each in (age, percentile) if each is not None), default=None)
    is_partly_known = age is None or (percentile is None and end.timestamp() - age > start)
    if lag is None or (is_partly_known and not rule.breached(lag)):
        return Seen(env, "nothing", None, end)
    return Seen(env, _outcome(rule, lag), lag, end)


def _column(table: Table, title: str) -> list[tuple[Value, Value]] | None:
    """(key, value) of each row; None where there are rows without this column."""
    place = next((number for number, column in enumerate(table.columns) if column.title == title), None)
    if place is None:
        return None if table.rows else []
    return [(row[0], row[place]) for row in table.rows]


def _age_s(newest: Iterable[tuple[Value, Value]], end: float) -> float | None:
    """How old the newest event is, at most a day, which is what it counts as where there is none; None where nobody knows."""
    values = [value for _, value in newest if value is not None]
    if not values:
        return DAY_S
    times = [time for time in map(_number, values) if time is not None]
    return min(DAY_S, max(0.0, end - max(times) / 1000)) if times else None


def _percentile_s(rows: Iterable[tuple[Value, Value]], start: float, end: float) -> float | None:
    """The percentile of the whole interval; asked by bucket it is the newest whole bucket's, as they cannot be averaged."""
    known = [(key, number / 1000) for key, value in rows if (number := _number(value)) is not None]
    timed = [(time, value) for key, value in known if (time := _number(key)) is not None]
    if not timed:
        return max((value for _, value in known), default=None)
    inside = [(time, value) for time, value in timed if start <= time and time + STEP_S <= end]
    return max(inside)[1] if inside else None


def _number(value: Value) -> float | None:
    return float(value) if isinstance(value, int | float) and -MOST <= value <= MOST else None
