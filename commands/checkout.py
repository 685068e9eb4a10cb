"""Checkout health: the rolling success rate, active against pending sessions, and why payments fail."""

from __future__ import annotations

from charts.data import Column, Series, Table
from charts.spec import Chart, Layer, Line, Mark, State, Threshold
from commands.args import Ask
from commands.checkout_headline import headline
from commands.checkout_numbers import (
    REASONS_OVER,
    ROLLING,
    TARGET_PCT,
    failed,
    is_wide,
    lowest_point,
    rate,
    rate_before,
    rate_change,
)
from commands.declines import decline
from commands.numbers import bucket, compared_means, in_window, laid_behind, newest, silence
from commands.panel import Brief, Data, Marks, Panel, Query, Section, TitledTable
from commands.reasons import Failures, Reason
from commands.words import count, percent, span

TOP = 10
NO_CODE = "(no decline code)"

RATE = Query("datadog", "avg:$success_rate{$scope}", {"rate": "percent", "unit": "%"}, lead=ROLLING)
ACTIVE = Query("datadog", "sum:$sessions_active{$scope}", lead=ROLLING)
PENDING = Query("datadog", "sum:$sessions_pending{$scope}", lead=ROLLING)
REASONS = Query(
    "elastic",
    """{"reason": {"terms": {"field": "$decline_code", "size": 200, "missing": "(no decline code)"}, "aggs": {
        "now": {"filter": {"range": {"$time": {"gte": "$start", "lt": "$end"}}}},
        "before": {"filter": {"range": {"$time": {"gte": "$before", "lt": "$start"}}}},
        "here": {"filter": {"range": {"$time": {"gte": "$from", "lt": "$end"}}}}}}}""",
    {"kind": "checkout.failed", "back": "1"},
    over=REASONS_OVER,
    compare=False,
)
FAILURES = Query(
    "elastic",
    """{"period": {"filters": {"filters": {
        "now": {"range": {"$time": {"gte": "$start", "lt": "$end"}}},
        "before": {"range": {"$time": {"gte": "$before", "lt": "$start"}}},
        "here": {"range": {"$time": {"gte": "$from", "lt": "$end"}}}}},
        "aggs": {"oldest": {"min": {"field": "$time"}}}}}""",
    REASONS.options,
    over=REASONS_OVER,
    compare=False,
)
EVENTS = Query("datadog_events", "env:$env (kind:window_override OR kind:deploy)", compare=False)


# --- success rate ---------------------------------------------------------------------------------------------------


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
        change=rate_change(data, ask) if ask.against else lowest_point(series, ask),
        state=rate_state(now),
        note=rolling_note(series),
        missing=data.why("rate"),
    )


def rate_state(now: float | None) -> State:
    return "plain" if now is None else "good" if now >= TARGET_PCT else "bad"


def rolling_note(series: Series) -> str:
    """What one point of the line is."""
    return f"mean of each {bucket(series)}" if is_wide(series) else "15-minute rolling mean"


def before_line(behind: Series, ask: Ask) -> tuple[Line, ...]:
    return (Line(behind, ask.against.words, "before"),) if ask.against else ()


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
        change=compared_means(active, behind, "share", ask),
        note="open Checkout sessions",
        missing=data.why("active", "pending"),
    )


# --- failure reasons ------------------------------------------------------------------------------------------------


def draw_reasons(data: Data, ask: Ask) -> TitledTable:
    """The ten most frequent reasons with count, share, change, class and whether a retry can help."""
    found = failed(data, ask)
    columns = (
        Column("Reason"),
        Column("Count", "count"),
        Column("Share", "%"),
        Column("vs 24 h before", "change"),
        Column("Class"),
        Column("Can a retry help?"),
    )
    rows = tuple(row(reason, found) for reason in found.reasons[:TOP])
    return TitledTable("Top failure reasons, 24 h", Table(columns, rows), reasons_note(found, ask))


def row(reason: Reason, found: Failures) -> tuple[str | float | None, ...]:
    known = decline(reason.code)
    kind = "no code" if reason.code == NO_CODE else known.class_words
    return (reason.code, reason.now, found.share_pct(reason), found.growth_pct(reason), kind, known.retry)


def reasons_note(found: Failures, ask: Ask) -> str:
    """What the shares are shares of, and why there may be no change to show."""
    start = ask.window.end - REASONS_OVER
    many = f"{'' if found.listed_all else 'more than '}{len(found.reasons)}"
    notes = (
        f"Share of all {count(found.now)} failed payments, {span(start, ask.window.end, ask.window.zone)}",
        f"{many} different reasons" if len(found.reasons) != 1 else "one reason",
        "" if found.comparable else "the log does not cover the 24 h before",
    )
    return "; ".join(note for note in notes if note)


# --- marks ----------------------------------------------------------------------------------------------------------


def draw_marks(data: Data, ask: Ask) -> tuple[Mark, ...]:
    """What people and deploys did meanwhile, oldest first."""
    start, end = ask.window.start.timestamp(), ask.window.end.timestamp()
    events = ((event[0], str(event[1])) for event in data.table("events").rows)
    return tuple(
        sorted((Mark(at, title) for at, title in events if isinstance(at, float) and start <= at < end), key=lambda mark: mark.at)
    )


SECTION = Section(
    name="checkout",
    title="Checkout health",
    owner="Commerce Backend",
    panels=(
        Panel("success rate", {"rate": RATE}, draw_rate),
        Panel("sessions", {"active": ACTIVE, "pending": PENDING}, draw_sessions),
        Panel("failure reasons", {"reasons": REASONS, "failures": FAILURES}, draw_reasons),
    ),
    headline=headline,
    marks=Marks("marks of deploys and overrides", {"events": EVENTS}, draw_marks),
    brief=Brief(("rate",), draw_rate),
)
