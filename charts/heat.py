"""A heatmap: shares by row and time as coloured cells with their counts, and what the colours mean."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from charts.formats import amount
from charts.frame import Frame
from charts.merging import cells
from charts.shapes import Box, Measure, Shape, Text
from charts.spec import Chart, Heatmap
from charts.style import CAPITAL, LABEL, SMALL, TICK, Theme, mixed, readable

APART = 3.0
FAINTEST = 0.16  # of the colour in a cell with the lowest value: it must not look empty
ROW_GAP = 14  # between a row's name and its cells
LEGEND_GAP = 24
SWATCH = 34
LEVELS = 5


def row_names_width(heatmap: Heatmap, measure: Measure) -> float:
    return ROW_GAP + max((measure(name, TICK, False) for name in heatmap.grid.rows), default=0.0)


def legend_width(chart: Chart, heatmap: Heatmap, measure: Measure) -> float:
    texts = (amount(value, chart.unit) for value in (heatmap.low, heatmap.high))
    return LEGEND_GAP + SWATCH + ROW_GAP + max(measure(text, LABEL, False) for text in texts)


def heat(heatmap: Heatmap, chart: Chart, frame: Frame, theme: Theme, measure: Measure) -> Iterator[Shape]:
    """Every row's name and cells from top to bottom, and beside them the scale of the colours."""
    grid = cells(heatmap.grid, frame.start, frame.end)
    height = (frame.bottom - frame.top) / max(1, len(grid.rows))
    for row, name in enumerate(grid.rows):
        top, bottom = frame.top + row * height, frame.top + (row + 1) * height - APART
        baseline = (top + bottom + TICK * CAPITAL) / 2
        if row % named_every(height) == 0:
            yield Text(frame.left - ROW_GAP, baseline, name, TICK, theme.muted, anchor="right")
        for time, value, count in zip(grid.times, grid.values[row], grid.counts[row], strict=True):
            left, right = frame.x(max(frame.start, time)), frame.x(min(frame.end, time + grid.step_s)) - APART
            yield from _cell(Box(left, top, max(left + 1, right), bottom), value, count, heatmap, theme, measure)
    yield from _legend(heatmap, chart, frame, theme)


def named_every(height: float) -> int:
    """Every which row has room for its name."""
    return max(1, ceil(1.1 * TICK / max(1.0, height)))


def _cell(
    box: Box, value: float | None, count: float | None, heatmap: Heatmap, theme: Theme, measure: Measure
) -> Iterator[Shape]:
    """A coloured cell with its count; without a value only its place."""
    if value is None:
        yield Box(box.left, box.bottom - 2, box.right, box.bottom, theme.grid)
        return
    share = strength(value, heatmap)
    yield Box(box.left, box.top, box.right, box.bottom, mixed(theme.ground, theme.main, share))
    text = amount(count or 0.0)
    if measure(text, SMALL, False) <= box.right - box.left - 4 and box.bottom - box.top >= SMALL:
        ink = readable(mixed(theme.ground, theme.main, share), theme.ink, theme.ground)
        yield Text((box.left + box.right) / 2, (box.top + box.bottom + SMALL * CAPITAL) / 2, text, SMALL, ink, anchor="middle")


def strength(value: float, heatmap: Heatmap) -> float:
    """How much of the colour a value has: from FAINTEST at the scale's low end to all of it at the high end."""
    share = (value - heatmap.low) / (heatmap.high - heatmap.low) if heatmap.high > heatmap.low else 1.0
    return FAINTEST + (1 - FAINTEST) * max(0.0, min(1.0, share))


def _legend(heatmap: Heatmap, chart: Chart, frame: Frame, theme: Theme) -> Iterator[Shape]:
    left, height = frame.right + LEGEND_GAP, (frame.bottom - frame.top) / LEVELS
    for level in range(LEVELS):
        share = FAINTEST + (1 - FAINTEST) * (LEVELS - 1 - level) / (LEVELS - 1)
        top = frame.top + level * height
        yield Box(left, top, left + SWATCH, top + height, mixed(theme.ground, theme.main, share))
    ends = ((heatmap.high, frame.top + LABEL * CAPITAL), (heatmap.low, frame.bottom))
    for value, baseline in ends if frame.bottom - frame.top >= 2.2 * LABEL else ():
        yield Text(left + SWATCH + ROW_GAP, baseline, amount(value, chart.unit), LABEL, theme.muted)
