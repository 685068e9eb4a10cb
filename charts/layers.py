"""What each kind of layer puts into a plot: the values its axis must hold, its shapes, and its label at the right end.

A new kind of layer is a dataclass in `spec.py`, one section here, and a case in each of the three functions at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

import numpy as np

from charts.bars import bar_labels, bars, totals
from charts.frame import Frame, thinned, within
from charts.gauge import gauge
from charts.heat import heat
from charts.labels import EndLabel
from charts.merging import cells
from charts.runs import Breach, breaches, runs
from charts.shapes import Area, Box, Dot, Measure, Shape, Stroke
from charts.spec import Chart, Gauge, Heatmap, Layer, Line, Stack, Threshold
from charts.style import Theme

WIDTHS = {"main": 5.0, "second": 4.0, "third": 4.0, "before": 4.0}
LONE = 6.0  # radius of a point that has no neighbours
NEWEST = 9.0  # radius of the point where the main line ends
LIMIT_WIDTH = 3.0
LIMIT_DASH = (12.0, 8.0)
BAR = 9.0  # height of the bar that marks a breach at the foot of the plot
SHORTEST = 8.0  # a breach's bar is at least that wide, so that one bucket is seen
RANKS = {"main": 0, "second": 2, "third": 3, "before": 4}
LIMIT_RANK = 1


def line_shapes(line: Line, frame: Frame, theme: Theme) -> Iterator[Shape]:
    """The line, broken where data are missing; a point on its own is a dot."""
    colour, series = theme.line(line.role), line.series
    points = frame.points(series.times, series.values)
    for first, past in runs(series):
        if past - first > 1:
            yield Stroke(thinned(points[first:past]), colour, WIDTHS[line.role], clip=frame.clip)
        elif frame.start <= series.times[first] <= frame.end:
            yield _dot(points[first], LONE, colour)
    if line.role == "main" and (newest := newest_in(line, frame)):
        point = np.array([frame.x(newest[0]), frame.y(newest[1])])
        yield _dot(point, NEWEST, colour)


def _dot(point: np.ndarray[tuple[int], np.dtype[np.float64]], radius: float, colour: str) -> Dot:
    return Dot(float(point[0]), float(point[1]), radius, colour)


def newest_in(line: Line, frame: Frame) -> tuple[float, float] | None:
    """The line's last known (time, value) in the frame's range."""
    pairs = zip(reversed(line.series.times), reversed(line.series.values), strict=True)
    return next(((time, value) for time, value in pairs if value is not None and frame.start <= time <= frame.end), None)


def line_label(line: Line, frame: Frame, theme: Theme) -> EndLabel | None:
    newest = newest_in(line, frame)
    if not newest or not line.label.strip():
        return None
    colour = theme.muted if line.role == "before" else theme.line(line.role)
    return EndLabel(frame.y(newest[1]), line.label, colour, line.role == "main", RANKS[line.role])


def limit_shapes(limit: Threshold, chart: Chart, frame: Frame, theme: Theme) -> Iterator[Shape]:
    """The dashed limit, with every breach of the main line hatched and marked by a bar at the foot."""
    main = next((line for line in chart.lines() if line.role == "main"), None)
    found = breaches(main.series, limit.value, limit.good) if main else ()
    shown = [breach for breach in found if breach.start <= frame.end and breach.end >= frame.start]
    if shown:
        yield _between(shown, limit, frame, theme)
    yield from (_bar(breach, frame, theme) for breach in shown)
    y = frame.y(limit.value)
    ends = np.array([[frame.left, y], [frame.right, y]])
    yield Stroke(ends, theme.bad, LIMIT_WIDTH, LIMIT_DASH, frame.clip)


def _between(shown: list[Breach], limit: Threshold, frame: Frame, theme: Theme) -> Shape:
    """What lies between line and limit in all breaches: one area that runs along the limit from one to the next."""
    times = tuple(time for breach in shown for time, _ in (breach.points[0], *breach.points, breach.points[-1]))
    values = tuple(value for breach in shown for value in (limit.value, *(value for _, value in breach.points), limit.value))
    return Area(frame.points(times, values), theme.bad, 0.16, hatched=True, clip=frame.clip)


def _bar(breach: Breach, frame: Frame, theme: Theme) -> Shape:
    left, right = max(frame.left, frame.x(breach.start)), min(frame.right, frame.x(breach.end))
    right = min(frame.right, max(right, left + SHORTEST))
    return Box(min(left, right - SHORTEST), frame.bottom - BAR, right, frame.bottom, theme.bad)


def limit_label(limit: Threshold, frame: Frame, theme: Theme) -> EndLabel | None:
    return EndLabel(frame.y(limit.value), limit.label, theme.bad, False, LIMIT_RANK) if limit.label.strip() else None


def one_or_none(label: EndLabel | None) -> tuple[EndLabel, ...]:
    return (label,) if label else ()


def values_of(layer: Layer, start: float, end: float) -> tuple[float, ...]:
    """The values that the axis must hold."""
    match layer:
        case Line():
            return within(layer.series, start, end)
        case Threshold():
            return (layer.value,)
        case Stack():
            return totals(layer, start, end)
        case Heatmap():
            return tuple(value for row in cells(layer.grid, start, end).values for value in row if value is not None)
        case Gauge():
            return () if layer.value is None else (layer.value,)
        case _:
            assert_never(layer)


def shapes_of(layer: Layer, chart: Chart, frame: Frame, theme: Theme, measure: Measure) -> Iterator[Shape]:
    match layer:
        case Line():
            return line_shapes(layer, frame, theme)
        case Threshold():
            return limit_shapes(layer, chart, frame, theme)
        case Stack():
            return bars(layer, chart, frame, theme)
        case Heatmap():
            return heat(layer, chart, frame, theme, measure)
        case Gauge():
            return gauge(layer, chart, frame, theme, measure)
        case _:
            assert_never(layer)


def labels_of(layer: Layer, frame: Frame, theme: Theme) -> tuple[EndLabel, ...]:
    match layer:
        case Line():
            return one_or_none(line_label(layer, frame, theme))
        case Threshold():
            return one_or_none(limit_label(layer, frame, theme))
        case Stack():
            return tuple(bar_labels(layer, frame, theme))
        case Heatmap() | Gauge():
            return ()
        case _:
            assert_never(layer)
