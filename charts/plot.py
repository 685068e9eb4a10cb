"""One panel's plot: grid, value axis, layers from back to front, and the labels at their ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from charts.fitting import shorten, spread, wrap
from charts.formats import ticks as tick_texts
from charts.frame import Frame
from charts.layers import EndLabel, label_of, shapes_of, values_of
from charts.scale import Scale, scale
from charts.shapes import Box, Measure, Shape, Stroke, Text
from charts.spec import Chart, Layer, Line
from charts.style import CAPITAL, LABEL, MARGIN, NAME, TICK, Theme

TICK_GAP = 14  # between the value axis and its labels
LABEL_GAP = 24  # between the right edge and the labels there
LABEL_ROOM = 330  # no label is wider
LABEL_APART = 36
TICK_APART = 52
MISSING_SIZE = 36
MISSING_APART = 48


def has_values(chart: Chart, start: float, end: float) -> bool:
    """Whether there is anything to draw in the range: a limit alone is nothing."""
    return any(values_of(line, start, end) for line in chart.lines())


def scale_of(chart: Chart, start: float, end: float, height: float) -> Scale:
    """The panel's value axis; the lower the plot, the fewer its ticks."""
    values = [value for layer in chart.layers for value in values_of(layer, start, end)]
    return scale(values, chart.unit, most=max(2, min(5, int(height / TICK_APART))))


def axis_width(chart: Chart, axis: Scale, measure: Measure) -> float:
    """The room that the value axis' labels need on the left."""
    return TICK_GAP + max(measure(text, TICK, False) for text in tick_texts(axis.ticks, axis.step, chart.unit))


def label_width(chart: Chart, measure: Measure) -> float:
    """The room that the names at the lines' ends need on the right, at most LABEL_ROOM."""
    widths = [measure(layer.label, LABEL, isinstance(layer, Line) and layer.role == "main") for layer in chart.layers]
    return LABEL_GAP + min(LABEL_ROOM, max(widths)) if widths else 0.0


def plot(chart: Chart, frame: Frame, theme: Theme, measure: Measure) -> Iterator[Shape]:
    """The plot of a panel that has values in its range."""
    yield from _value_axis(chart, frame, theme)
    for layer in sorted(chart.layers, key=_depth):
        yield from shapes_of(layer, chart, frame, theme)
    labels = [label for layer in chart.layers if (label := label_of(layer, frame, theme))]
    yield from _end_labels(labels, frame, measure)
    if all(line.role == "before" or not values_of(line, frame.start, frame.end) for line in chart.lines()):
        yield from _notice(chart.missing, frame, theme, measure)


def missing(chart: Chart, frame: Frame, theme: Theme, measure: Measure) -> Iterator[Shape]:
    """What stands in the place of a panel without data."""
    yield Box(frame.left, frame.top, frame.right, frame.bottom, theme.faint)
    yield from _notice(chart.missing, frame, theme, measure)


def _depth(layer: Layer) -> int:
    """The compared period lies at the back, then limits and breaches, the main line on top."""
    return ("before", "limit", "third", "second", "main").index(layer.role if isinstance(layer, Line) else "limit")


def _value_axis(chart: Chart, frame: Frame, theme: Theme) -> Iterator[Shape]:
    axis = frame.scale
    for value, text in zip(axis.ticks, tick_texts(axis.ticks, axis.step, chart.unit), strict=True):
        y = round(frame.y(value))
        yield Box(frame.left, y - 1, frame.right, y + 1, theme.grid)
        yield Text(frame.left - TICK_GAP, y + TICK * CAPITAL / 2, text, TICK, theme.muted, anchor="right")


def _end_labels(labels: Sequence[EndLabel], frame: Frame, measure: Measure) -> Iterator[Shape]:
    """The labels, moved apart; a thin line leads to one that had to move."""
    fitting = max(1, int((frame.bottom - frame.top) // LABEL_APART) + 1)
    shown = sorted(sorted(labels, key=lambda label: label.rank)[:fitting], key=lambda label: label.y)
    half = LABEL * CAPITAL / 2
    places = spread([label.y for label in shown], LABEL_APART, frame.top + half / 2, frame.bottom - half / 2)
    for label, y in zip(shown, places, strict=True):
        if abs(y - label.y) > 4:
            path = np.array([[frame.right + 8, label.y], [frame.right + LABEL_GAP - 5, y]])
            yield Stroke(path, label.colour, 2)
        text = shorten(label.text, LABEL_ROOM, LABEL, measure, bold=label.bold)
        yield Text(frame.right + LABEL_GAP, y + half, text, LABEL, label.colour, label.bold)


def _notice(said: str, frame: Frame, theme: Theme, measure: Measure) -> Iterator[Shape]:
    """A sentence in the middle of the plot."""
    height = frame.bottom - frame.top
    lines = wrap(
        said, frame.right - frame.left - 2 * MARGIN, MISSING_SIZE, measure, most=max(1, min(3, int(height // MISSING_APART)))
    )
    middle, half = (frame.left + frame.right) / 2, MISSING_SIZE * CAPITAL / 2
    room = max((measure(line, MISSING_SIZE, False) for line in lines), default=0.0) / 2 + NAME / 2
    first = (frame.top + frame.bottom - (len(lines) - 1) * MISSING_APART) / 2
    last = first + (len(lines) - 1) * MISSING_APART
    yield Box(middle - room, first - MISSING_APART / 2, middle + room, last + MISSING_APART / 2, theme.faint)
    for index, line in enumerate(lines):
        yield Text(middle, first + index * MISSING_APART + half, line, MISSING_SIZE, theme.ink, anchor="middle")
