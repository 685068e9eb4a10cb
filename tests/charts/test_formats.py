from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charts.formats import amount, ticks
from charts.scale import scale


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (94.13, "%", "94.1 %"),
        (100, "%", "100 %"),
        (1204, "count", "1,204"),
        (0, "", "0"),
        (0.25, "", "0.25"),
        (-0.01, "points", "0.0 points"),
        (-3.2, "points", "−3.2 points"),
        (2000, "ms", "2,000 ms"),
        (1e18, "", "1.0e+18"),
    ],
)
def test_amounts_read_as_people_write_them(value: float, unit: str, expected: str) -> None:
    """One decimal for rates, none for counts, thousands set apart, a real minus, never a minus zero."""
    assert amount(value, unit) == expected


@pytest.mark.parametrize(
    ("values", "step", "unit", "expected"),
    [
        ((96, 98), 2, "%", ("96 %", "98 %")),
        ((97.5, 98.0), 0.5, "%", ("97.5 %", "98.0 %")),
        ((0, 500, 1000), 500, "count", ("0", "500", "1,000")),
        ((0, 20_000), 20_000, "", ("0", "20k")),
        ((0, 5e8, 1e9), 5e8, "", ("0", "0.5 bn", "1.0 bn")),
        ((-50, 0), 50, "points", ("−50 points", "0 points")),
    ],
)
def test_tick_labels_have_the_decimals_of_their_step(
    values: tuple[float, ...], step: float, unit: str, expected: tuple[str, ...]
) -> None:
    """Labels are as short as tells them apart, and carry their unit."""
    assert ticks(values, step, unit) == expected


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=4), st.sampled_from(["", "%", "ms"]))
def test_no_two_ticks_have_one_label(values: list[float], unit: str) -> None:
    """On any axis, different ticks read differently."""
    axis = scale(values, unit)
    assert len(set(ticks(axis.ticks, axis.step, unit))) == len(axis.ticks)


@pytest.mark.parametrize(("value", "expected"), [(96.96, "96.96 %"), (97.04, "97.04 %"), (96.9999, "96.999 %"), (97, "97 %")])
def test_a_rate_near_its_limit_keeps_its_side(value: float, expected: str) -> None:
    """Who listens to the alt text hears the same as who reads the headline."""
    assert amount(value, "%", (97.0,)) == expected
