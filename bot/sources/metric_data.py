"""CloudWatch's GetMetricData: the questions of a fetch, and what came back as Series and Tables. Pure; times in epoch seconds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.ports import SourceError
from bot.sources.faults import unreadable
from bot.sources.names import filled_tree
from charts.data import Column, Series, Table
from commands.args import Window
from commands.panel import Query

MOST, MOST_POINTS = 500, 100_800  # queries, and points of all of them, in one request
MINUTES = timedelta(hours=24)  # totals of longer ranges are made of hours, at whose edges they reach beyond the range
KEPT = ((timedelta(days=15), 60), (timedelta(days=63), 300))  # how long data of so many seconds are kept; then an hour's
RULE = "RuleName"


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """One metric over [start, end) in buckets of `period` seconds; `key` is the query that it belongs to, `rule` its rule."""

    key: str
    namespace: str
    name: str
    stat: str
    dimensions: Mapping[str, str]
    start: int
    end: int
    period: int
    rule: str = ""

    def on(self, dimensions: Mapping[str, str]) -> Metric:
        """The same metric with more dimensions."""
        return replace(self, dimensions={**dimensions, **self.dimensions})

    def asked(self, number: int) -> Mapping[str, Any]:
        """The query as GetMetricData wants it; its Id must begin with a small letter."""
        dimensions = [{"Name": name, "Value": value} for name, value in self.dimensions.items()]
        metric = {"Namespace": self.namespace, "MetricName": self.name, "Dimensions": dimensions}
        return {
            "Id": f"m{number}",
            "MetricStat": {"Metric": metric, "Period": self.period, "Stat": self.stat},
            "ReturnData": True,
        }


@dataclass
class Result:
    """What came back for one metric, page by page: points in any order, and the state of the newest page."""

    points: dict[float, float] = field(default_factory=dict)
    status: str = "Complete"

    def take(self, metric: Metric, part: Any) -> None:
        """A page's points, those of the metric's own range: all metrics of a request are asked over the longest."""
        match part:
            case {"Timestamps": list(times), "Values": list(values), "StatusCode": str(status)} if len(times) == len(values):
                points = ((seconds(time), float(value)) for time, value in zip(times, values, strict=True))
                self.points |= {at: value for at, value in points if metric.start <= at < metric.end}
                self.status = status
            case _:
                raise unreadable()


def metrics(key: str, query: Query, window: Window, names: Mapping[str, str], rules: Sequence[str]) -> tuple[Metric, ...]:
    """A query's metrics: one, or with `per_rule` each of its metrics for every rule."""
    asked = filled_tree(json.loads(query.text), names)
    start = query.start_in(window)
    if "per_rule" not in asked:
        period = period_s(start, window)
        first = floored(start, period)
        own = (asked["namespace"], asked["metric"], asked["stat"], asked.get("dimensions", {}))
        return (Metric(key, *own, first, max(floored(window.end, period), first + period), period),)
    period = max(kept_s(window.end - start), 60 if window.end - start <= MINUTES else 3600)
    ends = floored(start, period), -(-int(window.end.timestamp()) // period) * period
    return tuple(
        Metric(key, asked["namespace"], name, asked["stat"], {**asked.get("dimensions", {}), RULE: rule}, *ends, period, rule)
        for rule in rules
        for name in asked["per_rule"]
    )


def batches(wanted: Sequence[Metric]) -> Iterator[tuple[Metric, ...]]:
    """The metrics in as few requests as CloudWatch's limits allow."""
    batch: list[Metric] = []
    points = 0
    for metric in wanted:
        own = (metric.end - metric.start) // metric.period
        if batch and (len(batch) == MOST or points + own > MOST_POINTS):
            yield tuple(batch)
            batch, points = [], 0
        batch.append(metric)
        points += own
    if batch:
        yield tuple(batch)


def period_s(start: datetime, window: Window) -> int:
    """The width of the buckets: the window's step, but no narrower than what is still kept of that age."""
    step = int(window.step.total_seconds())
    return max(60, step, kept_s(window.end - start))


def kept_s(age: timedelta) -> int:
    return next((period for oldest, period in KEPT if age < oldest), 3600)


def series(metric: Metric, result: Result, settled: float) -> Series:
    """The points in rising order; a bucket that has not ended, or was not heard of for long enough, is left out."""
    known = sorted((at, value) for at, value in result.points.items() if at + metric.period <= min(metric.end, settled))
    return Series(metric.key, tuple(at for at, _ in known), tuple(value for _, value in known), step_s=float(metric.period))


def per_rule(found: Mapping[Metric, Result], missing: Sequence[str]) -> Table:
    """One row a rule: its name and its totals, in the order in which they were asked.

    CloudWatch gets no zeros: a metric without points is 0 where the rule was invoked at all, and unknown where it was not.
    """
    names, rules = (tuple(dict.fromkeys(getattr(metric, part) for metric in found)) for part in ("name", "rule"))
    sums = {(metric.rule, metric.name): total(result) for metric, result in found.items()}
    rows: list[tuple[str | float | None, ...]] = []
    for rule in rules:
        totals = [sums[rule, name] for name in names]
        invoked = any(totals)
        rows.append((rule, *((0.0 if each is None and invoked else each) for each in totals)))
    rows += [(rule, *(None for _ in names)) for rule in missing]
    notes = (f"the bus has no rule called {', '.join(missing)}",) if missing else ()
    return Table((Column("Rule"), *(Column(name, "count") for name in names)), tuple(rows), notes=notes)


def total(result: Result) -> float | None:
    return sum(result.points.values()) if result.points else None


def failed(results: Iterable[Result]) -> SourceError | None:
    """Why a query has no whole answer: a part of one is none."""
    status = next((result.status for result in results if result.status != "Complete"), "")
    if status == "Forbidden":
        return SourceError("refused our credentials: paybot's role lacks cloudwatch:GetMetricData", "denied")
    return SourceError("gave only a part of the answer", "unavailable") if status else None


def seconds(time: Any) -> float:
    if isinstance(time, datetime):
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    raise unreadable()


def floored(moment: datetime, step: int) -> int:
    return int(moment.timestamp()) // step * step
