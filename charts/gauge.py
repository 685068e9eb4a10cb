"""A gauge: one number on a horizontal scale, with its limit and its good side."""

from __future__ import annotations

from collections.abc import Iterator

from charts.fitting import shorten
from charts.formats import amount
from charts.frame import Frame
from charts.shapes import Box, Measure, Shape, Text
from charts.spec import Chart, Gauge
from charts.style import CAPITAL, LABEL, TICK, Theme, mixed

HEIGHT = 150  # of a gauge's plot, whatever the room
TRACK = 44
TINT = 0.18  # of the good and the bad colour in their sides of the track
LIMIT = 6.0
GAP = 12


def gauge(layer: Gauge, chart: Chart, frame: Frame, theme: Theme, measure: Measure) -> Iterator[Shape]:
    """The track with its two sides, the value as a bar from the low end, the limit as a labelled line, and the scale's ends.

    In a low plot the scale's ends are left out first, then the label.
    """
    if layer.value is None:
        return
    height = frame.bottom - frame.top
    labelled, roomy = height >= LABEL + 4 * GAP, height >= HEIGHT
    top = frame.top + (LABEL + GAP if labelled else GAP / 2)
    bottom = min(top + TRACK, frame.bottom - GAP / 2)
    at = _x(layer.limit, layer, frame)
    good_left = layer.good == "below"
    left, right = (theme.good, theme.bad) if good_left else (theme.bad, theme.good)
    yield Box(frame.left, top, at, bottom, mixed(theme.ground, left, TINT))
    yield Box(at, top, frame.right, bottom, mixed(theme.ground, right, TINT))
    met = layer.value <= layer.limit if good_left else layer.value >= layer.limit
    end = max(frame.left + 4.0, _x(layer.value, layer, frame))
    yield Box(frame.left, top + (bottom - top) / 4, end, bottom - (bottom - top) / 4, theme.good if met else theme.bad)
    yield Box(at - LIMIT / 2, top - GAP / 2, at + LIMIT / 2, bottom + GAP / 2, theme.ink)
    if labelled:
        label = shorten(layer.label, frame.right - frame.left, LABEL, measure)
        half = measure(label, LABEL, False) / 2
        yield Text(min(max(at, frame.left + half), frame.right - half), top - GAP, label, LABEL, theme.ink, anchor="middle")
    if roomy:
        baseline = bottom + GAP + TICK * CAPITAL + GAP
        yield Text(frame.left, baseline, amount(layer.low, chart.unit), TICK, theme.muted)
        yield Text(frame.right, baseline, amount(layer.high, chart.unit), TICK, theme.muted, anchor="right")


def _x(value: float, layer: Gauge, frame: Frame) -> float:
    share = (value - layer.low) / (layer.high - layer.low) if layer.high > layer.low else 0.0
    return frame.left + max(0.0, min(1.0, share)) * (frame.right - frame.left)
