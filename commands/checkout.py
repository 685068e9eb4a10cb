"""Checkout health: the rolling success rate, active against pending sessions, and why payments fail."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from charts.data import Column, Series, Table
from charts.spec import Chart, Layer, Line, Mark, State, Threshold
from commands.args import Ask
from commands.declines import decline
from commands.panel import Data, Marks, Panel, Query, Section, TitledTable
from commands.reasons import Reason, ranked
from commands.rolling import Breach, breaches, moved, rolling_mean, within
from commands.words import change, clock, count, duration, percent, span, stamp

TARGET_PCT = 97.0
ROLLING = timedelta(minutes=15)
REASONS_OVER = timedelta(hours=24)
TOP = 10
FRESH = timedelta(minutes=10)  # how old a number may be that stands for "now": agents send every minute, clouds every five

RATE = Query("datadog", "avg:$success_rate{$scope}", {"rate": "percent", "unit": "%"}, lead=ROLLING)
ACTIVE = Query("datadog", "sum:$sessions_active{$scope}", lead=ROLLING)
PENDING = Query("datadog", "sum:$sessions_pending{$scope}", lead=ROLLING)
REASONS = Query(
    "elastic",
    """{"reason": {"terms": {"field": "$decline_code", "size": 200, "missing": "(none)"}, "aggs": {
        "now": {"filter": {"range": {"$time": {"gte": "$start", "lt": "$end"}}}},
        "before": {"filter": {"range": {"$time": {"gte": "$before", "lt": "$start"}}}},
        "here": {"filter": {"range": {"$time": {"gte": "$from", "lt": "$end"}}}}}}}""",
    {"kind": "checkout.failed", "back": "1"},
    over=REASONS_OVER,
    compare=False,
)
EVENTS = Query("datadog_events", "env:$env (kind:window_override OR kind:deploy)", compare=False)


# --- success rate ---------------------------------------------------------------------------------------------------


def rate(data: Data, ask: Ask) -> Series:
    """The rolling success rate in per cent, in the asked window."""
    return in_window(rolling_mean(data.series("rate"), ROLLING.total_seconds()), ask)


def rate_before(data: Data, ask: Ask) -> Series:
    """The compared window's rolling success rate, moved onto the asked window."""
    return laid_behind(rolling_mean(data.earlier("rate"), ROLLING.total_seconds()), ask)


def draw_rate(data: Data, ask: Ask) -> Chart:
    """The rate with its target; the number is the newest, the change against the compared mean or else the lowest point."""
    series, behind = rate(data, ask), rate_before(data, ask)
    lines = (*before_line(behind, ask), Line(series, "success rate"))
    now = newest(series, ask)
    return Chart(
        title="Success rate",
        layers=(*lines, Threshold(TARGET_PCT, f"target {TARGET_PCT:g} %", "above")),
        unit="%",
        number=percent(now, TARGET_PCT) if now is not None else silence(series, ask),
        change=rate_change(series, behind, ask),
        state=rate_state(now),
        note=rolling_note(series),
        missing=data.why("Datadog"),
    )


def rate_state(now: float | None) -> State:
    return "plain" if now is None else "good" if now >= TARGET_PCT else "bad"


def rate_change(series: Series, behind: Series, ask: Ask) -> str:
    if not series:
        return ""
    if ask.against:
        return compared_means(series, behind, "%", ask)
    at, bottom = min(series.known(), key=lambda point: point[1])
    return f"lowest {percent(bottom, TARGET_PCT)} at {at_clock(at, ask)}"


def rolling_note(series: Series) -> str:
    """What one point of the line is: wide buckets are not smoothed over a quarter of an hour."""
    if series.step_s <= ROLLING.total_seconds():
        return "15-minute rolling mean"
    return f"mean of each {duration(timedelta(seconds=series.step_s))}"


# --- sessions -------------------------------------------------------------------------------------------------------


def draw_sessions(data: Data, ask: Ask) -> Chart:
    """Active sessions against pending ones, on one axis from zero."""
    active, pending = in_window(data.series("active"), ask), in_window(data.series("pending"), ask)
    behind = laid_behind(data.earlier("active"), ask)
    lines: tuple[Layer, ...] = (Line(active, "active"), Line(pending, "pending", "second"))
    now = newest(active, ask), newest(pending, ask)
    return Chart(
        title="Sessions",
        layers=(*before_line(behind, ask), *lines),
        number=f"{count(now[0])} active, {count(now[1])} pending" if now != (None, None) else silence(active or pending, ask),
        change=compared_means(active, behind, "share", ask) if ask.against and active else "",
        note="open Checkout sessions",
        missing=data.why("Datadog"),
    )


# --- failure reasons ------------------------------------------------------------------------------------------------


def reasons(data: Data) -> tuple[Reason, ...]:
    """The failure reasons of the last 24 h, most frequent first."""
    return ranked(data.table("reasons"))


def draw_reasons(data: Data, ask: Ask) -> TitledTable:
    """The ten most frequent reasons with count, share, change, class and whether a retry can help."""
    found = reasons(data)
    columns = (
        Column("Reason"),
        Column("Count", "count"),
        Column("Share", "%"),
        Column("vs 24 h before", "change"),
        Column("Class"),
        Column("Can a retry help?"),
    )
    start = ask.window.end - REASONS_OVER
    total = sum(reason.now for reason in found)
    return TitledTable(
        "Top failure reasons, 24 h",
        Table(columns, tuple(row(reason, total) for reason in found[:TOP])),
        f"{count(total)} failed payments, {span(start, ask.window.end, ask.window.zone)}; {len(found)} different reasons",
    )


def row(reason: Reason, total: float) -> tuple[str | float | None, ...]:
    known = decline(reason.code)
    return (reason.code, reason.now, 100 * reason.now / total, reason.growth_pct(), known.class_words, known.retry)


# --- marks, headline ------------------------------------------------------------------------------------------------


def draw_marks(data: Data, ask: Ask) -> tuple[Mark, ...]:
    """What people and deploys did meanwhile, oldest first."""
    start, end = ask.window.start.timestamp(), ask.window.end.timestamp()
    events = ((event[0], str(event[1])) for event in data.table("events").rows)
    return tuple(
        sorted((Mark(at, title) for at, title in events if isinstance(at, float) and start <= at < end), key=lambda mark: mark.at)
    )


def headline(data: Data, ask: Ask) -> str:
    """One sentence: how high the rate is, whether it holds its target, and what most likely drives a breach."""
    series = rate(data, ask)
    if not series:
        return f"Checkout success rate: {data.why('Datadog')}."
    low = breaches(series, TARGET_PCT, "above")
    now = newest(series, ask)
    if now is None:
        return f"Checkout success rate: {silence(series, ask)}; it was {percent(series.last(), TARGET_PCT)} then."
    sentence = f"Checkout success is {percent(now, TARGET_PCT)}, {standing(series, low, now, ask)}"
    driver = likely_reason(data, ask) if low else ""
    compared = rate_change(series, rate_before(data, ask), ask) if ask.against else ""
    return "; ".join(part for part in (sentence, compared, driver) if part) + "."


def standing(series: Series, low: tuple[Breach, ...], now: float, ask: Ask) -> str:
    """Where the rate stands against its target, now and in the asked window."""
    target = f"the {TARGET_PCT:g} % target"
    if now < TARGET_PCT:
        return running(series, low[-1], target, ask)
    if not low:
        return f"above {target} throughout ({ask.window.words})"
    worst = min(low, key=lambda breach: breach.worst)
    more = f", the worst of {len(low)} breaches" if len(low) > 1 else ""
    times = f"from {at_clock(worst.start, ask)} to {at_clock(worst.end, ask)}"
    return f"back above {target} after a breach {times} (lowest {lowest(worst)}{more})"


def running(series: Series, breach: Breach, target: str, ask: Ask) -> str:
    """A breach that is not over; one that the window's first bucket is part of began nobody knows when before it."""
    earlier = breach.start <= series.known()[0][0]
    since, at_least = ("since before ", "at least ") if earlier else ("since ", "")
    return f"below {target} {since}{at_clock(breach.start, ask)} ({at_least}{lasted(breach)}, lowest {lowest(breach)})"


def lasted(breach: Breach) -> str:
    return duration(timedelta(seconds=breach.end - breach.start))


def lowest(breach: Breach) -> str:
    return percent(breach.worst, TARGET_PCT)


def likely_reason(data: Data, ask: Ask) -> str:
    """The failure reason whose share in the asked range rose most above its share of the 24 h before the last 24 h.

    A range of more than 24 h is judged by its last 24 h: the log query reaches no further back.
    """
    longer = ask.window.length > REASONS_OVER
    found = tuple(replace(reason, here=reason.now) if longer else reason for reason in reasons(data))
    grown = max(found, key=lambda reason: reason.rise(found), default=None)
    if grown is None or not grown.here or grown.rise(found) <= 0:
        return ""
    failures = f"{count(grown.here)} of {count(sum(reason.here for reason in found))} failures"
    where = "in the last 24 h" if longer else "in this range"
    return f"{grown.code} {'grew most' if grown.comparable else 'leads'}: {failures} {where}"


# --- what the panels share ------------------------------------------------------------------------------------------


def newest(series: Series, ask: Ask) -> float | None:
    """The value at the window's end; None where the newest one is too old to speak for it: an hour ago is not now."""
    known = series.known()
    if not known:
        return None
    at, value = known[-1]
    silent_s = ask.window.end.timestamp() - (at + series.step_s)
    return value if silent_s <= max(FRESH.total_seconds(), 2 * series.step_s) else None


def silence(series: Series, ask: Ask) -> str:
    """Since when nothing has come, "" where nothing came at all."""
    known = series.known()
    return f"no data since {at_clock(known[-1][0] + series.step_s, ask)}" if known else ""


def in_window(series: Series, ask: Ask) -> Series:
    return within(series, ask.window.start.timestamp(), ask.window.end.timestamp())


def laid_behind(series: Series, ask: Ask) -> Series:
    """The compared window's series, moved onto the asked window."""
    if ask.against is None:
        return Series(series.name)
    return in_window(moved(series, (ask.window.start - ask.against.start).total_seconds()), ask)


def at_clock(at: float, ask: Ask) -> str:
    """The time of day of `at` (epoch seconds) as the asker's clock shows it; with its date where the range spans days."""
    moment = datetime.fromtimestamp(at, UTC)
    return (stamp if ask.window.length > timedelta(hours=24) else clock)(moment, ask.window.zone)


def before_line(behind: Series, ask: Ask) -> tuple[Line, ...]:
    return (Line(behind, ask.against.words, "before"),) if ask.against else ()


def compared_means(series: Series, behind: Series, unit: str, ask: Ask) -> str:
    """The mean of the window against the mean of the compared one, as a phrase."""
    return f"mean {change(series.mean(), behind.mean(), unit, ask.against.words)}" if ask.against else ""


SECTION = Section(
    name="checkout",
    title="Checkout health",
    owner="Commerce Backend",
    panels=(
        Panel("success rate", {"rate": RATE}, draw_rate),
        Panel("sessions", {"active": ACTIVE, "pending": PENDING}, draw_sessions),
        Panel("failure reasons", {"reasons": REASONS}, draw_reasons),
    ),
    headline=headline,
    marks=Marks("marks of deploys and overrides", {"events": EVENTS}, draw_marks),
)
