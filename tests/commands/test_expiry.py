"""Payment window: counts, overrides with person and reason, and the goal with its error budget."""

from __future__ import annotations

import pytest

from charts.data import Column, Table
from charts.spec import Gauge
from commands.expiry import (
    SECTION,
    budget_words,
    draw_changes,
    draw_expired,
    draw_marks,
    draw_overrides,
    draw_slo,
    draw_table,
    headline,
)
from commands.panel import Data
from tests.fakes import NOW, ask, minutes

END = NOW.timestamp()


def closed(many: float | None, lost: float | None, until: float | None = END - 600) -> Table:
    return Table((Column("closed"), Column("without_retry")), ((many, lost),), until)


def budget(many: float, lost: float, days: float = 30) -> Table:
    columns = (Column("closed"), Column("since"), Column("without_retry"))
    return Table(columns, ((many, END - days * 86_400, lost),))


def overrides(*rows: tuple[float, str, str]) -> Table:
    """Seconds before NOW, the message, the tags."""
    columns = tuple(Column(name) for name in ("time", "title", "message", "tags"))
    return Table(columns, tuple((END - ago, "Override", message, tags) for ago, message, tags in rows))


def test_expired_sessions_are_counted() -> None:
    """With the hour that had most where the range has several."""
    chart = draw_expired(Data({"expired": minutes("e", [*60 * [0.0], *6 * [*9 * [0.0], 1.0]])}), ask(2))
    assert chart.number == "6"
    assert chart.change == "most 6 from 13:00 to 14:00"
    assert chart.state == "good"


def test_more_than_ten_an_hour_is_bad() -> None:
    """As the alert has it."""
    data = Data({"expired": minutes("e", 15 * [0.0, 0.0, 0.0, 1.0])})
    assert draw_expired(data, ask(1)).state == "bad"
    assert "beyond 10 an hour" in headline(data, ask(1))


def test_unknown_minutes_are_said_with_the_total() -> None:
    """A count over half an hour is no count of the hour."""
    assert draw_expired(Data({"expired": minutes("e", 30 * [1.0])}), ask(1)).number == "30 in what is known"


def test_changes_are_named_by_kind() -> None:
    """One of a kind is singular."""
    data = Data({"extended": minutes("x", 3 * [*19 * [0.0], 1.0]), "overridden": minutes("o", [*59 * [0.0], 1.0])})
    assert draw_changes(data, ask(1)).number.startswith("3 extensions, 1 override")


def test_the_goal_is_a_gauge_with_the_budget_that_is_left() -> None:
    """3 of 100 expired without a retry; of 5 % in 30 days 40 % are used."""
    chart = draw_slo(Data({"slo": closed(100, 3), "budget": budget(1000, 20)}), ask(1))
    assert isinstance(chart.layers[0], Gauge)
    assert (chart.number, chart.state, chart.note) == ("3\u00a0%", "good", "complete until 13:50")
    assert chart.change == "60\u00a0% of the budget of 30 days left"


@pytest.mark.parametrize(("lost", "state"), [(4.99, "good"), (5.0, "bad"), (5.01, "bad")])
def test_the_goal_is_less_than_five(lost: float, state: str) -> None:
    """Five is not less than five."""
    assert draw_slo(Data({"slo": closed(100, lost)}), ask(1)).state == state


def test_a_used_up_budget_is_said() -> None:
    """Not as a negative number."""
    assert budget_words(Data({"budget": budget(1000, 60)}), ask(1)) == "the budget of 30 days is used up"


def test_an_archive_that_is_young_says_so() -> None:
    """Nine days are no thirty."""
    assert "of the 9 days there are left" in budget_words(Data({"budget": budget(1000, 20, days=9)}), ask(1))


def test_nothing_closed_is_no_share() -> None:
    """Neither 0 % nor a breach."""
    chart = draw_slo(Data({"slo": closed(0, 0, END)}), ask(1))
    assert (chart.number, chart.state, chart.drawable()) == ("", "plain", False)
    assert chart.missing == "no session was closed in this range"


def test_an_archive_that_lags_does_not_say_that_nothing_was_closed() -> None:
    """It does not know the end of the range yet."""
    assert draw_slo(Data({"slo": closed(0, 0)}), ask(1)).missing == "none known yet: the archive is complete until 13:50"


def test_an_archive_that_is_gone_is_said() -> None:
    """In the panel's place and in the headline."""
    data = Data({"expired": minutes("e", 60 * [0.0])}, faults={"slo": "Segment archive has no files for this range"})
    assert draw_slo(data, ask(1)).missing == "no data: Segment archive has no files for this range"
    assert "expired without retry is unknown: Segment archive has no files" in headline(data, ask(1))
    assert draw_table(data, ask(1)).table.rows == ()


def test_overrides_carry_person_and_reason() -> None:
    """Newest first for those who review; in the picture as marks, oldest first."""
    data = Data(
        {"overrides": overrides((1200, "card\nwas  lost", "env:prod, user:mira"), (600, "", "env:prod"), (9000, "old", ""))}
    )
    assert draw_overrides(data, ask(1)).table.rows == (("13:50", "somebody", "Override"), ("13:40", "mira", "card was lost"))
    assert [mark.text for mark in draw_marks(data, ask(1))] == ["mira: card was lost", "somebody: Override"]


def test_the_headline_says_how_the_goal_stands() -> None:
    """With how far the archive reaches."""
    data = Data({"expired": minutes("e", [*59 * [0.0], 1.0]), "slo": closed(100, 7)})
    assert headline(data, ask(1)).replace("\u00a0", " ") == (
        "1 session expired (last 1 h); 7 % expired without a retry, beyond the goal of < 5 % (complete until 13:50)."
    )


def test_comparisons_are_in_points_and_per_cent() -> None:
    """Shares in points, counts in per cent."""
    before = NOW.replace(day=21)
    data = Data(
        {"expired": minutes("e", 60 * [0.5]), "slo": closed(100, 3)},
        {"expired": minutes("e", 15 * [0.0, 0.0, 0.0, 1.0], before), "slo": closed(100, 4)},
    )
    assert draw_expired(data, ask(1, 1)).change.replace("\u00a0", " ") == "100 % more than last 1 h"
    assert draw_slo(data, ask(1, 1)).change.replace("\u00a0", " ") == "1.0 points below last 1 h"


def test_what_is_missing_without_the_budget_is_the_budget() -> None:
    """The share of the range itself is there; without both there is neither."""
    assert SECTION.lacking({"budget"}) == ("error budget",)
    assert SECTION.lacking({"slo", "budget"}) == ("expired without retry", "error budget", "the share in numbers")
