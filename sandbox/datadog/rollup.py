"""From an agent's points to a query's values: first over time into buckets, then over series, as Datadog does."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from sandbox.chance import Floats, Ints
from sandbox.datadog.query import QueryError, Selector
from sandbox.metrics import METRICS, Form, Points, points
from sandbox.world import World

MOST_POINTS = 1500
_STEPS_S = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400)

Groups = tuple[str, ...]
_REDUCE: Mapping[str, Callable[[Floats], float]] = {
    "avg": lambda values: float(np.mean(values)),
    "sum": lambda values: float(np.sum(values)),
    "min": lambda values: float(np.min(values)),
    "max": lambda values: float(np.max(values)),
    "count": lambda values: float(len(values)),
    "last": lambda values: float(values[-1]),
}
_AT_ONCE: Mapping[str, np.ufunc] = {"avg": np.add, "sum": np.add, "min": np.minimum, "max": np.maximum}


@dataclass(frozen=True, slots=True)
class Span:
    """The window in epoch milliseconds, its end not in it, and the spacing that was asked for."""

    start_ms: int
    end_ms: int
    interval_ms: int

    def step_ms(self, asked_ms: int = 0) -> int:
        """The spacing that is given: wider than asked when it would make too many points."""
        least = (self.end_ms - self.start_ms) / MOST_POINTS
        wanted = asked_ms or self.interval_ms or (self.end_ms - self.start_ms) / 300
        if wanted >= least and (asked_ms or self.interval_ms):
            return int(wanted)
        return next((step * 1000 for step in _STEPS_S if step * 1000 >= max(least, wanted)), _STEPS_S[-1] * 1000)

    def buckets(self, step_ms: int) -> Ints:
        """Starts of the buckets in the window, aligned to the epoch; the one that began before it is left out."""
        return np.arange(-(-self.start_ms // step_ms) * step_ms, self.end_ms, step_ms, dtype=np.int64)


def form_of(selector: Selector) -> Form:
    return METRICS[selector.metric].form


def grouped(world: World, selector: Selector, span: Span) -> Mapping[Groups, list[Points]]:
    """The agents' series that the selector wants, by the values of its `by` tags; series without such a tag are left out."""
    found: dict[Groups, list[Points]] = {}
    if selector.metric not in METRICS:
        return found
    _refuse_unfit(selector)
    for series in points(world, selector.metric, span.start_ms, span.end_ms):
        groups = tuple(tag for key in selector.by for tag in series.tags if tag.startswith(f"{key}:"))
        if selector.wants(series.tags) and len(groups) == len(selector.by) and len(series.times):
            found.setdefault(groups, []).append(series)
    return found


def _refuse_unfit(selector: Selector) -> None:
    form = form_of(selector)
    if selector.aggregator.startswith("p") and form != "distribution":
        raise QueryError(f"Percentile aggregations are not enabled for metric {selector.metric}.")
    if selector.modifier and form != "count":
        raise QueryError(f"{selector.modifier}() is not supported for metric {selector.metric}: it is not a count or a rate.")


def rolled(selector: Selector, several: list[Points], buckets: Ints, step_ms: int) -> Floats:
    """One value for each bucket: first each series over time, then all series together, as Datadog does.

    A distribution's measurements are merged over time and series at once.
    """
    edges = np.append(buckets, buckets[-1:] + step_ms)
    if form_of(selector) == "distribution":
        return _by_bucket(merged(several), edges, selector.aggregator)
    by_series = [_by_bucket(series, edges, _over_time(selector)) for series in several]
    if selector.modifier == "as_rate":
        by_series = [values * 1000.0 / step_ms for values in by_series]
    if len(by_series) == 1:
        return by_series[0]
    together = np.array(by_series).T
    return np.array([reduced(selector.aggregator, row[~np.isnan(row)]) for row in together])


def merged(several: list[Points]) -> Points:
    """All series as one, in the order of time."""
    times = np.concatenate([series.times for series in several])
    order = np.argsort(times, kind="stable")
    return Points((), times[order], np.concatenate([series.values for series in several])[order])


def _by_bucket(series: Points, edges: Ints, method: str) -> Floats:
    """One value for each bucket, NaN for an empty one; the usual methods without a loop, as a week has ten thousand minutes."""
    cuts = np.searchsorted(series.times, edges)
    many = np.diff(cuts)
    there = many > 0
    values = np.full(len(many), np.nan)
    if not there.any():
        return values
    inside = series.values[: cuts[-1]]
    if method in _AT_ONCE:
        values[there] = _AT_ONCE[method].reduceat(inside, cuts[:-1][there])
        return values / np.maximum(many, 1) if method == "avg" else values
    values[there] = [reduced(method, inside[low : low + size]) for low, size in zip(cuts[:-1][there], many[there], strict=True)]
    return values


def _over_time(selector: Selector) -> str:
    """Counts are summed; a gauge is averaged unless the query says min, max or a rollup of its own."""
    if selector.modifier or (form_of(selector) == "count" and not selector.rollup):
        return "sum"
    return selector.rollup or (selector.aggregator if selector.aggregator in ("min", "max") else "avg")


def reduced(method: str, values: Floats) -> float:
    """`values` (any number of them) as one number by "avg", "p95" …; NaN when there are none."""
    if not len(values):
        return math.nan
    if method.startswith("p"):
        return float(np.percentile(values, float(method[1:])))
    return _REDUCE[method](values)
