"""A picture's charts as blocks that Slack draws itself, where those say the same as the picture. Pure.

Limits: docs.slack.dev/reference/block-kit/blocks/data-visualization-block, with the stricter number where sources differ.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import ceil, isfinite
from typing import Final, Literal
from zoneinfo import ZoneInfo

from bot.slack.tables import Block, weight
from bot.slack.text import plain, size
from charts.data import Series
from charts.spec import Chart, Picture, Stack
from commands.words import duration

__all__ = ["native_charts"]

CHARTS, SERIES, CATEGORIES = 2, 6, 20
FEWEST: Final = 5  # fewer bars than this show no course of things
LABEL, TITLE, AXIS = 20, 50, 50  # characters
WEIGHT: Final = 2_000  # characters of a message that its charts may take from its table
# Minutes that a group of buckets had best last, so that people can read the axis.
_WIDTHS: Final = (1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 720, 1440, 2880, 7200, 14400)
_PERCENTILE: Final = re.compile(r"p\d+(\.\d+)?", re.IGNORECASE)

Values = tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class _Plot:
    """What is drawn of a chart: series on the same buckets, by their names."""

    kind: Literal["bar", "line"]
    names: tuple[str, ...]
    series: tuple[Series, ...]

    @property
    def times(self) -> tuple[float, ...]:
        return self.series[0].times

    @property
    def step_s(self) -> float:
        return self.series[0].step_s


def native_charts(picture: Picture) -> tuple[Block, ...]:
    """One block for each panel; () where any of them would say less than the picture, or something else.

    Counts are summed by equal groups of buckets, gauges take the last known value of each group. Percentages, percentiles
    and times are never reduced. Limits, marks, a compared period, gaps, heatmaps and gauges on a dial are for the picture alone.
    """
    if picture.compared or picture.marks or not 1 <= len(picture.charts) <= CHARTS:
        return ()
    blocks = [block for chart in picture.charts if (block := _block(chart, picture))]
    return tuple(blocks) if len(blocks) == len(picture.charts) and weight(blocks) <= WEIGHT else ()


def _block(chart: Chart, picture: Picture) -> Block | None:
    plot = _plot(chart)
    if plot is None or not _is_whole(plot, picture):
        return None
    many = _group(plot)
    if not many or (many > 1 and plot.kind == "line" and not _are_gauges(chart)):
        return None
    values = [_reduced(plot.kind, series.values, many) for series in plot.series]
    labels = _labels(plot, many, picture)
    title = _title(chart)
    axes = _axes(chart, plot, many, picture)
    if not title or axes is None or len(set(labels)) < len(labels):
        return None
    rows = [_points(labels, each) for each in values if each is not None]
    if len(rows) < len(values):
        return None
    series = [{"name": name, "data": row} for name, row in zip(plot.names, rows, strict=True)]
    return {
        "type": "data_visualization",
        "title": title,
        "chart": {"type": plot.kind, "series": series, "axis_config": {"categories": list(labels), **axes}},
    }


def _plot(chart: Chart) -> _Plot | None:
    """The chart's series, where all its layers are lines, or its only layer is a stack, of this period."""
    lines = chart.lines()
    match chart.layers:
        case [Stack(series, labels, before)] if not any(before):
            plot = _Plot("bar", labels, series)
        case _ if len(lines) == len(chart.layers) and not chart.compared():
            plot = _Plot("line", tuple(line.label for line in lines), tuple(line.series for line in lines))
        case _:
            return None
    names = tuple(_fitting(name, LABEL) for name in plot.names)
    fits = 1 <= len(names) <= SERIES and all(names) and len(set(names)) == len(names) == len(plot.series)
    return _Plot(plot.kind, names, plot.series) if fits else None


def _is_whole(plot: _Plot, picture: Picture) -> bool:
    """Whether all series have the same buckets, one after the other from the beginning of the range.

    Lines must go on to its end: a source that fell silent is news. Counts may end before it, where later ones are not known
    yet: their axis says where it ends.
    """
    times, step = plot.times, plot.step_s
    if not times or step <= 0 or any(each.times != times or each.step_s != step for each in plot.series):
        return False
    if any(later - earlier != step for earlier, later in pairwise(times)):
        return False
    begins = abs(times[0] - picture.start) < step and times[-1] < picture.end
    return begins and (plot.kind == "bar" or picture.end - times[-1] < 2 * step)


def _group(plot: _Plot) -> int:
    """How many buckets become one, so that CATEGORIES are left at most; 0 where sums would not all be of as many.

    A last bar of fewer buckets than the others would look like a fall.
    """
    buckets = len(plot.times)
    least = ceil(buckets / CATEGORIES)
    if least == 1:
        return 1
    readable = (60 * width / plot.step_s for width in _WIDTHS)
    sizes: tuple[int, ...] = (
        *(int(many) for many in readable if many >= least and many == int(many)),
        *range(least, buckets // FEWEST + 1),
    )
    if plot.kind == "line":
        return sizes[0]
    return next((many for many in sizes if buckets % many == 0 and buckets // many >= FEWEST), 0)


def _are_gauges(chart: Chart) -> bool:
    """Whether the lines are plain amounts: of those any moment stands for itself."""
    return not chart.unit and not any(line.series.unit or _PERCENTILE.fullmatch(line.label) for line in chart.lines())


def _reduced(kind: str, values: Values, many: int) -> list[float] | None:
    """One number for each group; None where one is not known."""
    groups = [values[at : at + many] for at in range(0, len(values), many)]
    found = [_sum(group) if kind == "bar" else _last(group) for group in groups]
    known = [value for value in found if value is not None and isfinite(value)]
    return known if len(known) == len(found) else None


def _sum(group: Values) -> float | None:
    known = [value for value in group if value is not None]
    return sum(known) if len(known) == len(group) else None


def _last(group: Values) -> float | None:
    return next((value for value in reversed(group) if value is not None), None)


def _points(labels: Sequence[str], values: Sequence[float]) -> list[dict[str, str | float]]:
    whole = (int(value) if value == int(value) else value for value in values)
    return [{"label": label, "value": value} for label, value in zip(labels, whole, strict=True)]


def _labels(plot: _Plot, many: int, picture: Picture) -> tuple[str, ...]:
    """When each group begins, on the reader's clock."""
    zone = ZoneInfo(picture.zone)
    form = "%H:%M" if picture.end - picture.start <= timedelta(days=1).total_seconds() else "%d %b %H:%M"
    return tuple(f"{datetime.fromtimestamp(at, UTC).astimezone(zone):{form}}" for at in plot.times[::many])


def _title(chart: Chart) -> str:
    """The panel's name with its number, or the name alone; "" where even that does not fit."""
    numbered = _fitting(f"{chart.title}: {chart.number}", TITLE) if chart.number else ""
    return numbered or _fitting(chart.title, TITLE)


def _axes(chart: Chart, plot: _Plot, many: int, picture: Picture) -> dict[str, str] | None:
    """What stands at the axes: the zone and what was done to the numbers, and the unit or the panel's small print."""
    each = duration(timedelta(seconds=many * plot.step_s))
    how = f"each {each}" if many == 1 else f"sums of {each}" if plot.kind == "bar" else f"last of each {each}"
    across, up = _fitting(f"{how}, {picture.zone}", AXIS), " ".join(part for part in (chart.unit, chart.note) if part)
    if not across or (up and not _fitting(up, AXIS)):
        return None
    return {"x_label": across, **({"y_label": _fitting(up, AXIS)} if up else {})}


def _fitting(text: str, limit: int) -> str:
    """The text as people may see it, "" where it is longer than `limit`: a shortened name could be taken for another one."""
    shown = plain(text, limit + 1).strip()
    return shown if size(shown) <= limit else ""
