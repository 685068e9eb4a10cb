"""Failure reasons, ranked, compared, and which of them stands out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charts.data import Table
from commands.reasons import Failures, failures
from tests.fakes import failures_table, reasons_table

DAY_S, END = 86_400.0, 10 * 86_400.0
BEFORE = END - 2 * DAY_S


def read(rows: dict[str, tuple[int, int, int]], totals: Table | None = None) -> Failures:
    return failures(reasons_table(rows), totals or Table(), DAY_S, END)


def growth(found: Failures) -> list[str | float | None]:
    return [found.growth_pct(reason) for reason in found.reasons]


def driver(rows: dict[str, tuple[int, int, int]]) -> str:
    found = read(rows).driver()
    return found.code if found else ""


def test_reasons_are_ranked_by_their_failures_now() -> None:
    """The most frequent comes first; ties are in the order of their names."""
    found = read({"b": (5, 1, 0), "c": (9, 1, 0), "a": (5, 1, 0)})
    assert [reason.code for reason in found.reasons] == ["c", "a", "b"]


def test_a_reason_that_is_over_is_not_listed() -> None:
    """What failed only the day before is no reason of today."""
    assert read({"old": (0, 7, 0)}).reasons == ()


def test_growth_is_the_change_of_the_count() -> None:
    """Thirty after twenty is half as many again; where there was none before, no percentage is made up."""
    assert growth(read({"do_not_honor": (30, 20, 0), "issuer_not_available": (3, 0, 0)})) == [50, "new"]


def test_without_any_failure_before_nothing_is_said_of_growth() -> None:
    """An index that reaches back one day only must not read as a day without failures."""
    assert growth(read({"do_not_honor": (30, 0, 9)})) == [None]


def test_a_day_before_that_is_half_in_the_index_is_no_comparison() -> None:
    """Twelve hours of failures set against twenty-four would read as twice as many."""
    totals = failures_table((200, 100, 9), oldest=BEFORE + DAY_S / 2)
    assert growth(read({"do_not_honor": (200, 100, 9)}, totals)) == [None]


@pytest.mark.parametrize(("before", "quiet_h"), [(400, 1.9), (8, 6.0)])
def test_a_quiet_night_is_no_beginning_of_the_index(before: int, quiet_h: float) -> None:
    """Two calm hours happen to all, and six to a place with eight failures a day."""
    totals = failures_table((400, before, 9), oldest=BEFORE + quiet_h * 3600)
    assert read({"do_not_honor": (400, before, 9)}, totals).comparable


def test_shares_are_shares_of_all_failures() -> None:
    """Those count too whose reasons the log query left out."""
    rows = reasons_table({"a": (30, 10, 1)})
    more = Table(rows.columns, (*rows.rows, (None, 70, None, None, None)))
    found = failures(more, failures_table((100, 10, 1)), DAY_S, END)
    assert (found.share_pct(found.reasons[0]), found.listed_all, len(found.reasons)) == (30, False, 1)


def test_more_traffic_alone_makes_no_driver() -> None:
    """Every count doubles and no share does."""
    assert driver({"a": (200, 100, 200), "b": (200, 100, 200)}) == ""


@pytest.mark.parametrize(
    ("here", "named"),
    [
        ({"rare": 1, "usual": 1}, ""),  # one of two failures
        ({"rare": 4, "usual": 0}, ""),  # four customers
        ({"rare": 8, "usual": 12}, "rare"),
        ({"rare": 30, "usual": 970}, ""),  # risen from 10 to 30, yet no more than a thirtieth of what fails
        ({"rare": 0, "usual": 60}, ""),  # the usual one, as usual
    ],
)
def test_a_driver_stands_out_of_chance(here: dict[str, int], named: str) -> None:
    """Tiny counts, tiny shares, and what is usual are not called the reason of a breach."""
    before = {"rare": 10, "usual": 990}
    assert driver({code: (here[code] + 1, before[code], here[code]) for code in here}) == named


def test_without_a_day_before_the_most_frequent_leads() -> None:
    """Five failures at least: nothing is known of what is usual."""
    assert driver({"a": (9, 0, 9), "b": (30, 0, 5)}) == "a"
    assert driver({"a": (4, 0, 4)}) == ""


def test_the_last_day_can_stand_for_the_range() -> None:
    """A week's range has no counts of its own."""
    assert read({"a": (9, 3, 2)}).of_last_day().reasons[0].here == 9


@given(st.dictionaries(st.text(max_size=3), st.tuples(*[st.integers(0, 500)] * 3), max_size=8))
def test_a_driver_is_a_reason_with_more_failures_than_usual(rows: dict[str, tuple[int, int, int]]) -> None:
    """Whatever the counts, it has five failures at least, and more than its share of the day before."""
    found = read(rows)
    named = found.driver()
    assert named is None or (named.here >= 5 and (not found.comparable or named.here > found.usual(named)))


def test_no_rows_no_reasons() -> None:
    """An empty answer is an empty list."""
    assert failures(Table(), Table(), DAY_S, END) == Failures()
