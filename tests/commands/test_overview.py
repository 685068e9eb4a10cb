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
    assert [panel.name for panel in OVERVIEW.panels] == ["sections", *names, "open alerts", "on call"]
    assert list(rows(Data())) == [*names, "alerts"]
    assert next(iter(SECTIONS)) == "overview"


def test_a_row_says_what_the_section_says() -> None:
    """The same number, from the same code."""
    found = rows(Data({"checkout.rate": minutes("rate", 60 * [96.1])}))
    assert found["checkout"][:2] == ("⚠\u00a0look", "success rate: 96.1\u00a0%")
    assert found["checkout"][3] == "Commerce Backend"


def test_a_section_without_data_says_why() -> None:
    """It is neither well nor breached."""
    found = rows(Data(faults={"funnel.cohorts": "Segment archive has no files for this range"}))
    assert found["funnel"][:2] == ("no data", "no data: Segment archive has no files for this range")


def test_the_headline_begins_with_what_is_wrong() -> None:
    """Then what is well, what nobody knows, and who is on call."""
    data = Data({"checkout.rate": minutes("rate", 60 * [96.1]), "window.expired": minutes("e", 60 * [0.0]), "on_call": PEOPLE})
    assert OVERVIEW.headline(data, ASK) == (
        "Checkout needs a look (checkout 96.1\u00a0%); open alerts are unknown; 1 section is well; "
        "no data for retries, receipts, funnel and pipeline; on call: Mira Holm (last 1 h)."
    )


OPEN = Table(
    tuple(Column(name) for name in ("Alert", "Severity", "State", "Since", "Handled by")),
    (
        ("Checkout success rate (prod)", "critical", "firing, acknowledged", END - 720, "Mira Holm"),
        ("Retry failures (prod)", "warning", "firing", END - 86_400, ""),
    ),
)


def table(data: Data) -> list[tuple[object, ...]]:
    (found,) = [panel.draw(data, ASK) for panel in OVERVIEW.panels if panel.name == "open alerts"]
    return list(found.table.rows)  # type: ignore[union-attr]


def test_open_alerts_are_counted_and_listed() -> None:
    """In the sentence, in a row of the sections' table, and each in a table of its own with who has it."""
    data = Data({"alerts": OPEN})
    assert OVERVIEW.headline(data, ASK).startswith("2 alerts open; no data for ")
    assert rows(data)["alerts"][:3] == (
        "⚠\u00a0look",
        "2 open: 1 critical and 1 warning; nobody has 1 of them",
        "oldest since Sat 21 Nov 14:00",
    )
    assert table(data)[0] == ("Checkout success rate (prod)", "critical", "firing, acknowledged", "13:48", "Mira Holm")
    assert table(data)[1][3:] == ("Sat 21 Nov 14:00", "nobody")


def test_that_no_alert_is_open_is_said_only_where_it_is_known() -> None:
    """An alert system that does not run, or whose store is away, is a gap with its reason: never "none"."""
    assert OVERVIEW.headline(Data({"alerts": Table(OPEN.columns)}), ASK).startswith("No alert is open; ")
    assert rows(Data({"alerts": Table(OPEN.columns)}))["alerts"][:2] == ("✓\u00a0well", "none open")
    assert [row[0] for row in table(Data({"alerts": Table(OPEN.columns)}))] == ["none"]
    assert table(Data()) == []
    away = Data(faults={"alerts": "The alert system cannot read its store now: is locked"})
    assert OVERVIEW.headline(away, ASK).startswith("Open alerts are unknown; ")
    assert rows(away)["alerts"][:2] == ("no data", "no data: The alert system cannot read its store now: is locked")


def test_who_has_taken_them_is_said() -> None:
    """One that is taken needs nobody else."""
    taken, free = OPEN.rows
    said = {len(each): rows(Data({"alerts": Table(OPEN.columns, each)}))["alerts"][1] for each in ((free,), (free, free))}
    assert said == {1: "1 open: 1 warning; nobody has it", 2: "2 open: 2 warning; nobody has them"}
    assert rows(Data({"alerts": Table(OPEN.columns, (taken,))}))["alerts"][1] == "1 open: 1 critical"


def test_a_section_without_a_limit_is_not_called_well() -> None:
    """Most retries may fail, and no rule of the section says how many are too many."""
    columns = tuple(Column(name) for name in ("key", "count", "all 1", "all 2", "all 3", "ok 1", "ok 2", "ok 3"))
    failing = Data(
        {"retries.outcomes": Table(columns, ((END - 600, 40, 40, 0, 0, 1, 0, 0),)), "retries.rate": minutes("r", 60 * [2.0])}
    )
    assert rows(failing)["retries"][0] == "–"
    assert "well" not in OVERVIEW.headline(failing, ASK)


def test_very_many_open_alerts_are_counted_and_the_first_ones_listed() -> None:
    """The rest is one command away."""
    many = Data({"alerts": Table(OPEN.columns, OPEN.rows[:1] * 50)})
    (found,) = [panel.draw(many, ASK) for panel in OVERVIEW.panels if panel.name == "open alerts"]
    assert len(table(many)) == 20
    assert found.note == "30 more: `/pay alerts`"
    assert "50 alerts open" in OVERVIEW.headline(many, ASK)


def test_without_an_alert_system_there_is_a_gap() -> None:
    """What the overview says on the command line."""
    analyst = Analyst({}, FakeRenderer(), Answers(), Metrics())
    answer = analyst.answer(ASK)
    analyst.stop()
    assert ("The alert system", "is not configured", ("open alerts",)) in [(g.source, g.said, g.missing) for g in answer.gaps]


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
