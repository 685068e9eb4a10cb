"""The register of sources: what each is called, and how it is made from the settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from bot.config import Config
from bot.ports import Source
from bot.sources.alerts import OpenAlerts
from bot.sources.cloudfront import CloudFront
from bot.sources.cloudwatch import CloudWatch
from bot.sources.datadog import DatadogEvents, DatadogMetrics
from bot.sources.elastic import Elastic
from bot.sources.event_logs import EventLogs
from bot.sources.pagerduty import OnCall
from bot.sources.segment import Segment
from bot.sources.sqs import Sqs

Now = Callable[[], datetime]


class Made(Protocol):
    """A class of sources: what it is called, what it needs ("needs DD_API_KEY"), and the source, None where that is not set."""

    title: str
    needs: str

    def of(self, config: Config, now: Now) -> Source | None: ...


REGISTER: Mapping[str, Made] = {
    "datadog": DatadogMetrics,
    "datadog_events": DatadogEvents,
    "elastic": Elastic,
    "sqs": Sqs,
    "cloudwatch": CloudWatch,
    "event_logs": EventLogs,
    "segment": Segment,
    "cloudfront": CloudFront,
    "pagerduty": OnCall,
    "alerts": OpenAlerts,
}
TITLES: Mapping[str, str] = {name: source.title for name, source in REGISTER.items()}


def make(config: Config, now: Now) -> dict[str, Source]:
    """Every source that is configured, by its name in queries. Nothing is connected before its first question."""
    made = {name: source.of(config, now) for name, source in REGISTER.items()}
    return {name: source for name, source in made.items() if source}
