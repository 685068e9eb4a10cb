"""Funnel: what becomes of the sessions that start, whether events keep to the plan, and whether the sources agree."""

from __future__ import annotations

from dataclasses import replace

from charts.data import Column, Series, Table, Value
from charts.spec import Chart, Stack
from commands.agreement import agreement, parted
from commands.agreement import queries as agreement_queries
from commands.args import Ask
from commands.numbers import in_window, known_number, laid_behind, line_of, until_words
from commands.panel import Brief, Data, Panel, Query, Section, TitledTable
from commands.schemas import Violation, violations
from commands.words import change, count, listed, percent

# One row a session that started in the range; a session that both completed and expired has completed.
COHORTS = Query(
    "segment",
    """SELECT floor(to_unixtime(started) / $step) * $step AS bucket, count(*) AS started,
         count_if(completed = 1) AS completed, count_if(completed = 0 AND expired = 1) AS expired,
         count_if(completed = 0 AND expired = 0) AS open, count_if(tried = 1) AS tried,
         count_if(tried = 1 AND recovered = 1) AS recovered, count_if(completed = 1 AND receipt = 1) AS receipts
       FROM (
         SELECT session_id,
           min(CASE WHEN event = 'payments.checkout.started' THEN at END) AS started,
           max(CASE WHEN event = 'payments.checkout.completed' THEN 1 ELSE 0 END) AS completed,
           max(CASE WHEN event = 'payments.checkout.expired' THEN 1 ELSE 0 END) AS expired,
           max(CASE WHEN event = 'payments.retry.initiated' THEN 1 ELSE 0 END) AS tried,
           max(CASE WHEN event = 'payments.retry.completed' THEN 1 ELSE 0 END) AS recovered,
           max(CASE WHEN event = 'payments.receipt.generated' THEN 1 ELSE 0 END) AS receipt
         FROM segment_events
         WHERE day BETWEEN $first_day AND $last_day AND at >= $from
         GROUP BY session_id) AS sessions
       WHERE started >= $from AND started < $to
       GROUP BY 1 ORDER BY 1""",
)
SHAPES = Query(
    "segment",
    """WITH calls AS (
         SELECT event, app_version, shape, message, message_id FROM segment_events
         WHERE day BETWEEN $first_day AND $last_day AND at >= $from AND at < $to AND event LIKE 'payments.%'),
       twice AS (SELECT message FROM calls GROUP BY message HAVING count(*) > 1)
       SELECT event, app_version, shape, count(*) - count(twice.message) + count(DISTINCT twice.message) AS events,
         min(message_id) AS example
       FROM calls LEFT JOIN twice ON calls.message = twice.message
       GROUP BY event, app_version, shape ORDER BY 1, 2, 3 LIMIT 5000""",
    compare=False,
)
KINDS = ("missing", "wrong type", "unknown")


# --- the cohorts ----------------------------------------------------------------------------------------------------


def total(cohorts: Table, title: str) -> float:
    """A column's sum over all buckets."""
    place = next((number for number, column in enumerate(cohorts.columns) if column.title == title), None)
    return sum(known_number(row[place]) or 0.0 for row in cohorts.rows) if place is not None else 0.0


def closed_share_pct(cohorts: Table, title: str) -> float | None:
    """A share of the sessions that are closed; None where none is. Open ones may still become either."""
    closed = total(cohorts, "completed") + total(cohorts, "expired")
    return 100 * total(cohorts, title) / closed if closed else None


def open_share_pct(cohorts: Table) -> float | None:
    started = total(cohorts, "started")
    return 100 * total(cohorts, "open") / started if started else None


def draw_cohorts(data: Data, ask: Ask) -> Chart:
    """The sessions of each bucket by what became of them: completed, expired and open add up to started."""
    cohorts = data.table("cohorts")
    parts = ("completed", "expired", "open")
    lines = tuple(known_by(in_window(line_of(cohorts, part, ask), ask), cohorts.until) for part in parts)
    before = laid_behind(line_of(data.earlier_table("cohorts"), "started", ask), ask)
    share = closed_share_pct(cohorts, "completed")
    opened = open_share_pct(cohorts)
    return Chart(
        title="Completed",
        layers=(Stack(lines, ("completed", "expired", "still open"), (before,)),),
        number=f"{percent(share)} of closed" if share is not None else "",
        change=share_change(data, ask) or (f"{percent(opened)} still open" if opened else ""),
        note="; ".join(part for part in ("sessions by their start", until_words(cohorts, ask)) if part),
        missing=data.why("cohorts"),
    )


def known_by(line: Series, until: float | None) -> Series:
    """The buckets that the archive covers whole: of later ones nobody knows all sessions."""
    if until is None:
        return line
    kept = [(at, value) for at, value in zip(line.times, line.values, strict=True) if at + line.step_s <= until]
    return replace(line, times=tuple(at for at, _ in kept), values=tuple(value for _, value in kept))


def share_change(data: Data, ask: Ask) -> str:
    if ask.against is None:
        return ""
    now = closed_share_pct(data.table("cohorts"), "completed")
    before = closed_share_pct(data.earlier_table("cohorts"), "completed")
    return change(now, before, "%", ask.against.words) if now is not None else ""


def draw_steps(data: Data, ask: Ask) -> TitledTable:
    """Every step in numbers: of the sessions that started, of those that are closed, of the retries."""
    cohorts = data.table("cohorts")
    started, tried = total(cohorts, "started"), total(cohorts, "tried")
    closed = total(cohorts, "completed") + total(cohorts, "expired")
    rows: tuple[tuple[Value, ...], ...] = (
        ("started", started, None, "–"),
        ("completed", total(cohorts, "completed"), share_of(total(cohorts, "completed"), closed), "closed sessions"),
        ("expired", total(cohorts, "expired"), share_of(total(cohorts, "expired"), closed), "closed sessions"),
        ("still open", total(cohorts, "open"), share_of(total(cohorts, "open"), started), "started sessions"),
        ("retried", tried, share_of(tried, started), "started sessions"),
        ("recovered by a retry", total(cohorts, "recovered"), share_of(total(cohorts, "recovered"), tried), "retried sessions"),
        (
            "receipt generated",
            total(cohorts, "receipts"),
            share_of(total(cohorts, "receipts"), total(cohorts, "completed")),
            "completed sessions",
        ),
    )
    columns = (Column("Step"), Column("Sessions", "count"), Column("Share", "%"), Column("of"))
    notes = ("sessions by their start", until_words(cohorts, ask), *cohorts.notes)
    shown = tuple((*row[:2], "–" if row[0] == "started" else row[2], row[3]) for row in rows)
    return TitledTable("Funnel", Table(columns, shown if cohorts else ()), "; ".join(note for note in notes if note))


def share_of(part: float, whole: float) -> float | None:
    return 100 * part / whole if whole else None


# --- the tracking plan ----------------------------------------------------------------------------------------------


def draw_schema(data: Data, ask: Ask) -> TitledTable:
    """For each event how many came, and how many break the plan in which way, with the app versions that sent those."""
    shapes = data.table("shapes")
    columns = (
        Column("Event"),
        Column("Received", "count"),
        *(Column(kind.capitalize(), "count") for kind in KINDS),
        Column("App version"),
        Column("Example"),
    )
    rows = tuple(event_row(event, shapes) for event in sorted({str(row[0]) for row in shapes.rows}))
    broken = sum(1 for row in rows if any(known_number(cell) for cell in row[2:5]))
    note = "every event keeps to the plan" if rows and not broken else ""
    notes = (note, until_words(shapes, ask), *shapes.notes)
    return TitledTable("Schema of the events", Table(columns, rows), "; ".join(part for part in notes if part))


def event_row(event: str, shapes: Table) -> tuple[Value, ...]:
    """An event's counts; an event that the plan does not have is unknown altogether."""
    own = [(row, violations(event, str(row[2] or "{}"))) for row in shapes.rows if row[0] == event]
    counts = [
        sum(known_number(row[3]) or 0.0 for row, found in own if any(kind_of(each) == kind for each in found)) for kind in KINDS
    ]
    broken = [(row, found) for row, found in own if found]
    versions = sorted({str(row[1] or "none") for row, _ in broken})
    worst = max(broken, key=lambda each: known_number(each[0][3]) or 0.0, default=None)
    example = f"{said(worst[1][0])}, as in {worst[0][4]}" if worst else "–"
    return (event, sum(known_number(row[3]) or 0.0 for row, _ in own), *counts, listed(versions) or "–", example)


def kind_of(violation: Violation) -> str:
    return "unknown" if violation.kind == "unknown event" else violation.kind


def said(violation: Violation) -> str:
    """A violation in words; never a value, only names and types."""
    match violation.kind:
        case "missing":
            return f"{violation.field} is missing"
        case "wrong type":
            return f"{violation.field} is {violation.found} and not {violation.expected}"
        case "unknown":
            return f"{violation.field} is not in the plan"
        case "unknown event":
            return "the event is not in the plan"


def broken_events(shapes: Table) -> float:
    """How many events break the plan."""
    return sum(known_number(row[3]) or 0.0 for row in shapes.rows if violations(str(row[0]), str(row[2] or "{}")))


# --- the section ----------------------------------------------------------------------------------------------------


def headline(data: Data, ask: Ask) -> str:
    """The share of closed sessions that completed, how many are still open, and what does not fit."""
    cohorts = data.table("cohorts")
    share, opened = closed_share_pct(cohorts, "completed"), open_share_pct(cohorts)
    if share is None:
        known = f"No session that started in this range is closed yet ({count(total(cohorts, 'started'))} started)"
        first = known if cohorts else f"The funnel is unknown: {data.why('cohorts').removeprefix('no data: ')}"
    else:
        than = share_change(data, ask)
        first = f"{percent(share)} of the sessions that are closed completed ({ask.window.words}){f', {than}' if than else ''}"
    parts = (
        first,
        f"{percent(opened)} of {count(total(cohorts, 'started'))} are still open" if opened else "",
        until_words(cohorts, ask),
        schema_words(data.table("shapes")),
        parted(data, ask),
    )
    return "; ".join(part for part in parts if part) + "."


def schema_words(shapes: Table) -> str:
    broken = broken_events(shapes)
    return (
        f"{count(broken)} event{'' if broken == 1 else 's'} break{'s' if broken == 1 else ''} the tracking plan" if broken else ""
    )


SECTION = Section(
    name="funnel",
    title="Funnel",
    owner="Product Analytics",
    panels=(
        Panel("funnel", {"cohorts": COHORTS}, draw_cohorts),
        Panel("funnel in numbers", {"cohorts": COHORTS}, draw_steps),
        Panel("schema", {"shapes": SHAPES}, draw_schema),
        Panel("agreement of the sources", agreement_queries(), agreement),
    ),
    headline=headline,
    brief=Brief(("cohorts",), draw_cohorts),
)
