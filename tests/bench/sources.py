"""What the benchmarks of the sources time: one question through the real adapters, answer in hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.config import Datadog
from bot.config import Elastic as ElasticSettings
from bot.ports import SourceError
from bot.sources.datadog import DatadogMetrics
from bot.sources.elastic import Elastic
from bot.sources.retry import Deadline
from charts.data import Series
from commands.args import Window
from commands.panel import Query

DAY = Window(  # of the canned answers: 1,440 minutes
    datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC), timedelta(minutes=1), "UTC", "1 January", "2026-01-01"
)


def now() -> datetime:
    return DAY.end + timedelta(hours=1)


def datadog_v2(base_url: str) -> Callable[[], tuple[Series, ...]]:
    """Asks a metric by host once: ten checked Series of 1,440 points."""
    source = DatadogMetrics(Datadog(api_key="a", app_key="b", host=base_url), now)
    queries = {"rate": Query("datadog", "avg:$success_rate{$scope} by {host}")}
    return lambda: whole(source.series(queries, DAY, "prod", 8.0)["rate"])


def whole(series: tuple[Series, ...] | SourceError) -> tuple[Series, ...]:
    """The series, seen to be all there."""
    if isinstance(series, SourceError):
        raise series
    if [len(one.times) for one in series] != 10 * [1440]:
        raise ValueError("the canned server gave other series than ten of 1,440 points")
    return series


def elastic(base_url: str) -> Callable[[], Mapping[str, Any]]:
    """Searches once: the aggregations of an answer that is checked to be whole."""
    source = Elastic(ElasticSettings(url=base_url), now)
    body = {"size": 0, "aggs": {"times": {"date_histogram": {"field": "@timestamp", "fixed_interval": "1m"}}}}
    return lambda: source.search(body, Deadline(8.0))
