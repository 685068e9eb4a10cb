"""Failure reasons, ranked and compared."""

from __future__ import annotations

from charts.data import Table
from commands.reasons import ranked
from tests.fakes import reasons_table


def test_reasons_are_ranked_by_their_failures_now() -> None:
    """The most frequent comes first; ties are in the order of their names."""
    found = ranked(reasons_table({"b": (5, 1, 0), "c": (9, 1, 0), "a": (5, 1, 0)}))
    assert [reason.code for reason in found] == ["c", "a", "b"]


def test_a_reason_that_is_over_is_not_listed() -> None:
    """What failed only the day before is no reason of today."""
    assert ranked(reasons_table({"old": (0, 7, 0)})) == ()


def test_growth_is_the_change_of_the_count() -> None:
    """Thirty after twenty is half as many again."""
    assert ranked(reasons_table({"do_not_honor": (30, 20, 0)}))[0].growth_pct() == 50


def test_a_reason_without_failures_before_is_new() -> None:
    """No percentage of nothing is made up."""
    found = ranked(reasons_table({"issuer_not_available": (30, 0, 0), "expired_card": (3, 3, 0)}))
    assert found[0].growth_pct() == "new"


def test_without_any_failure_before_nothing_is_said_of_growth() -> None:
    """An index that reaches back one day only must not read as a day without failures."""
    assert ranked(reasons_table({"do_not_honor": (30, 0, 9)}))[0].growth_pct() is None


def test_the_rise_is_a_rise_of_shares() -> None:
    """More traffic alone raises every count and no share."""
    found = ranked(reasons_table({"a": (20, 10, 20), "b": (20, 10, 20)}))
    assert [reason.rise(found) for reason in found] == [0, 0]


def test_no_rows_no_reasons() -> None:
    """An empty answer is an empty list."""
    assert ranked(Table()) == ()
