"""The shipped rules asked of the simulated vendors: silent on an ordinary day, in breach when their thing breaks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest
from starlette.routing import Mount

from bot.alerts.judge import Seen, judge
from bot.alerts.questions import calls_of, fetched, sorted_by_rule, window_of
from bot.alerts.rulebook import rules
from bot.config import Config, Datadog, Elastic
from bot.sources import make
from sandbox import datadog, elastic
from sandbox.faults import Faults
from sandbox.scenarios import SCENARIOS, episode
from sandbox.world import World
from tests.sandbox.company import HOUR, MINUTE, NOW, fresh, served

RULES = [rule for rule in rules(Config()) if rule.queries]
END = NOW.replace(second=0) - MINUTE


def seen(world: World) -> Mapping[str, Seen]:
    """What each rule saw at END."""
    faults = Faults(latency_ms=0)
    routes = [
        Mount("/datadog", routes=datadog.routes(world, faults, real=NOW.timestamp)),
        Mount("/elastic", routes=elastic.routes(world, faults)),
    ]
    with served(routes, "") as url:
        config = Config(
            datadog=Datadog(api_key=datadog.API_KEY, app_key=datadog.APP_KEY, host=f"{url}/datadog"),
            elastic=Elastic(url=f"{url}/elastic", api_key=elastic.API_KEY),
        )
        sources = make(config, lambda: NOW)
        calls = calls_of(RULES, "prod")
        outcomes = {call: fetched(sources[call.source], call, window_of(RULES, END), 20.0) for call in calls}
    answers = sorted_by_rule(RULES, "prod", outcomes)
    return {rule.name: judge(rule, answers[rule.name, "prod"], "prod", END)[0] for rule in RULES}


def test_on_an_ordinary_day_all_numbers_are_good() -> None:
    """Every rule has its number, on the good side of its level of recovery."""
    found = seen(fresh())
    assert {one.outcome for one in found.values()} == {"good"}
    assert all(one.value is not None for one in found.values())


@pytest.mark.parametrize(
    ("scenario", "since", "rule"),
    [
        ("issuer-outage", timedelta(minutes=30), "checkout-success-rate"),
        ("webhook-stopped", timedelta(minutes=10), "webhook-lag"),
        ("webhook-lag", timedelta(minutes=15), "webhook-lag"),
        ("expiry-wave", HOUR, "window-expired"),
        ("retry-storm", timedelta(minutes=30), "retry-failures"),
        ("renderer-down", timedelta(minutes=10), "receipt-render-failures"),
    ],
)
def test_what_breaks_is_seen_by_its_rule(scenario: str, since: timedelta, rule: str) -> None:
    """With the texts that are shipped."""
    found = seen(fresh(past=(episode(SCENARIOS[scenario], NOW - since),)))
    assert found[rule].outcome == "bad"
