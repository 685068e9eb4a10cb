"""The stand-up digest as a section that nobody asks by name: every row, what is to be reviewed, what waits, who is on call.

Numbers, states and charts come from the sections' own code. What nobody can tell is "unknown" here, never "good".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from charts.data import Column, Table, Value
from charts.spec import Chart
from commands import expiry, funnel, retries
from commands.args import Ask, Window
from commands.clock import known_zone, moved
from commands.numbers import cell, from_to, known_number, length
from commands.oncall import ON_CALL
from commands.overview import NO_DATA, draw_brief, own_chart, own_queries
from commands.panel import Data, Panel, Query, Section, TitledTable
from commands.rolling import breaches
from commands.window import step_for
from commands.words import count, figure, listed, percent, stamp

NAME: Final = "digest"
ROWS: Final = "sections"
PEOPLE: Final = "on call"
BUDGET, OVERRIDES, SCHEMA, BACKLOG, DEAD = "error budget", "overrides", "schema", "retry backlog", "dead letters"
UNKNOWN: Final = "unknown"
WEEK: Final = timedelta(days=7)
MOST_LINES: Final = 20

State = str  # "good", "bad", "plain" (has no limit) or UNKNOWN
Said = tuple[State, str, tuple[str, ...]]  # a list's state, its sentence, and its lines


def asked(start: datetime, end: datetime, zone: str, env: str) -> Ask:
    """The digest's question: from the last stand-up on, compared with the same days a whole number of weeks before."""
    tz = known_zone(zone)
    first, last = (at.replace(second=0, microsecond=0) for at in (start, end))
    weeks = max(1, -(-(last - first) // WEEK))
    earlier = moved(first, -7 * weeks, tz)
    words = "last week" if weeks == 1 else f"{weeks} weeks before"
    since = f"since {stamp(first, tz.key)}"
    window = Window(first, last, step_for(last - first), tz.key, since, f"since {first.astimezone(tz):%Y-%m-%d %H:%M}")
    return Ask(NAME, window, env, Window(earlier, earlier + (last - first), window.step, tz.key, words, words))


def digest(sections: Sequence[Section]) -> Section:
    """The digest of these sections: whoever has a brief has a row."""
    shown = tuple(section for section in sections if section.brief)
    return Section(
        name=NAME,
        title="Stand-up",
        owner="each section's own",
        panels=(
            Panel(ROWS, {}, partial(draw_rows, shown)),
            *(Panel(section.name, own_queries(section), partial(draw_brief, section)) for section in shown),
            _list(BUDGET, expiry.SECTION, ("budget",), budget, "Commerce Backend"),
            _list(OVERRIDES, expiry.SECTION, ("overrides",), overrides, "Support Ops"),
            _list(SCHEMA, funnel.SECTION, ("shapes",), schema, funnel.SECTION.owner),
            _list(BACKLOG, retries.SECTION, ("queue", "visible"), backlog, retries.SECTION.owner),
            _list(DEAD, retries.SECTION, ("queue",), dead_letters, retries.SECTION.owner),
            Panel(PEOPLE, {"on_call": ON_CALL}, draw_people),
        ),
        headline=partial(headline, shown),
    )


# --- the sections' rows ---------------------------------------------------------------------------------------------


def draw_rows(sections: Sequence[Section], data: Data, ask: Ask) -> TitledTable:
    """Section, state, number, change, owner, and where it was beyond its limit meanwhile."""
    columns = tuple(Column(name) for name in ("Section", "State", "Now", "Change", "Owner", "Meanwhile"))
    return TitledTable(ROWS, Table(columns, tuple(row(section, data, ask) for section in sections)))


def row(section: Section, data: Data, ask: Ask) -> tuple[Value, ...]:
    chart = own_chart(section, data, ask)
    number = f"{chart.title.lower()}: {chart.number}" if chart.number else NO_DATA  # why is a gap's business
    return (section.name, state(chart), number, chart.change, section.owner, meanwhile(chart, ask))


def state(chart: Chart) -> State:
    """The chart's own; a number that has a limit and no newest value is as unknown as one that never came."""
    silent = chart.state == "plain" and bool(chart.thresholds())
    return UNKNOWN if silent or not chart.drawable() else chart.state


def meanwhile(chart: Chart, ask: Ask) -> str:
    """Where its line was beyond its limit: "beyond target 97 % for 1 h 30 min, worst 91.2 % (Sat 21 Nov 14:00 to 15:30)"."""
    line = next((each.series for each in chart.lines() if each.role == "main"), None)
    limit = next(iter(chart.thresholds()), None)
    found = breaches(line, limit.value, limit.good) if line and limit else ()
    if not found or limit is None:
        return ""
    extreme = min if limit.good == "above" else max
    worst = extreme(found, key=lambda each: each.worst)
    number = percent(worst.worst, limit.value) if chart.unit == "%" else figure(worst.worst, chart.unit or "count")
    all_of_it = length(sum(each.end - each.start for each in found))
    times = "" if len(found) == 1 else f" in {len(found)} stretches"
    return f"beyond {limit.label} for {all_of_it}{times}, worst {number} ({from_to(worst.start, worst.end, ask)})"


def headline(sections: Sequence[Section], data: Data, ask: Ask) -> str:
    """What needs a look, and what nobody knows."""
    states = {section.name: state(own_chart(section, data, ask)) for section in sections}
    bad = [name for name, found in states.items() if found == "bad"]
    unknown = [name for name, found in states.items() if found == UNKNOWN]
    parts = (f"to look at: {listed(bad)}" if bad else "", f"no data for {listed(unknown)}" if unknown else "")
    return f"{'; '.join(part for part in parts if part) or 'nothing to look at'} ({ask.window.words})."


# --- the lists ------------------------------------------------------------------------------------------------------


def _list(name: str, section: Section, keys: tuple[str, ...], say: Callable[[Data, Ask], Said], owner: str) -> Panel:
    """A list of the section's own queries: its state, sentence and owner in the first row, a line in each further one."""
    queries: dict[str, Query] = {f"{section.name}.{key}": section.asked()[key] for key in keys}

    def draw(data: Data, ask: Ask) -> TitledTable:
        found, said, lines = say(data.part(section.name), ask)
        rows = ((found, said, owner), *(("", line, "") for line in lines[:MOST_LINES]))
        return TitledTable(name, Table(tuple(Column(title) for title in ("State", "Says", "Owner")), rows))

    return Panel(name, queries, draw)


def _unknown(data: Data, key: str) -> Said:
    return UNKNOWN, data.why(key), ()


def budget(data: Data, ask: Ask) -> Said:
    """What is left of the budget of sessions that may expire without a retry."""
    left = expiry.budget_left_pct(data)
    if left is None:
        return _unknown(data, "budget")
    return "good" if left > 0 else "bad", expiry.budget_words(data, ask), ()


def overrides(data: Data, ask: Ask) -> Said:
    """Every override of the window with who and why, newest first."""
    if "overrides" not in data.found:
        return _unknown(data, "overrides")
    rows = expiry.draw_overrides(data, ask).table.rows
    lines = tuple(f"{at} {who}: {why}" for at, who, why in rows)
    return ("bad", f"{_many(len(lines), 'override')} to review", lines) if lines else ("good", "no override to review", ())


def schema(data: Data, ask: Ask) -> Said:
    """What breaks the tracking plan, event by event; where no event came at all nobody can tell."""
    shapes = data.table("shapes")
    if not shapes.rows:
        return _unknown(data, "shapes")
    lines = tuple(_violations(funnel.draw_schema(data, ask).table))
    return ("bad", funnel.schema_words(shapes), lines) if lines else ("good", "every event keeps to the tracking plan", ())


def _violations(table: Table) -> Iterator[str]:
    for event, _, *counts, versions, example in table.rows:
        kinds = [f"{count(many)} {kind}" for kind, each in zip(funnel.KINDS, counts, strict=True) if (many := known_number(each))]
        if kinds:
            yield f"{event}: {listed(kinds)} (app {versions}); {str(example).partition(', as in ')[0]}"


def backlog(data: Data, ask: Ask) -> Said:
    """What waits in the retry queue, and how long it takes to drain; it has no limit of its own."""
    if cell(data.table("queue"), "Visible") is None:
        return _unknown(data, "queue")
    return "plain", retries.waiting(data), ()


def dead_letters(data: Data, ask: Ask) -> Said:
    """What the retry queue gave up on."""
    many = cell(data.table("queue"), "Visible", 1)
    if many is None:
        return _unknown(data, "queue")
    return ("bad", f"{_many(many, 'dead letter')} of the retry queue", ()) if many else ("good", "no dead letter", ())


def _many(number: float, what: str) -> str:
    return f"{count(number)} {what}{'' if number == 1 else 's'}"


def draw_people(data: Data, ask: Ask) -> TitledTable:
    """Who is on call, level by level, and until when."""
    return TitledTable(PEOPLE, data.table("on_call"))
