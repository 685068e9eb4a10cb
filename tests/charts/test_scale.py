from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charts.scale import scale

finite = st.floats(-1e90, 1e90) | st.floats(-1e3, 1e3) | st.integers(-5, 5).map(float)


@given(st.lists(finite, max_size=6), st.sampled_from(["", "count", "%", "points", "ms"]), st.integers(2, 5))
def test_any_values_fit_on_the_axis(values: list[float], unit: str, most: int) -> None:
    """Every value lies between the ends, and there are two to `most` ticks, rising."""
    axis = scale(values, unit, most)
    assert axis.low < axis.high
    unseen = 1e-6 * (axis.high - axis.low)
    assert all(axis.low - unseen <= value <= axis.high + unseen for value in values)
    assert 2 <= len(axis.ticks) <= most
    assert sorted(set(axis.ticks)) == list(axis.ticks)


def test_a_rate_near_98_is_seen_in_its_own_range() -> None:
    """97 and 98 per cent must not look alike, and nothing lies above 100."""
    axis = scale([97.2, 98.9, 97.0], "%")
    assert axis.low >= 95
    assert axis.high <= 100


@pytest.mark.parametrize(("values", "unit"), [([180, 300], "count"), ([180, 300], ""), ([1500, 2200], "ms"), ([0.4, 3], "%")])
def test_amounts_start_at_zero(values: list[float], unit: str) -> None:
    """Counts, durations and small rates are compared with nothing at all."""
    assert scale(values, unit).low == 0


def test_counts_have_whole_ticks() -> None:
    """There is no half session."""
    assert scale([0, 1], "count").ticks == (0, 1)
    assert scale([0, 2], "count").ticks == (0, 1, 2)


def test_nothing_but_zero_lies_on_the_floor() -> None:
    """A day without errors is a line at 0, below a 1."""
    assert scale([0, 0], "count").ticks == (0, 1)


def test_a_steady_rate_stands_in_the_middle() -> None:
    """A flat line has room on both sides."""
    axis = scale([98, 98], "%")
    assert axis.low < 97.5
    assert axis.high > 98.5


def test_a_full_hundred_per_cent_is_the_top() -> None:
    """A rate that is always 100 % reaches the upper edge, and no tick says more."""
    assert scale([100, 100], "%").high == 100


def test_negative_values_have_their_own_side() -> None:
    """Zero stays on the axis between losses and gains."""
    axis = scale([-40, 30], "points")
    assert axis.low <= -40
    assert 0 in axis.ticks


@pytest.mark.parametrize("value", [1.5e110, -1.5e110])
def test_values_beyond_all_reason_still_have_an_axis(value: float) -> None:
    """Whatever a source sends, a picture is drawn."""
    axis = scale([value], "%")
    assert axis.low < axis.high
