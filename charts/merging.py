"""Buckets made wider, so that each can be seen: counts are summed, shares weighted by their counts. Needs no NumPy."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import lru_cache
from itertools import groupby
from math import floor

from charts.data import Grid, Series

BARS = 120  # side by side: each is then wide enough to be seen in a preview
CELLS = 16  # side by side, so that a count of three digits is read in them
WIDTHS_S = (60, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 345600, 691200)


def bucket_s(start: float, end: float, step_s: float, most: int) -> float:
    """The least round multiple of the buckets' width, in seconds, of which at most `most` fit into the range."""
    step = max(1.0, step_s)
    wide_enough = (width for width in WIDTHS_S if width >= step and width % step == 0 and (end - start) / width <= most)
    return float(next(wide_enough, step * max(1, -(-(end - start) // (step * most)))))


@lru_cache(maxsize=32)
def summed(series: Series, start: float, end: float) -> Series:
    """The counts of the range in buckets as wide as bars are; one in which nothing is known stays unknown."""
    width, sums = bucket_s(start, end, series.step_s, BARS), defaultdict[float, float](float)
    for time, value in series.known():
        if start <= time < end:
            sums[floor(time / width) * width] += value
    times = tuple(sorted(sums))
    return replace(series, times=times, values=tuple(sums[time] for time in times), step_s=width)


def cells(grid: Grid, start: float, end: float) -> Grid:
    """The grid's part in the range, in at most CELLS columns: shares weighted by their counts, counts summed."""
    width = bucket_s(start, end, grid.step_s, CELLS)
    places = [place for place, time in enumerate(grid.times) if start <= time < end]
    columns = [(at, tuple(own)) for at, own in groupby(places, lambda place: floor(grid.times[place] / width) * width)]
    merged = [
        [_merged(values, counts, own) for _, own in columns] for values, counts in zip(grid.values, grid.counts, strict=True)
    ]
    return Grid(
        grid.rows,
        tuple(at for at, _ in columns),
        width,
        tuple(tuple(value for value, _ in row) for row in merged),
        tuple(tuple(count for _, count in row) for row in merged),
    )


def _merged(
    values: tuple[float | None, ...], counts: tuple[float | None, ...], places: tuple[int, ...]
) -> tuple[float | None, float | None]:
    """The share and the count of several buckets as one; nothing where none of them holds anything."""
    known = [(value, count) for place in places if (value := values[place]) is not None and (count := counts[place])]
    total = sum(count for _, count in known)
    return (sum(value * count for value, count in known) / total, total) if total else (None, None)
