"""The head of a panel: its name, its number now, and the change, in letters that are read in a preview."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from charts.fitting import shorten
from charts.shapes import Area, Dot, Measure, Shape, Stroke, Text
from charts.spec import Chart
from charts.style import CAPITAL, CHANGE, MARGIN, NAME, NUMBER, SMALL, WIDTH, Theme

NAME_ROW = 58
NUMBER_ROW = 84
UNDER = 18  # between the head and the plot
GAP = 26
RIGHT = WIDTH - MARGIN
# A change is said in the first of these sizes in which it fits whole beside its number.
CHANGE_SIZES = (CHANGE, 36, SMALL)


def height(chart: Chart, *, compact: bool) -> float:
    """How high the head is; a compact one is a single row."""
    return NAME_ROW + UNDER + (NUMBER_ROW if (chart.number or chart.change) and not compact else 0)


def head(chart: Chart, top: float, theme: Theme, measure: Measure, *, compact: bool) -> Iterator[Shape]:
    """Name and small print, and under them number and change; or, compact, name, number and change in one row."""
    baseline = top + NAME_ROW - 14
    name = shorten(chart.title, (RIGHT - MARGIN) / (2 if compact else 1), NAME, measure, bold=True)
    yield Text(MARGIN, baseline, name, NAME, theme.ink, bold=True)
    after = MARGIN + measure(name, NAME, True) + GAP
    if compact:
        yield from _finding(chart, after, baseline, NAME, theme, measure)
        return
    if chart.note and after < RIGHT - 4 * SMALL:
        yield Text(after, baseline, shorten(chart.note, RIGHT - after, SMALL, measure), SMALL, theme.muted)
    yield from _finding(chart, MARGIN, baseline + NUMBER_ROW, NUMBER, theme, measure)


def _finding(chart: Chart, left: float, baseline: float, size: float, theme: Theme, measure: Measure) -> Iterator[Shape]:
    """The sign, the number and the change, one after the other."""
    size, small = _sizes(chart, RIGHT - left, size, measure)
    colour = {"good": theme.good, "bad": theme.bad}.get(chart.state, theme.ink)
    if chart.number and chart.state != "plain":
        yield from _sign(chart.state, left, baseline, size, colour, theme)
        left += _sign_room(chart, size)
    number = shorten(chart.number, RIGHT - left, size, measure, bold=True)
    if number:
        yield Text(left, baseline, number, size, colour, bold=True)
        left += measure(number, size, True) + GAP
    if chart.change and left < RIGHT - 2 * SMALL:
        yield Text(left, baseline, shorten(chart.change, RIGHT - left, small, measure), small, theme.ink)


def _sizes(chart: Chart, room: float, size: float, measure: Measure) -> tuple[float, float]:
    """How large number and change are: a long change makes the number smaller first, then itself; at the end it is cut."""
    numbers = sorted({size, max(NAME, 0.8 * size), float(NAME)}, reverse=True)
    for small in CHANGE_SIZES:
        for large in numbers:
            taken = _sign_room(chart, large) + measure(chart.number, large, True) + GAP + measure(chart.change, small, False)
            if taken <= room:
                return large, small
    return size, SMALL


def _sign_room(chart: Chart, size: float) -> float:
    return size + GAP / 2 if chart.number and chart.state != "plain" else 0.0


def _sign(state: str, left: float, baseline: float, size: float, colour: str, theme: Theme) -> Iterator[Shape]:
    """A warning triangle or a ticked disc as high as the number, so that its colour is not the only sign."""
    high = CAPITAL * size
    middle, centre = left + size / 2, baseline - high / 2
    if state == "bad":
        corners = [[left, baseline], [middle, baseline - 1.1 * high], [left + size, baseline]]
        yield Area(np.array(corners), colour)
        yield Text(middle, baseline - 0.1 * high, "!", 0.7 * size, theme.ground, bold=True, anchor="middle")
    else:
        yield Dot(middle, centre, 0.55 * high, colour)
        tick = np.array([[-0.26, 0.02], [-0.07, 0.22], [0.28, -0.2]]) * high + (middle, centre)
        yield Stroke(tick, theme.ground, 0.13 * high)
