"""Overview: a row for each section from the section's own code, what is wrong first, and each source asked once."""

from __future__ import annotations

from dataclasses import replace

from bot.answer import Analyst, calls_for
from bot.config import Answers
from bot.observe import Metrics
from charts.data import Column, Table
from commands import SECTIONS
from commands.oncall import on_call_lines, on_call_words
from commands.panel import Data
from tests.fakes import NOW, FakeRenderer, FakeSource, ask, minutes

OVERVIEW = SECTIONS["overview"]
ASK = replace(ask(1), section="overview")
END = NOW.timestamp()
PEOPLE = Table(
    tuple(Column(name) for name in ("Level", "Person", "Until", "Schedule")),
    ((1.0, "Mira Holm", END + 3600, "Payments"), (2.0, "Bo Lind", None, "")),
)


def rows(data: Data) -> dict[object, tuple[object, ...]]:
    (table, *_) = [panel.draw(data, ASK) for panel in OVERVIEW.panels if panel.name == "sections"]
    return {row[0]: row[1:] for row in table.table.rows}  # type: ignore[union-attr]


def test_every_section_with_a_brief_has_a_row_and_a_panel() -> None:
    """A line in the register is enough."""
    names = [name for name in SECTIONS if name != "overview"]
    assert [panel.name for panel in OVERVIEW.panels] == ["sections", *names, "on call"]
    assert list(rows(Data())) == names
    assert next(iter(SECTIONS)) == "overview"


def test_a_row_says_what_the_section_says() -> None:
    """The same number, from the same code."""
    found = rows(Data({"checkout.rate": minutes("rate", 60 * [96.1])}))
    assert found["checkout"][:2] == ("⚠ look", "success rate: 96.1\u00a0%")
    assert found["checkout"][3] == "Commerce Backend"


def test_a_section_without_data_says_why() -> None:
    """It is neither well nor breached."""
    found = rows(Data(faults={"funnel.cohorts": "Segment archive has no files for this range"}))
    assert found["funnel"][:2] == ("no data", "no data: Segment archive has no files for this range")


def test_the_headline_begins_with_what_is_wrong() -> None:
    """Then what is well, what nobody knows, and who is on call."""
    data = Data({"checkout.rate": minutes("rate", 60 * [96.1]), "window.expired": minutes("e", 60 * [0.0]), "on_call": PEOPLE})
    assert OVERVIEW.headline(data, ASK) == (
        "Checkout needs a look (checkout 96.1\u00a0%); 1 section is well; no data for retries, receipts, funnel and pipeline; "
        "on call: Mira Holm (last 1 h)."
    )


def test_nobody_on_call_is_said() -> None:
    """It is not the same as not knowing."""
    assert on_call_words(Table(PEOPLE.columns)) == "nobody is on call"
    assert on_call_words(Table()) == ""


def test_each_source_is_asked_once() -> None:
    """Whatever many sections need it; equal questions travel once."""
    calls = calls_for(OVERVIEW, ASK)
    assert len({call.source for call in calls}) == len(calls)
    names = sorted({call.source for call in calls})
    sources = {name: FakeSource(name) for name in names}
    analyst = Analyst(sources, FakeRenderer(), Answers(), Metrics())
    analyst.answer(ASK)
    analyst.stop()
    assert {name: len(source.asked) for name, source in sources.items()} == dict.fromkeys(names, 1)


def test_who_is_on_call_is_listed_with_the_end_in_the_askers_zone() -> None:
    """And somebody who is always on call so."""
    said = on_call_lines(PEOPLE, "Payments Checkout", "Europe/Berlin").splitlines()
    assert said == [
        "On call for Payments Checkout:",
        "• Level 1: Mira Holm, until Sun 22 Nov 16:00 (Payments)",
        "• Level 2: Bo Lind, always",
    ]
    assert on_call_lines(Table(PEOPLE.columns), "Payments Checkout", "UTC").startswith(
        "⚠ Nobody is on call for Payments Checkout"
    )
