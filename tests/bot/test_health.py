"""How sources do, as their calls show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from bot.alerts.questions import ByGroup
from bot.config import Config, Datadog
from bot.health import Budget, Health, Seen, Watched, watched
from bot.ports import SourceError
from bot.sources import make
from bot.sources.limits import Limits
from charts.data import Series
from commands.panel import Query
from tests.fakes import DeadSource, FakeSource, ask, minutes

START = datetime(2026, 11, 25, 14, 0, 20, tzinfo=UTC)
QUERIES = {"rate": Query("datadog", "avg:rate")}


@dataclass
class Clock:
    at: datetime = START

    def __call__(self) -> datetime:
        return self.at


@dataclass
class Grouped(FakeSource):
    """Answers rules by group."""

    asked_by_group: list[str] = field(default_factory=list)

    def series(
        self, queries: Mapping[str, Query], window: object, env: str, timeout_s: float
    ) -> Mapping[str, tuple[Series, ...]]:
        self.asked_by_group.append(env)
        return {}


def fetch(source: Watched) -> None:
    source.fetch(QUERIES, ask().window, "prod", 1.0)


def test_a_source_that_was_never_asked_is_neither_up_nor_down() -> None:
    """Not known is no zero."""
    assert Health(Clock()).seen("datadog") == Seen()
    assert Seen().up is None


def test_an_answer_is_noted_with_its_time_and_length() -> None:
    """When, and how long it took."""
    clock = Clock()
    health = Health(clock)
    fetch(Watched("datadog", FakeSource("Datadog", {"rate": minutes("rate", [98.0])}), health))
    seen = health.seen("datadog")
    assert (seen.up, seen.answered, seen.calls, seen.failed, seen.fault) == (True, START, 1, 0, "")
    assert seen.took_s is not None


def test_a_failure_is_noted_and_goes_on_to_whoever_asked() -> None:
    """Down since the first of several failures, in the source's own words."""
    clock = Clock()
    health = Health(clock)
    source = Watched("elastic", DeadSource("Elasticsearch"), health)
    for _ in range(3):
        with pytest.raises(SourceError):
            fetch(source)
        clock.at += timedelta(minutes=1)
    seen = health.seen("elastic")
    assert (seen.up, seen.down_since, seen.calls, seen.failed) == (False, START, 3, 3)
    assert "403" in seen.fault


def test_a_part_that_could_not_be_answered_is_a_fault_of_a_source_that_is_up() -> None:
    """One bad question of ten does not make a source down."""
    health = Health(Clock())
    bad = SourceError("does not know that metric", "bad_request")
    fetch(Watched("datadog", FakeSource("Datadog", {"rate": bad}), health))  # type: ignore[dict-item]
    assert (health.seen("datadog").up, health.seen("datadog").fault) == (True, "does not know that metric")


def test_calls_count_for_an_hour() -> None:
    """What was longer ago is not counted any more; the newest fault and answer are kept."""
    clock = Clock()
    health = Health(clock)
    health.failed("sqs", "was away")
    for _ in range(90):
        clock.at += timedelta(minutes=1)
        health.answered("sqs", 0.1)
    seen = health.seen("sqs")
    assert (seen.calls, seen.failed, seen.fault, seen.down_since) == (60, 0, "was away", None)


def test_a_thousand_calls_a_minute_take_no_more_memory() -> None:
    """Minutes are kept, not calls."""
    health = Health(Clock())
    for _ in range(5_000):
        health.answered("sqs", 0.1)
    assert health.seen("sqs").calls == 5_000
    assert len(health._records["sqs"].minutes) == 1


def test_rules_may_still_ask_by_group_and_only_where_they_could() -> None:
    """A watched source can do what it could before, no more."""
    grouped = Grouped("Datadog", {})
    found = watched({"datadog": grouped, "elastic": FakeSource("Elasticsearch", {})}, Health(Clock()))
    assert isinstance(found["datadog"], ByGroup)
    assert not isinstance(found["elastic"], ByGroup)
    found["datadog"].series({}, ask().window, "prod", 1.0)
    assert grouped.asked_by_group == ["prod"]


def test_what_datadog_tells_of_its_limit_is_known() -> None:
    """As its newest answer said; nothing before there was one, and nothing once it was renewed."""
    now = [100.0]
    limits = Limits(lambda: now[0])
    assert limits.told() == ()
    told = {"X-RateLimit-Limit": "600", "X-RateLimit-Remaining": "431", "X-RateLimit-Reset": "30", "X-RateLimit-Name": "metrics"}
    limits.hear("/api/v2/query/timeseries", 200, told)
    assert [Budget(*each) for each in limits.told()] == [Budget("metrics", 431, 600)]
    now[0] += 31
    assert limits.told() == ()


def test_every_source_of_the_settings_can_be_watched() -> None:
    """Its title and its limits come along."""
    config = Config(datadog=Datadog(api_key="k", app_key="k"))
    found = watched(make(config, Clock()), Health(Clock()))
    assert found["datadog"].title == "Datadog"
    assert isinstance(found["datadog"], Watched)
    assert found["datadog"].budget() == ()
