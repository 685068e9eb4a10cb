"""The reference chart of the shared bench, drawn by paybot: `render` and `encode` are what `render_peers.py` calls."""

from __future__ import annotations

from typing import Any, Literal

from charts import png
from charts import render as charts_render
from charts.data import Series
from charts.spec import Chart, Layer, Line, Mark, Picture, Threshold

Role = Literal["main", "second", "third"]
ROLES: tuple[Role, ...] = ("main", "second", "third")

encode = png.encode


def render(chart: dict[str, Any]) -> bytes:
    """The PNG of the bench's plain chart: every panel, series, limit, breach, mark and title of it."""
    return charts_render.render(picture(chart))


def picture(chart: dict[str, Any]) -> Picture:
    """The bench's chart as a Picture; the series that breaches its limit is the panel's main line."""
    times = tuple(float(time) for time in chart["times"])
    panels = tuple(_panel(panel, times) for panel in chart["panels"])
    marks = tuple(Mark(float(mark["time"]), mark["text"]) for mark in chart["marks"])
    return Picture(chart["title"], panels, times[0], times[-1] + 60, "UTC", "Thu 1 Jan 00:00 to 24:00", marks=marks)


def _panel(panel: dict[str, Any], times: tuple[float, ...]) -> Chart:
    ranked = sorted(panel["series"], key=lambda series: series["name"] != panel.get("breach"))
    layers: list[Layer] = [
        Line(Series(series["name"], times, tuple(series["values"]), panel["unit"], 60.0), series["name"], role)
        for role, series in zip(ROLES, ranked, strict=False)
    ]
    if "threshold" in panel:
        layers.append(Threshold(panel["threshold"], f"limit {panel['threshold']:g} {panel['unit']}", "below"))
    newest = ranked[0]["values"][-1]
    return Chart(panel["name"], tuple(layers), panel["unit"], number=f"{newest:,.1f} {panel['unit']}", note=ranked[0]["name"])
