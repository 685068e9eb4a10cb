"""Whether Segment, Datadog and Elasticsearch count the same: over whole buckets that all of them cover."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from charts.data import Column, Series, Table, Value
from commands.args import Ask
from commands.numbers import at_clock, in_window, known_number, line_of
from commands.panel import Data, Query, TitledTable
from commands.words import count, percent

FEWEST = 20  # events: of fewer one that is late parts two sources by more than any tolerance

EVENTS = Query(
    "segment",
    """SELECT floor(to_unixtime(at) / $step) * $step AS bucket, event, count(DISTINCT message) AS events
       FROM segment_events
       WHERE day BETWEEN $first_day AND $last_day AND at >= $from AND at < $to AND event IN (
         'payments.checkout.expired', 'payments.retry.initiated', 'payments.retry.completed', 'payments.receipt.generated')
       GROUP BY 1, 2 ORDER BY 1, 2""",
    compare=False,
)
LOGGED = Query(
    "elastic",
    """{"time": {"date_histogram": {"field": "$time", "fixed_interval": "$step"}, "aggs": {
        "recovered": {"filter": {"bool": {"filter": [
            {"term": {"$kind": "retry.completed"}}, {"term": {"$outcome": "success"}}]}}},
        "receipts": {"filter": {"term": {"$kind": "receipt.rendered"}}}}}}""",
    compare=False,
)
EXPIRED = Query("datadog", "sum:$expired_count{$scope}.as_count()", {"fill": "zero"}, compare=False)
TRIED = Query("datadog", "sum:$retry_attempts{$scope}.as_count()", {"fill": "zero"}, compare=False)


@dataclass(frozen=True, slots=True)
class Counted:
    """What several sources count: its name, Segment's event, Datadog's query and the log's column (empty: not there)."""

    name: str
    event: str
    metric: str = ""
    logged: str = ""


THINGS = (
    Counted("expired sessions", "payments.checkout.expired", metric="agreed_expired"),
    Counted("retries begun", "payments.retry.initiated", metric="agreed_tried"),
    Counted("retries that went through", "payments.retry.completed", logged="recovered"),
    Counted("receipts", "payments.receipt.generated", logged="receipts"),
)


def queries() -> Mapping[str, Query]:
    return {"events": EVENTS, "logged": LOGGED, "agreed_expired": EXPIRED, "agreed_tried": TRIED}


def agreement(data: Data, ask: Ask) -> TitledTable:
    """The same counts side by side; a source that does not count a thing is a dash, one that did not answer is no data."""
    columns = (
        Column("Counted"),
        *(Column(name, "count") for name in ("Segment", "Datadog", "Elasticsearch")),
        Column("Apart", "%"),
    )
    rows = tuple(row(thing, data, ask) for thing in THINGS)
    known = any(isinstance(cell, float) for each in rows for cell in each[1:4])
    reach = end_of(data, ask)
    notes = (
        f"over the whole buckets until {at_clock(reach, ask)}" if reach else "",
        parted(data, ask) or (f"all within {percent(data.limits.agreement_pct)}" if known else ""),
    )
    return TitledTable("Do the sources agree?", Table(columns, rows if known else ()), "; ".join(note for note in notes if note))


def row(thing: Counted, data: Data, ask: Ask) -> tuple[Value, ...]:
    counts = counts_of(thing, data, ask)
    cells = (counts.get(name, "–") for name in ("Segment", "Datadog", "Elasticsearch"))
    return (thing.name, *cells, apart_pct(counts))


def counts_of(thing: Counted, data: Data, ask: Ask) -> Mapping[str, float | None]:
    """The counts by source, of those that count it; None where the source gave none."""
    in_archive = total(segment_line(thing.event, data, ask), data, ask)
    found = {"Segment": 0.0 if in_archive is None and data.table("events") else in_archive}
    if thing.metric:
        found["Datadog"] = total(in_window(data.series(thing.metric), ask), data, ask)
    if thing.logged:
        found["Elasticsearch"] = total(in_window(line_of(data.table("logged"), thing.logged, ask), ask), data, ask)
    return found


def segment_line(event: str, data: Data, ask: Ask) -> Series:
    """An event's counts by bucket; no row of it is none, where the archive answered at all."""
    found = [(known_number(row[0]), known_number(row[2])) for row in data.table("events").rows if row[1] == event]
    points = sorted((at, many) for at, many in found if at is not None)
    return Series(event, tuple(at for at, _ in points), tuple(many for _, many in points), step_s=ask.window.step.total_seconds())


def end_of(data: Data, ask: Ask) -> float | None:
    """The end of the last whole bucket that the archive covers."""
    until = data.table("events").until
    if until is None:
        return None
    step = ask.window.step.total_seconds()
    return min(until, ask.window.end.timestamp()) // step * step


def total(line: Series, data: Data, ask: Ask) -> float | None:
    """The sum over the whole buckets that lie in the range and before the archive's end."""
    end, step = end_of(data, ask), ask.window.step.total_seconds()
    if end is None or not line.times:
        return None
    first = -(-ask.window.start.timestamp() // step) * step
    return float(sum(value for at, value in line.known() if first <= at and at + step <= end))


def apart_pct(counts: Mapping[str, float | None]) -> float | None:
    """How far the sources part, in per cent of the largest count; None where fewer than two are known."""
    known = [value for value in counts.values() if value is not None]
    if len(known) < 2 or not max(known):
        return 0.0 if len(known) > 1 else None
    return 100 * (max(known) - min(known)) / max(known)


def parted(data: Data, ask: Ask) -> str:
    """The thing on which two sources part most, beyond the tolerance, as a sentence's part."""
    found = [(apart_pct(counts) or 0.0, thing, counts) for thing in THINGS if (counts := counts_of(thing, data, ask))]
    far = [
        each
        for each in found
        if each[0] > data.limits.agreement_pct and max(value or 0.0 for value in each[2].values()) >= FEWEST
    ]
    if not far:
        return ""
    apart, thing, counts = max(far, key=lambda each: each[0])
    known = {name: value for name, value in counts.items() if value is not None}
    low, high = min(known, key=lambda name: known[name]), max(known, key=lambda name: known[name])
    return f"{low} has {percent(apart)} fewer {thing.name} than {high}: {count(known[low])} against {count(known[high])}"
