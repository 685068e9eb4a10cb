"""Retry performance: how many are tried, how many succeed at which attempt, and how long the backlog takes to drain."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from charts.data import Column, Grid, Series, Table, Value
from charts.spec import Chart, Heatmap, Line, Stack
from commands.args import Ask
from commands.numbers import (
    cell,
    compared_means,
    counted,
    counted_before,
    counted_change,
    in_window,
    known_number,
    laid_behind,
    length,
    newest,
    silence,
    total_words,
)
from commands.panel import Brief, Data, Panel, Query, Section, TitledTable
from commands.queue import AGE, DEPTH
from commands.rolling import rolling_mean
from commands.words import change, count, percent

ATTEMPTS = (1, 2, 3)
ROLLING = timedelta(hours=1)  # most minutes have one retry or none: their shares are 0 and 100
RATE_OVER = timedelta(hours=1)  # the net rate of the backlog is that of the last hour
TELLING_S = 1800.0  # a shorter stretch says nothing of a rate an hour

TRIED = Query("datadog", "sum:$retry_attempts{$scope}.as_count()", {"fill": "zero"})
RATE = Query("datadog", "avg:$retry_success_rate{$scope}", {"rate": "percent", "unit": "%"}, lead=ROLLING)
OUTCOMES = Query(
    "elastic",
    """{"time": {"date_histogram": {"field": "$time", "fixed_interval": "$step"}, "aggs": {
        "all 1": {"filter": {"term": {"$attempt": 1}}},
        "all 2": {"filter": {"term": {"$attempt": 2}}},
        "all 3": {"filter": {"term": {"$attempt": 3}}},
        "ok 1": {"filter": {"bool": {"filter": [{"term": {"$attempt": 1}}, {"term": {"$outcome": "success"}}]}}},
        "ok 2": {"filter": {"bool": {"filter": [{"term": {"$attempt": 2}}, {"term": {"$outcome": "success"}}]}}},
        "ok 3": {"filter": {"bool": {"filter": [{"term": {"$attempt": 3}}, {"term": {"$outcome": "success"}}]}}}}}}""",
    {"kind": "retry.completed"},
)
QUEUE = Query("sqs", "$queue", compare=False)
VISIBLE = replace(DEPTH, over=RATE_OVER, compare=False)


# --- attempts and success -------------------------------------------------------------------------------------------


def draw_attempts(data: Data, ask: Ask) -> Chart:
    """Every retry that was begun, as bars."""
    tried = counted(data, "tried", ask)
    return Chart(
        title="Attempts",
        layers=(Stack((tried,), ("retries",), (counted_before(data, "tried", ask),)),),
        number=total_words(tried, ask),
        change=counted_change(data, "tried", ask),
        note="retries begun",
        missing=data.why("tried"),
    )


def draw_success(data: Data, ask: Ask) -> Chart:
    """The metric as a line; the number is counted from the log: a mean of rates weighs a quiet minute like a busy one."""
    rate, behind = smooth(data.series("rate")), smooth(data.earlier("rate"))
    line, before = in_window(rate, ask), laid_behind(behind, ask)
    share, many = share_pct(data.table("outcomes"))
    number = f"{percent(share)} of {count(many)}" if share is not None else percent(newest(line, ask)) if line else ""
    return Chart(
        title="Success",
        layers=(*((Line(before, ask.against.words, "before"),) if ask.against else ()), Line(line, "success rate")),
        unit="%",
        number=number or silence(line, ask),
        change=success_change(data, ask),
        note="; ".join(part for part in ("counted from the log" if share is not None else "", rolling_note(rate)) if part),
        missing=data.why("rate"),
    )


def smooth(rate: Series) -> Series:
    return rolling_mean(rate, ROLLING.total_seconds())


def rolling_note(rate: Series) -> str:
    """What a point of the line is."""
    return "" if rate.step_s >= ROLLING.total_seconds() else "the line is the metric's 1-hour rolling mean"


def success_change(data: Data, ask: Ask) -> str:
    """The share against the compared window's, both counted; the metric's means where the log is silent."""
    if ask.against is None:
        return ""
    (now, _), (before, _) = share_pct(data.table("outcomes")), share_pct(data.earlier_table("outcomes"))
    if now is not None:
        return change(now, before, "%", ask.against.words)
    return compared_means(in_window(data.series("rate"), ask), laid_behind(data.earlier("rate"), ask), "%", ask)


def share_pct(outcomes: Table, attempt: int | None = None) -> tuple[float | None, float]:
    """The share of retries that went through, in per cent, and how many ended; None where none did."""
    asked = ATTEMPTS if attempt is None else (attempt,)
    every, good = (sum(total(outcomes, f"{word} {number}") for number in asked) for word in ("all", "ok"))
    return (100 * good / every if every else None), every


def total(table: Table, title: str) -> float:
    place = next((number for number, column in enumerate(table.columns) if column.title == title), None)
    return sum(known_number(row[place]) or 0.0 for row in table.rows) if place is not None else 0.0


# --- outcomes by attempt --------------------------------------------------------------------------------------------


def draw_outcomes(data: Data, ask: Ask) -> Chart:
    """Shares by attempt and time; an attempt that nobody made has no cell."""
    outcomes = data.table("outcomes")
    shares = [(number, *share_pct(outcomes, number)) for number in ATTEMPTS]
    grid = grid_of(outcomes, ask)
    lowest = min((value for row in grid.values for value in row if value is not None), default=0.0)
    return Chart(
        title="Outcomes by attempt",
        layers=(Heatmap(grid, 50.0 if lowest >= 50 else 0.0, 100.0),),
        unit="%",
        number=", ".join(percent(share) for _, share, _ in shares if share is not None),
        note="success share, with how many ended",
        missing=data.why("outcomes"),
    )


def grid_of(outcomes: Table, ask: Ask) -> Grid:
    """The log's buckets as cells: the share that succeeded of those that ended, both None where none ended."""
    rows = sorted((row for row in outcomes.rows if isinstance(row[0], int | float)), key=lambda row: known_number(row[0]) or 0.0)
    places = {column.title: number for number, column in enumerate(outcomes.columns)}
    pairs = [[shared(row, places, number) for row in rows] for number in ATTEMPTS] if "all 1" in places else []
    return Grid(
        tuple(f"attempt {number}" for number in ATTEMPTS) if pairs else (),
        tuple(known_number(row[0]) or 0.0 for row in rows),
        ask.window.step.total_seconds(),
        tuple(tuple(share for share, _ in row) for row in pairs),
        tuple(tuple(many for _, many in row) for row in pairs),
    )


def shared(row: tuple[Value, ...], places: dict[str, int], attempt: int) -> tuple[float | None, float | None]:
    every, good = (known_number(row[places[f"{word} {attempt}"]]) for word in ("all", "ok"))
    return (100 * good / every, every) if every and good is not None else (None, None)


# --- backlog --------------------------------------------------------------------------------------------------------


def draw_backlog(data: Data, ask: Ask) -> TitledTable:
    """The queue and its dead letters: what waits, how old the oldest is, and how long it takes to drain."""
    queues = data.table("queue")
    columns = (
        Column("Queue"),
        Column("Visible", "count"),
        Column("In flight", "count"),
        Column("Delayed", "count"),
        Column("Oldest", "s"),
        Column("Time to drain"),
    )
    oldest = newest(data.series("age"), ask)
    rows = tuple(
        (row[0], *row[2:5], oldest if row[1] == "queue" else "–", drained(data, row) if row[1] == "queue" else "–")
        for row in queues.rows
    )
    return TitledTable("Retry backlog now", Table(columns, rows), "; ".join(queues.notes))


def drained(data: Data, row: tuple[Value, ...]) -> str:
    return drain_words(known_number(row[2]), data.series("visible"))


def drain_words(visible: float | None, depth: Series) -> str:
    """How long until nothing waits at the last hour's net rate: "about 25 min", "growing by 12 an hour", "empty"."""
    if visible is None:
        return "unknown"
    if visible == 0:
        return "empty"
    rate = net_rate(depth)
    if rate is None:
        return "unknown: the last hour's rate is not"
    if rate < 0:
        return f"about {length(max(60.0, round(visible / -rate * 60) * 60))} at the last hour's net rate"
    return f"growing by {count(rate)} an hour" if rate > 0 else "never at the last hour's net rate: it neither grows nor shrinks"


def net_rate(depth: Series) -> float | None:
    """By how many messages an hour the queue grew (above 0) or shrank in the last hour; None where too little of it is known."""
    known = depth.known()
    if len(known) < 2 or known[-1][0] - known[0][0] < TELLING_S:
        return None
    return (known[-1][1] - known[0][1]) / (known[-1][0] - known[0][0]) * 3600


# --- the section ----------------------------------------------------------------------------------------------------


def headline(data: Data, ask: Ask) -> str:
    """How many retries went through, how that compares, and what waits."""
    share, many = share_pct(data.table("outcomes"))
    if share is not None:
        than = success_change(data, ask)
        said = f"{percent(share)} of {count(many)} retries succeeded ({ask.window.words}){f', {than}' if than else ''}"
    elif data.table("outcomes").columns and "outcomes" not in data.faults:
        said = f"No retry ended ({ask.window.words})"
    else:
        said = f"Retry success is unknown: {data.why('outcomes').removeprefix('no data: ')}"
    return "; ".join(part for part in (said, waiting(data), dead(data)) if part) + "."


def waiting(data: Data) -> str:
    visible = cell(data.table("queue"), "Visible")
    if visible is None:
        return "the backlog is unknown"
    words = drain_words(visible, data.series("visible"))
    if words == "empty":
        return "nothing waits in the queue"
    return f"{count(visible)} wait in the queue, {'drained in ' if words.startswith('about') else ''}{words}"


def dead(data: Data) -> str:
    letters = cell(data.table("queue"), "Visible", 1)
    return f"{count(letters)} dead letter{'' if letters == 1 else 's'}" if letters else ""


SECTION = Section(
    name="retries",
    title="Retry performance",
    owner="Commerce Backend",
    panels=(
        Panel("attempts", {"tried": TRIED}, draw_attempts),
        Panel("success rate", {"rate": RATE}, draw_success),
        Panel("outcomes by attempt", {"outcomes": OUTCOMES}, draw_outcomes),
        Panel("backlog", {"queue": QUEUE, "visible": VISIBLE, "age": AGE}, draw_backlog),
    ),
    headline=headline,
    brief=Brief(("rate", "outcomes"), draw_success),
)
