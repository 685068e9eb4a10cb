"""Where a panel's plot stands, and how times and values become pixels in it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import cast

import numpy as np

from charts.data import Series
from charts.scale import Scale
from charts.shapes import Box, Points

# Agg counts in 24.8 fixed point: what is farther out than so many heights of the plot is drawn from there.
FARTHEST = 100.0
# A line that runs along the edge of its plot keeps its whole width.
BLEED = 4


# Of the points that share so many pixels of width, which is less than a line is thick, the highest and the lowest are drawn.
COLUMN = 3.0


@dataclass(frozen=True, slots=True)
class Frame:
    """A plot's edges in pixels, the range of time from `start` to `end` (epoch seconds), and the value axis."""

    left: float
    top: float
    right: float
    bottom: float
    start: float
    end: float
    scale: Scale

    def x(self, time: float) -> float:
        return self.left + (time - self.start) * (self.right - self.left) / (self.end - self.start)

    def y(self, value: float) -> float:
        share = (value - self.scale.low) / (self.scale.high - self.scale.low)
        return self.bottom - max(-FARTHEST, min(FARTHEST, share)) * (self.bottom - self.top)

    def points(self, times: tuple[float, ...], values: tuple[float | None, ...]) -> Points:
        """(n, 2) pixels, not a number where a value is None."""
        found = np.empty((len(times), 2))
        found[:, 0] = times
        found[:, 1] = values
        height = self.bottom - self.top
        found[:, 0] = self.left + (found[:, 0] - self.start) * ((self.right - self.left) / (self.end - self.start))
        share = (found[:, 1] - self.scale.low) / (self.scale.high - self.scale.low)
        found[:, 1] = self.bottom - np.clip(share, -FARTHEST, FARTHEST) * height
        return found

    @property
    def clip(self) -> Box:
        """Nothing of a line is painted outside this."""
        return Box(self.left, self.top - BLEED, self.right + BLEED, self.bottom + BLEED)


def thinned(points: Points) -> Points:
    """The points of one unbroken line (n, 2), without those that cannot be seen: no peak is lost, whatever their number."""
    count = len(points)
    together = int(count * COLUMN / max(1.0, points[-1, 0] - points[0, 0])) if count > 3 else 0
    if together < 4:
        return points
    whole = count - count % together
    heights = points[:whole, 1].reshape(-1, together)
    peaks = np.sort(np.column_stack([heights.argmin(axis=1), heights.argmax(axis=1)]))
    kept = (peaks + np.arange(0, whole, together)[:, None]).ravel()
    shown: Points = points[np.concatenate([[0], kept, np.arange(whole, count), [count - 1]])]
    return shown


def within(series: Series, start: float, end: float) -> tuple[float, ...]:
    """The known values from `start` to `end` (epoch seconds)."""
    inside = slice(bisect_left(series.times, start), bisect_right(series.times, end))
    values = series.values[inside]
    return tuple(value for value in values if value is not None) if None in values else cast(tuple[float, ...], values)
