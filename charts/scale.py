"""The value axis: a range in which the shape is seen, and round ticks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

ROOM = 0.08  # share of the range kept free above and below the line
STEPS = (1, 2, 5, 10, 20)
NEAR = 1e-9  # of a step: rounding must not cost a tick
LEAST = 2.0  # percentage points that a rate's axis spans at least
FLATTEST = 1e-6  # of the highest value: a narrower axis would be lost in rounding
SMALLEST = 1e-100  # values all nearer to 0 are drawn as 0
LARGEST = 1e100  # beyond it sums of values could overflow
WHOLE = frozenset({"", "count"})


@dataclass(frozen=True, slots=True)
class Scale:
    """A value axis from `low` to `high` with round `ticks`, `step` apart."""

    low: float
    high: float
    ticks: tuple[float, ...]
    step: float


def scale(values: Sequence[float], unit: str, most: int = 5) -> Scale:
    """The axis for these values, with two to `most` ticks.

    Counts and durations start at 0; a rate starts at 0 only when 0 is near, so that 97 and 98 % can be told apart; per cent
    stay within 0 and 100 when the values do.
    """
    low, high = _range(values, unit)
    step = _step(low, high, max(2, most), whole=unit in WHOLE)
    first, last = _first(low, step), floor(high / step + NEAR)
    return Scale(
        first * step, max(high, (first + 1) * step), tuple(index * step for index in range(first, max(last, first + 1) + 1)), step
    )


def _range(values: Sequence[float], unit: str) -> tuple[float, float]:
    ends = (min(values, default=0.0), max(values, default=0.0))
    low, high = (min(max(end, -LARGEST), LARGEST) for end in ends)
    if unit == "%" and low > max(high - low, LEAST):
        start, end = _zoomed(low, high)
    else:
        start, end = min(low, 0.0), max(high, 0.0)
        end = end if end - start > SMALLEST else start + 1.0
    room = ROOM * (end - start)
    bottom, top = (start - room if start else start), (end + room if end else end)
    return (max(bottom, 0.0), min(top, 100.0)) if unit == "%" and low >= 0 and high <= 100 else (bottom, top)


def _zoomed(low: float, high: float) -> tuple[float, float]:
    """A range about the values that is not so narrow that noise looks like news."""
    least = max(LEAST, high * FLATTEST)
    middle = (low + high) / 2
    return (low, high) if high - low >= least else (middle - least / 2, middle + least / 2)


def _first(low: float, step: float) -> int:
    """The number of the last tick at or below `low`."""
    return floor(low / step + NEAR)


def _step(low: float, high: float, most: int, *, whole: bool) -> float:
    """The smallest round step that gives at most `most` ticks; a whole number where only whole numbers make sense."""
    power = 10.0 ** floor(log10((high - low) / most))
    steps = (max(1.0, factor * power) if whole else factor * power for factor in STEPS)
    return next((step for step in steps if high / step - _first(low, step) < most), 100 * power)
