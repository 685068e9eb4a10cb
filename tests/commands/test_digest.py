"""The digest's numbers: the sections' own, over the time since the last stand-up, against the same weekdays before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.answer import Analyst, calls_for
from bot.config import Answers
from bot.observe import Metrics
from charts.data import Column, Table
from commands import SECTIONS, digest
from commands.args import BadInput, Digest, parse
from commands.overview import row as overview_row
from commands.panel import Data, TitledTable
from tests.commands.asking import at, hears
from tests.fakes import NOW, DeadSource, FakeRenderer, FakeSource, ask, events_table, minutes

BERLIN = "Europe/Berlin"
SECTION = digest.digest(tuple(SECTIONS.values()))
ASK = replace(ask(1, 7), section="digest")
QUEUE = tuple(Column(name) for name in ("Queue", "Kind", "Visible", "In flight", "Delayed"))
SHAPES = tuple(Column(name) for name in ("event", "app_version", "shape", "events", "example"))


def table(name: str, data: Data) -> Table:
    (found,) = [panel.draw(data, ASK) for panel in SECTION.panels if panel.name == name]
    assert isinstance(found, TitledTable)
    return found.table


def row(name: str, data: Data) -> tuple[object, ...]:
    return next(each for each in table(digest.ROWS, data).rows if each[0] == name)


def state(name: str, data: Data) -> object:
    return table(name, data).rows[0][0]


# --- the range ------------------------------------------------------------------------------------------------------


def test_mondays_digest_covers_the_weekend_against_the_one_before() -> None:
    """Seven days earlier, by the same clocks."""
    wanted = digest.asked(at("2026-11-20 08:15"), at("2026-11-23 08:15"), BERLIN, "prod")
    assert (wanted.window.start, wanted.window.end) == (at("2026-11-20 08:15"), at("2026-11-23 08:15"))
    assert wanted.against
    assert (wanted.against.start, wanted.against.words) == (at("2026-11-13 08:15"), "last week")
    assert wanted.window.words == "since Fri 20 Nov 09:15"


def test_the_compared_range_has_the_same_clock_times_when_clocks_have_changed() -> None:
    """Berlin set them back on 25 October 2026: 09:15 was 07:15 UTC before."""
    wanted = digest.asked(at("2026-10-26 08:15"), at("2026-10-27 08:15"), BERLIN, "prod")
    assert wanted.against
    assert wanted.against.start == at("2026-10-19 07:15")
    assert wanted.against.start.astimezone(ZoneInfo(BERLIN)).hour == 9


@pytest.mark.parametrize(("days", "weeks"), [(1, 1), (3, 1), (7, 1), (8, 2), (14, 2)])
def test_after_holidays_the_compared_range_lies_before_the_whole_one(days: int, weeks: int) -> None:
    """A whole number of weeks before, so that weekdays meet weekdays; the buckets are few enough to be drawn."""
    end = at("2026-11-23 08:15")
    wanted = digest.asked(end - timedelta(days=days), end, BERLIN, "prod")
    assert wanted.against
    assert wanted.window.start - wanted.against.start == timedelta(weeks=weeks)
    assert wanted.against.end <= wanted.window.start
    assert wanted.window.length / wanted.window.step <= 700


# --- rows -----------------------------------------------------------------------------------------------------------


def test_a_row_is_the_overviews_row() -> None:
    """The same number, change and owner, from the same code."""
    data = Data({"checkout.rate": minutes("rate", 60 * [96.1])})
    _, _, number, change, owner = overview_row(SECTIONS["checkout"], data, ASK)
    assert row("checkout", data)[:5] == ("checkout", "bad", number, change, owner)


def test_what_nobody_can_tell_is_unknown_and_never_good() -> None:
    """No answer at all, and a line that has stopped."""
    stopped = minutes("rate", [99.0] * 20 + [None] * 40)
    assert row("checkout", Data())[1:3] == ("unknown", "no data")
    assert row("checkout", Data({"checkout.rate": stopped}))[1] == "unknown"
    assert [each[1] for each in table(digest.ROWS, Data()).rows] == ["unknown"] * 6
    assert {state(name, Data()) for name in ("error budget", "overrides", "schema", "retry backlog", "dead letters")} == {
        "unknown"
    }


def test_a_breach_that_is_over_is_told() -> None:
    """The state is now's; the night's is not lost."""
    data = Data({"checkout.rate": minutes("rate", [99.0] * 20 + [90.0] * 20 + [99.0] * 40)})
    found = row("checkout", data)
    assert found[1] == "good"
    assert str(found[5]).replace("\u00a0", " ").startswith("beyond target 97 % for ")


# --- lists ----------------------------------------------------------------------------------------------------------


def test_overrides_are_to_be_reviewed_and_none_is_well() -> None:
    """Those of the range, newest first."""
    end = NOW.timestamp()
    some = Data({"window.overrides": events_table({end - 600: "bank was down", end - 60: "group booking", end - 7_200: "old"})})
    rows = table("overrides", some).rows
    assert (rows[0][0], rows[0][1], rows[0][2]) == ("bad", "2 overrides to review", "Support Ops")
    assert [str(each[1]).split(": ")[1] for each in rows[1:]] == ["group booking", "bank was down"]
    assert state("overrides", Data({"window.overrides": events_table({})})) == "good"


@pytest.mark.parametrize(("letters", "wanted"), [(0.0, "good"), (2.0, "bad"), (None, "unknown")])
def test_dead_letters_are_counted(letters: float | None, wanted: str) -> None:
    """No answer is not none."""
    queue = Table(QUEUE, (("q", "queue", 5.0, 1.0, 0.0), ("q-dead", "dead letters", letters, 0.0, 0.0)))
    assert state("dead letters", Data({"retries.queue": queue})) == wanted


def test_events_that_break_the_plan_are_named_by_event() -> None:
    """And where no event came at all, nobody can tell."""
    shapes = Table(SHAPES, (("payments.unheard", "4.2.0", "{}", 7.0, "m1"),))
    rows = table("schema", Data({"funnel.shapes": shapes})).rows
    assert rows[0][:2] == ("bad", "7 events break the tracking plan")
    assert rows[1][1] == "payments.unheard: 7 unknown (app 4.2.0); the event is not in the plan"
    assert state("schema", Data({"funnel.shapes": Table(SHAPES)})) == "unknown"


@pytest.mark.parametrize(("lost", "wanted"), [(10.0, "good"), (80.0, "bad")])
def test_the_error_budget_is_the_payment_windows(lost: float, wanted: str) -> None:
    """Used up is not well."""
    columns = tuple(Column(name) for name in ("closed", "since", "without_retry"))
    data = Data({"window.budget": Table(columns, ((1_000.0, NOW.timestamp() - 2_592_000, lost),))})
    assert state("error budget", data) == wanted


# --- asking ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["digest", "Digest", "standup", "stand-up", "stand-up digest"])
def test_the_digest_can_be_asked_for(text: str) -> None:
    """In the words that people have for it."""
    assert hears(text) == Digest()


def test_no_answer_has_the_digests_name() -> None:
    """It is not a section that takes ranges."""
    assert "digest" not in SECTIONS
    with pytest.raises(BadInput):
        parse("digest 6h", now=NOW, zone="UTC", env="prod", sections=tuple(SECTIONS), default_section="overview")


def test_each_source_is_asked_once_and_once_for_the_compared_range() -> None:
    """However many sections need it."""
    calls = calls_for(SECTION, ASK)
    assert len({(call.source, call.compared) for call in calls}) == len(calls)


@pytest.mark.parametrize("make", [FakeSource, DeadSource])
def test_the_analyst_runs_a_section_that_nobody_can_ask_by_name(make: Callable[[str], FakeSource]) -> None:
    """Sources that fail are gaps, and every list still has its row."""
    names = {call.source for call in calls_for(SECTION, ASK)}
    analyst = Analyst({name: make(name) for name in names}, FakeRenderer(), Answers(), Metrics())
    try:
        answer = analyst.answer(ASK, SECTION)
    finally:
        analyst.stop()
    assert {found.title for found in answer.tables} >= {"sections", "overrides", "dead letters"}
    assert bool(answer.gaps) is (make is DeadSource)
