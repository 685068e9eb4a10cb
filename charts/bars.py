"""Counts as bars: a stack of them in each bucket."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from charts.data import Series
from charts.frame import Frame
from charts.labels import EndLabel
from charts.merging import summed
from charts.shapes import Box, Shape
from charts.spec import Chart, Stack
from charts.style import ROLES, Theme, mixed

APART = 2.0  # between two bars
BEHIND = 0.55  # how strong the grey of the compared period is, behind bars that must stand out from it


def totals(stack: Stack, start: float, end: float) -> tuple[float, ...]:
    """The heights of the bars in the range, grey ones included."""
    return (*heights(stack.series, start, end).values(), *heights(stack.before, start, end).values())


def heights(parts: Iterable[Series], start: float, end: float) -> dict[float, float]:
    """How high the bar of each bucket is that these make together."""
    found = defaultdict[float, float](float)
    for series in parts:
        for time, value in summed(series, start, end).known():
            found[time] += value
    return found


def bars(stack: Stack, chart: Chart, frame: Frame, theme: Theme) -> Iterator[Shape]:
    """One bar a bucket, each series on those below it, in front of the grey ones of the compared period.

    A bar of a single series beyond its limit has the colour of that.
    """
    for time, total in heights(stack.before, frame.start, frame.end).items():
        width = summed(stack.before[0], frame.start, frame.end).step_s
        yield _bar(time, width, 0.0, total, frame, mixed(theme.ground, theme.before, BEHIND))
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
