"""What Slack's chart block `data_visualization` must have, and how much of it (docs.slack.dev, and the stricter of others)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]
SERIES, CATEGORIES, SEGMENTS = 6, 20, 6
TITLE, AXIS, LABEL = 50, 50, 20


def faults(block: Json, at: str) -> Iterator[str]:
    """What is wrong with the block at this json-pointer."""
    chart = block.get("chart")
    if not _is_text(block.get("title"), TITLE):
        yield f"must have 1 to {TITLE} characters [json-pointer:{at}/title]"
    if not isinstance(chart, dict):
        yield f"missing required field: chart [json-pointer:{at}]"
    elif chart.get("type") == "pie":
        yield from _points(chart.get("segments"), SEGMENTS, f"{at}/chart/segments")
    elif chart.get("type") in ("bar", "line", "area"):
        yield from _axes(chart, f"{at}/chart")
    else:
        yield f"unsupported type: {chart.get('type')} [json-pointer:{at}/chart]"


def _axes(chart: Json, at: str) -> Iterator[str]:
    axes, series = chart.get("axis_config"), chart.get("series")
    categories = axes.get("categories") if isinstance(axes, dict) else None
    if not isinstance(axes, dict) or not isinstance(categories, list) or not 1 <= len(categories) <= CATEGORIES:
        yield f"must have 1 to {CATEGORIES} categories [json-pointer:{at}/axis_config]"
        return
    if not all(_is_text(label, LABEL) for label in categories) or len(set(categories)) < len(categories):
        yield f"must have distinct labels of 1 to {LABEL} characters [json-pointer:{at}/axis_config/categories]"
    for key in ("x_label", "y_label"):
        if key in axes and not _is_text(axes[key], AXIS):
            yield f"must have 1 to {AXIS} characters [json-pointer:{at}/axis_config/{key}]"
    if not isinstance(series, list) or not 1 <= len(series) <= SERIES:
        yield f"must have 1 to {SERIES} items [json-pointer:{at}/series]"
        return
    names = [each.get("name") if isinstance(each, dict) else None for each in series]
    if not all(_is_text(name, LABEL) for name in names) or len(set(names)) < len(names):
        yield f"must have distinct names of 1 to {LABEL} characters [json-pointer:{at}/series]"
        return
    for number, each in enumerate(series):
        yield from _points(each.get("data"), CATEGORIES, f"{at}/series/{number}/data")
        if not isinstance(each.get("data"), list) or [_label(point) for point in each["data"]] != categories:
            yield f"must have every category [json-pointer:{at}/series/{number}/data]"


def _points(points: Any, most: int, at: str) -> Iterator[str]:
    if not isinstance(points, list) or not 1 <= len(points) <= most:
        yield f"must have 1 to {most} items [json-pointer:{at}]"
        return
    for number, point in enumerate(points):
        value = point.get("value") if isinstance(point, dict) else None
        finite = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not _is_text(_label(point), LABEL) or not finite:
            yield f"must have a label and a number [json-pointer:{at}/{number}]"


def _label(point: Any) -> Any:
    return point.get("label") if isinstance(point, dict) else None


def _is_text(value: Any, most: int) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= most
