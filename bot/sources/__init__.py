"""The register of sources: what each is called, and how it is made from the settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from bot.config import Config
from bot.ports import Source
from bot.sources.datadog import DatadogEvents, DatadogMetrics
from bot.sources.elastic import Elastic

Now = Callable[[], datetime]
Make = Callable[[Config, Now], Source | None]

REGISTER: Mapping[str, Make] = {
    "datadog": lambda config, now: DatadogMetrics(config.datadog, now) if config.datadog else None,
    "datadog_events": lambda config, now: DatadogEvents(config.datadog, now) if config.datadog else None,
    "elastic": lambda config, now: Elastic(config.elastic, now) if config.elastic else None,
}
TITLES: Mapping[str, str] = {
    "datadog": DatadogMetrics.title,
    "datadog_events": DatadogEvents.title,
    "elastic": Elastic.title,
}


def make(config: Config, now: Now) -> dict[str, Source]:
    """Every source that is configured, by its name in queries. Nothing is connected before its first question."""
    made = {name: make_one(config, now) for name, make_one in REGISTER.items()}
    return {name: source for name, source in made.items() if source}
