"""One panel's plot: grid, value axis, layers from back to front, and the labels at their ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from charts.fitting import shorten, spread, wrap
from charts.formats import ticks as tick_texts
from charts.frame import Frame
from charts.heat import legend_width, row_names_width
from charts.labels import EndLabel
from charts.layers import labels_of, shapes_of, values_of
from charts.scale import Scale, scale
from charts.shapes import Box, Measure, Shape, Stroke, Text
from charts.spec import Chart, Gauge, Heatmap, Layer, Line, Stack, Threshold
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
    return any(values_of(layer, start, end) for layer in chart.layers if not isinstance(layer, Threshold))


def timed(chart: Chart) -> bool:
    """Whether the panel's plot runs along the time axis."""
    return not any(isinstance(layer, Gauge) for layer in chart.layers)


def scale_of(chart: Chart, start: float, end: float, height: float) -> Scale:
    """The panel's value axis; the lower the plot, the fewer its ticks. Cells and gauges have none."""
    if any(isinstance(layer, Heatmap | Gauge) for layer in chart.layers):
        return Scale(0.0, 1.0, (), 1.0)
    values = [value for layer in chart.layers for value in values_of(layer, start, end)]
    return scale(values, chart.unit, most=max(2, min(5, int(height / TICK_APART))))


def axis_width(chart: Chart, axis: Scale, measure: Measure) -> float:
    """The room that the value axis' labels need on the left."""
    texts = tick_texts(axis.ticks, axis.step, chart.unit) if axis.ticks else ()
    names = (row_names_width(layer, measure) for layer in chart.layers if isinstance(layer, Heatmap))
    return max((*names, *(TICK_GAP + measure(text, TICK, False) for text in texts)), default=0.0)


def label_width(chart: Chart, measure: Measure) -> float:
    """The room that the names at the lines' ends need on the right, at most LABEL_ROOM."""
    widths = [measure(text, LABEL, bold) for layer in chart.layers for text, bold in _names(layer)]
    legends = (legend_width(chart, layer, measure) for layer in chart.layers if isinstance(layer, Heatmap))
    return max((*legends, LABEL_GAP + min(LABEL_ROOM, max(widths)) if widths else 0.0), default=0.0)


def _names(layer: Layer) -> tuple[tuple[str, bool], ...]:
    """What stands at the layer's end, and whether in bold letters."""
    match layer:
        case Line():
            return ((layer.label, layer.role == "main"),)
        case Threshold():
            return ((layer.label, False),)
        case Stack():
            return tuple((label, index == 0) for index, label in enumerate(layer.labels))
        case Heatmap() | Gauge():
            return ()


def plot(chart: Chart, frame: Frame, theme: Theme, measure: Measure) -> Iterator[Shape]:
    """The plot of a panel that has values in its range."""
    yield from _value_axis(chart, frame, theme)
    for layer in sorted(chart.layers, key=_depth):
        yield from shapes_of(layer, chart, frame, theme, measure)
    labels = [label for layer in chart.layers for label in labels_of(layer, frame, theme)]
    yield from _end_labels(labels, frame, measure)
    if not any(_speaks(layer) and values_of(layer, frame.start, frame.end) for layer in chart.layers):
        yield from _notice(chart.missing, frame, theme, measure)


def missing(chart: Chart, frame: Frame, theme: Theme, measure: Measure) -> Iterator[Shape]:
    """What stands in the place of a panel without data."""
    yield Box(frame.left, frame.top, frame.right, frame.bottom, theme.faint)
    yield from _notice(chart.missing, frame, theme, measure)


def _speaks(layer: Layer) -> bool:
    """Whether the layer is of the asked range itself: neither of the compared one nor a limit."""
    return not isinstance(layer, Threshold) and not (isinstance(layer, Line) and layer.role == "before")


def _depth(layer: Layer) -> int:
    """The compared period lies at the back, then limits and breaches, the main line on top."""
    if isinstance(layer, Line):
        return ("before", "bars", "limit", "third", "second", "main").index(layer.role)
    return 2 if isinstance(layer, Threshold) else 1


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
