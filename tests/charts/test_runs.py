from __future__ import annotations

import pytest
from hypothesis import given

from charts.data import Series
from charts.runs import breaches, gaps, runs
from tests.charts.pictures import START, series
from tests.charts.strategies import any_series


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((), ()),
        ((None, None), ()),
        ((1, 2, 3), ((0, 3),)),
        ((None, 1, None, 2, 3, None), ((1, 2), (3, 5))),
        ((1, None), ((0, 1),)),
    ],
)
def test_a_missing_value_ends_a_run(values: tuple[float | None, ...], expected: tuple[tuple[int, int], ...]) -> None:
    """None breaks a line wherever it stands."""
    assert runs(series(*values)) == expected


@pytest.mark.parametrize(("hole", "expected"), [(89, ((0, 4),)), (91, ((0, 2), (2, 4)))])
def test_a_hole_in_the_times_ends_a_run(hole: float, expected: tuple[tuple[int, int], ...]) -> None:
    """A hole wider than one and a half steps is missing data; less is jitter."""
    times = (0.0, 60.0, 60.0 + hole, 120.0 + hole)
    assert runs(Series("s", times, (1, 1, 1, 1), step_s=60)) == expected


def test_a_step_that_is_not_told_is_seen_from_the_times() -> None:
    """Without a step, the usual distance of the points says what a hole is."""
    assert runs(Series("s", (0, 10, 20, 90, 100), (1,) * 5)) == ((0, 3), (3, 5))


def test_a_gap_lasts_from_the_end_of_a_bucket_to_the_next_value() -> None:
    """A gap says from when to when nothing is known."""
    assert gaps(series(1, None, None, 2)) == ((START + 60, START + 180),)


@given(any_series())
def test_runs_hold_every_known_value_once(found: Series) -> None:
    """No value is lost in splitting, and none is made up."""
    kept = [found.values[index] for first, past in runs(found) for index in range(first, past)]
    assert kept == [value for value in found.values if value is not None]


def test_a_breach_is_cut_where_the_line_crosses_the_limit() -> None:
    """The shade meets the line between the buckets; the times that are told are those of the buckets."""
    (breach,) = breaches(series(98, 96, 98), 97, "above")
    assert (breach.start, breach.end) == (START + 60, START + 120)
    assert breach.points == ((START + 30, 97), (START + 60, 96), (START + 90, 97))


def test_a_breach_that_has_not_ended_is_lasting() -> None:
    """What is still on the bad side at the end lasts to the end of its bucket."""
    (breach,) = breaches(series(98, 96), 97, "above")
    assert breach.lasting
    assert breach.end == START + 120


def test_a_gap_ends_a_breach() -> None:
    """Nothing is said to be bad where nothing is known."""
    first, second = breaches(series(96, None, 96, 98), 97, "above")
    assert (first.end, second.start) == (START + 60, START + 120)
    assert not first.lasting


@pytest.mark.parametrize(("good", "count"), [("above", 0), ("below", 0)])
def test_a_value_equal_to_the_limit_is_good(good: str, count: int) -> None:
    """Below 97 % means below, not at."""
    assert len(breaches(series(97, 97), 97, "above" if good == "above" else "below")) == count


def test_above_is_bad_where_below_is_good() -> None:
    """A latency limit is breached upwards."""
    (breach,) = breaches(series(1900, 2100, 1900), 2000, "below")
    assert breach.start == START + 60
