"""Overview: one row and one small panel for each section, from the sections' own code; what is open, and who is on call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from charts.data import Column, Table, Value
from charts.spec import Chart
from commands.args import Ask
from commands.oncall import ON_CALL, on_call_words
from commands.open_alerts import KEY, OPEN_ALERTS, draw_open, is_known, oldest_words, open_words, taken_words
from commands.panel import Data, Panel, Query, Section, TitledTable
from commands.words import NBSP, listed

STATES: Mapping[str, str] = {"good": f"✓{NBSP}well", "bad": f"⚠{NBSP}look", "plain": "–"}
NO_DATA = "no data"


def overview(sections: Sequence[Section]) -> Section:
    """The overview of these sections: whoever has a brief is in it."""
    shown = tuple(section for section in sections if section.brief)
    return Section(
        name="overview",
        title="Overview",
        owner="each section's own",
        panels=(
            Panel("sections", {}, partial(draw_rows, shown)),
            *(Panel(section.name, own_queries(section), partial(draw_brief, section)) for section in shown),
            Panel("open alerts", {KEY: OPEN_ALERTS}, draw_open),
            Panel("on call", {"on_call": ON_CALL}, draw_on_call),
        ),
        headline=partial(headline, shown),
    )


def own_queries(section: Section) -> Mapping[str, Query]:
    """The queries of a section's brief, by keys that no other section has."""
    asked = section.asked()
    return {f"{section.name}.{key}": asked[key] for key in (section.brief.queries if section.brief else ())}


def draw_brief(section: Section, data: Data, ask: Ask) -> Chart:
    """The section's own chart under the section's name, with what the number is."""
    if section.brief is None:
        return Chart(section.name)
    chart = section.brief.draw(data.part(section.name), ask)
    return replace(chart, title=section.name.capitalize(), change=chart.change or chart.title.lower())


def draw_rows(sections: Sequence[Section], data: Data, ask: Ask) -> TitledTable:
    """Section, state, number, change and owner, and a row for what is open; what has no data says so."""
    columns = (Column("Section"), Column("State"), Column("Now"), Column("Change"), Column("Owner"))
    rows = (*(row(section, data, ask) for section in sections), alerts_row(data, ask))
    return TitledTable("Sections", Table(columns, rows))


def row(section: Section, data: Data, ask: Ask) -> tuple[Value, ...]:
    chart = own_chart(section, data, ask)
    number = f"{chart.title.lower()}: {chart.number}" if chart.number else chart.missing
    return (section.name, state(chart), number, chart.change or "–", section.owner)


def alerts_row(data: Data, ask: Ask) -> tuple[Value, ...]:
    """How many alerts are open and since when; where nobody can say it is no data, never "none"."""
    found = data.table(KEY)
    if not is_known(data):
        return (KEY, NO_DATA, data.why(KEY), "–", "–")
    return (KEY, STATES["bad" if found.rows else "good"], taken_words(found), oldest_words(found, ask) or "–", "each alert's own")


def own_chart(section: Section, data: Data, ask: Ask) -> Chart:
    return section.brief.draw(data.part(section.name), ask) if section.brief else Chart(section.name)


def state(chart: Chart) -> str:
    return STATES[chart.state] if chart.drawable() else NO_DATA


def draw_on_call(data: Data, ask: Ask) -> TitledTable:
    """Who is on call, level by level."""
    found = data.table("on_call")
    return TitledTable("On call", Table(found.columns[:2], tuple(each[:2] for each in found.rows)))


def headline(sections: Sequence[Section], data: Data, ask: Ask) -> str:
    """What needs a look first, then the open alerts, what is well, what nobody knows, and who is on call."""
    charts = {section.name: own_chart(section, data, ask) for section in sections}
    bad = [name for name, chart in charts.items() if state(chart) == STATES["bad"]]
    unknown = [name for name, chart in charts.items() if state(chart) == NO_DATA]
    well = sum(state(chart) == STATES["good"] for chart in charts.values())  # what has no limit is neither well nor bad
    first = f"{listed(bad).capitalize()} need{'s' if len(bad) == 1 else ''} a look" if bad else ""
    numbers = ", ".join(f"{name} {charts[name].number}" for name in bad)
    rest = f"no data for {listed(unknown)}" if unknown else ""
    calm = f"{'all' if well == len(charts) else well} {'sections are' if well != 1 else 'section is'} well" if well else ""
    parts = (f"{first} ({numbers})" if first else "", open_words(data), calm, rest, on_call_words(data.table("on_call")))
    said = "; ".join(part for part in parts if part)
    return f"{said[:1].upper()}{said[1:]} ({ask.window.words})."
