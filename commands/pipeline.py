"""Pipeline: how late webhooks are processed, what EventBridge's rules do, and how the retry queue stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from charts.data import Column, Series, Table, Value
from charts.spec import Chart, Line, State, Threshold
from commands.args import Ask
from commands.numbers import (
    at_clock,
    cell,
    compared_means,
    in_window,
    known_number,
    laid_behind,
    line_of,
    newest,
    silence,
)
from commands.panel import Brief, Data, Panel, Query, Section, TitledTable
from commands.queue import AGE, DEPTH
from commands.ranges import ends_now
from commands.words import count, figure

LIMIT_S = 120.0
SILENT_S = 60.0  # a company that takes payments all day has no webhook for so long only when something is wrong
LONGEST = 200  # characters of an error message that are shown

LAG = Query(
    "elastic",
    """{"time": {"date_histogram": {"field": "$time", "fixed_interval": "$step"},
        "aggs": {"lag": {"percentiles": {"field": "$webhook_lag_ms", "percents": [50, 95]}}}}}""",
    {"kind": "webhook.processed"},
)
LAST = Query(
    "elastic",
    """{"all": {"filters": {"filters": {"events": {"range": {"$time": {"lt": "$end"}}}}},
        "aggs": {"at": {"max": {"field": "$time"}}}}}""",
    {"kind": "webhook.processed"},
    over=timedelta(hours=24),
    compare=False,
)
RULES = Query(
    "cloudwatch",
    """{"namespace": "AWS/Events", "stat": "Sum", "per_rule": ["Invocations", "FailedInvocations", "ThrottledRules",
        "InvocationsSentToDlq", "InvocationsFailedToBeSentToDlq"]}""",
    compare=False,
)
ERRORS = Query(
    "event_logs",
    "fields message_timestamp_ms, message_type, details.rule_arn, error.aws_service, error.http_status_code, error.error_message"
    ' | filter log_level = "ERROR" | sort message_timestamp_ms desc | limit 10',
    compare=False,
)


# --- webhook lag ----------------------------------------------------------------------------------------------------


def draw_lag(data: Data, ask: Ask) -> Chart:
    """p50 and p95 of each bucket; where nothing is processed any more the line goes on as the age of the newest event."""
    p95, p50 = (lag(data, ask, percent) for percent in ("lag.95", "lag.50"))
    behind = laid_behind(line_of(data.earlier_table("lag"), "lag.95", ask, 0.001, "s"), ask)
    now = lag_now(data, ask)
    return Chart(
        title="Webhook lag",
        layers=(
            *((Line(behind, ask.against.words, "before"),) if ask.against else ()),
            Line(p95, "p95"),
            Line(p50, "p50", "second"),
            Threshold(LIMIT_S, "limit 2 min", "below"),
        ),
        unit="s",
        number=seconds(now) if now is not None else silence(p95, ask),
        change=compared_means(p95, behind, "s", ask) if ask.against else age_words(data, ask),
        state=lag_state(now),
        note="p95, received to processed",
        missing=data.why("lag", "last"),
    )


def lag(data: Data, ask: Ask, title: str) -> Series:
    """A percentile over time in seconds, carried on by the age of the newest event once nothing comes any more."""
    line = in_window(line_of(data.table("lag"), title, ask, 0.001, "s"), ask)
    age = age_s(data, ask)
    if age is None or not is_silent(age, ask):
        return line
    end, step = ask.window.end.timestamp(), ask.window.step.total_seconds()
    last = end - age
    times = frange(max(ask.window.start.timestamp(), (last // step + 1) * step), end, step)
    known = [(at, value) for at, value in zip(line.times, line.values, strict=True) if not times or at < times[0]]
    points = [*known, *((at, min(at + step, end) - last) for at in times)]
    return replace(line, times=tuple(at for at, _ in points), values=tuple(value for _, value in points))


def frange(start: float, end: float, step: float) -> tuple[float, ...]:
    return tuple(start + step * number for number in range(max(0, int(-(-(end - start) // step)))))


def age_s(data: Data, ask: Ask) -> float | None:
    """How long before the window's end the newest event was processed; a whole day where none was, None where nobody knows."""
    if "last" in data.faults or "last" not in data.found:
        return None
    at = cell(data.table("last"), "at")
    end = ask.window.end.timestamp()
    return max(0.0, end - at / 1000) if at is not None else LAST.over.total_seconds() if LAST.over else None


def is_silent(age: float, ask: Ask) -> bool:
    """Whether the worker seems to stand still: log lines may be a bucket late."""
    return age > max(SILENT_S, 2 * min(60.0, ask.window.step.total_seconds()))


def lag_now(data: Data, ask: Ask) -> float | None:
    """The lag at the window's end in seconds: the newest p95, or the age of the newest event where that is more."""
    age = age_s(data, ask)
    p95 = newest(lag(data, ask, "lag.95"), ask)
    if age is not None and is_silent(age, ask):
        return max(age, p95 or 0.0)
    return p95


def lag_state(now: float | None) -> State:
    return "plain" if now is None else "good" if now <= LIMIT_S else "bad"


def age_words(data: Data, ask: Ask) -> str:
    age = age_s(data, ask)
    if age is None:
        return ""
    return f"newest event {seconds(age)} old" if age < 86_400 else "no event in 24 h"


def seconds(value: float) -> str:
    """ "0.4 s", "95 s" up to two minutes, then "4 min 30 s"."""
    return f"{value:.1f}\u00a0s" if value < 10 else figure(round(value), "s")


# --- EventBridge ----------------------------------------------------------------------------------------------------


def draw_rules(data: Data, ask: Ask) -> TitledTable:
    """Every rule, those with failures first; what CloudWatch does not say is no data."""
    columns = (
        Column("Rule"),
        Column("Invocations", "count"),
        Column("Failures", "count"),
        Column("Throttled", "count"),
        Column("Dead letters", "count"),
        Column("Lost", "count"),
    )
    rows = sorted(data.table("rules").rows, key=trouble)
    notes = ("a rule without invocations sends no numbers", *data.table("rules").notes)
    return TitledTable(f"EventBridge rules, {ask.window.words}", Table(columns, tuple(rows)), "; ".join(notes))


def trouble(row: tuple[Value, ...]) -> tuple[object, ...]:
    """Failures first, then throttles, dead letters and what was lost; then by name."""
    worst = [-(known_number(value) or 0.0) for value in (row[2], row[3], row[4], row[5])]
    return (*worst, str(row[0]))


def draw_errors(data: Data, ask: Ask) -> TitledTable:
    """The newest execution errors of the bus."""
    columns = (Column("Time"), Column("Rule"), Column("What"), Column("Error"))
    rows = tuple(error_row(row, ask) for row in data.table("errors").rows)
    return TitledTable("Last execution errors", Table(columns, rows))


def error_row(row: tuple[Value, ...], ask: Ask) -> tuple[Value, ...]:
    """An error of the log: time (epoch ms as a text), type, rule, service, status, message."""
    time, kind, rule, service, status, message = (str(value or "") for value in (*row, *6 * ("",))[:6])
    at = at_clock(float(time) / 1000, ask) if time.isascii() and time.isdigit() and len(time) == 13 else time[:30]
    what = kind.removeprefix("INVOCATION_").replace("_", " ").lower()
    said = " ".join(part for part in (service, status, " ".join(message.split())) if part)
    return (at, rule.rpartition("/")[2] or "–", what or "–", said[:LONGEST] or "–")


# --- queue ----------------------------------------------------------------------------------------------------------


def draw_depth(data: Data, ask: Ask) -> Chart:
    """How many retries wait."""
    line, behind = in_window(data.series("depth"), ask), laid_behind(data.earlier("depth"), ask)
    return Chart(
        title="Queue depth",
        layers=(*((Line(behind, ask.against.words, "before"),) if ask.against else ()), Line(line, "visible")),
        number=count(newest(line, ask)) if newest(line, ask) is not None else silence(line, ask),
        change=compared_means(line, behind, "share", ask),
        note="retries that wait",
        missing=data.why("depth"),
    )


def draw_age(data: Data, ask: Ask) -> Chart:
    """How old the oldest waiting retry is."""
    line = in_window(data.series("age"), ask)
    now = newest(line, ask)
    return Chart(
        title="Oldest message",
        layers=(Line(line, "age"),),
        unit="s",
        number=figure(now, "s") if now is not None else silence(line, ask),
        note="age of the oldest retry that waits",
        missing=data.why("age"),
    )


# --- the section ----------------------------------------------------------------------------------------------------


def headline(data: Data, ask: Ask) -> str:
    """How late webhooks are, whether the worker stands still, and which rules fail."""
    return "; ".join(part for part in (lag_words(data, ask), rules_words(data)) if part) + "."


def lag_words(data: Data, ask: Ask) -> str:
    now, age = lag_now(data, ask), age_s(data, ask)
    if now is None:
        return f"Webhook lag is unknown: {data.why('lag', 'last').removeprefix('no data: ')}"
    if age is not None and is_silent(age, ask):
        since = "in 24 h" if age >= 86_400 else f"since {at_clock(ask.window.end.timestamp() - age, ask)} ({seconds(age)})"
        return f"No webhook was processed {since}: the worker may stand still"
    side = "within" if now <= LIMIT_S else "beyond"
    when = "is" if ends_now(ask.window.text) else "was at the end"
    return f"Webhook lag {when} {seconds(now)} (p95), {side} the limit of 2 min"


def rules_words(data: Data) -> str:
    rows = data.table("rules").rows
    failing = [str(row[0]) for row in sorted(rows, key=trouble) if known_number(row[2])]
    if not rows:
        return f"EventBridge is unknown: {data.faults['rules']}" if "rules" in data.faults else ""
    if not failing:
        return "no EventBridge rule fails" if any(known_number(row[1]) for row in rows) else "EventBridge sends no numbers"
    failures = sum(known_number(row[2]) or 0.0 for row in rows)
    said = f"{count(failures)} EventBridge invocation{'s' if failures != 1 else ''}"
    return f"{said} of {failing[0]} failed" if len(failing) == 1 else f"{said} failed, most of {failing[0]}"


SECTION = Section(
    name="pipeline",
    title="Pipeline",
    owner="Payments SRE",
    panels=(
        Panel("webhook lag", {"lag": LAG, "last": LAST}, draw_lag),
        Panel("queue depth", {"depth": DEPTH}, draw_depth),
        Panel("age of the oldest message", {"age": AGE}, draw_age),
        Panel("EventBridge rules", {"rules": RULES}, draw_rules),
        Panel("EventBridge errors", {"errors": ERRORS}, draw_errors),
    ),
    headline=headline,
    brief=Brief(("lag", "last"), draw_lag),
)
