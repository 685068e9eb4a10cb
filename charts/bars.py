"""Counts as bars: how wide they are, and a stack of them in each bucket."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from math import floor

from charts.data import Series
from charts.frame import Frame
from charts.labels import EndLabel
from charts.shapes import Box, Shape
from charts.spec import Chart, Stack
from charts.style import ROLES, Theme

MOST = 120  # bars side by side: each is then wide enough to be seen in a preview
WIDTHS_S = (60, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)
APART = 2.0  # between two bars


def bar_s(start: float, end: float, step_s: float) -> float:
    """How wide a bar is, in seconds: the least round multiple of the buckets' width of which at most MOST fit into the range."""
    step = max(1.0, step_s)
    wide_enough = (width for width in WIDTHS_S if width >= step and width % step == 0 and (end - start) / width <= MOST)
    return float(next(wide_enough, step * max(1, -(-(end - start) // (step * MOST)))))


@lru_cache(maxsize=32)
def summed(series: Series, start: float, end: float) -> Series:
    """The counts of the range in buckets as wide as bars are; one in which nothing is known stays unknown."""
    width, sums = bar_s(start, end, series.step_s), defaultdict[float, float](float)
    for time, value in series.known():
        if start <= time < end:
            sums[floor(time / width) * width] += value
    times = tuple(sorted(sums))
    return replace(series, times=times, values=tuple(sums[time] for time in times), step_s=width)


def totals(stack: Stack, start: float, end: float) -> tuple[float, ...]:
    """The heights of the bars in the range."""
    heights = defaultdict[float, float](float)
    for series in stack.series:
        for time, value in summed(series, start, end).known():
            heights[time] += value
    return tuple(heights.values())


def bars(stack: Stack, chart: Chart, frame: Frame, theme: Theme) -> Iterator[Shape]:
    """One bar a bucket, each series on those before it; a bar of a single series beyond its limit has the colour of that."""
    floor_: defaultdict[float, float] = defaultdict(float)
    limit = next(iter(chart.thresholds()), None) if len(stack.series) == 1 else None
    for role, series in zip(ROLES, stack.series, strict=False):
        found = summed(series, frame.start, frame.end)
        for time, value in found.known():
            over = limit is not None and (value > limit.value if limit.good == "below" else value < limit.value)
            low, floor_[time] = floor_[time], floor_[time] + value
            if value:
                yield _bar(time, found.step_s, low, floor_[time], frame, theme.bad if over else theme.line(role))


def _bar(time: float, width: float, low: float, high: float, frame: Frame, colour: str) -> Box:
    left, right = frame.x(max(frame.start, time)), frame.x(min(frame.end, time + width))
    return Box(left, frame.y(high), max(left + 1.0, right - APART), frame.y(low), colour)


def bar_labels(stack: Stack, frame: Frame, theme: Theme) -> Iterator[EndLabel]:
    """Each series' name at the height of its part of the newest bar."""
    low = 0.0
    for rank, (role, series, label) in enumerate(zip(ROLES, stack.series, stack.labels, strict=False)):
        found = summed(series, frame.start, frame.end)
        newest = found.last()
        if newest is not None and label.strip():
            yield EndLabel(frame.y(low + newest / 2), label, theme.line(role), rank == 0, rank)
            low += newest
