"""Scenarios: each does what its sentence says, when it is on, and only then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest

from sandbox.declines import NO_CODE
from sandbox.scenarios import SCENARIOS, Episode, episode
from sandbox.world import World
from tests.sandbox.company import DAY, HOUR, MINUTE, NOW, calm, fresh, ms, usual
from tests.sandbox.rule_numbers import RULES

STEADY = NOW - 40 * MINUTE  # each scenario has come up to full force by then


def with_past(name: str, *, history: timedelta = 4 * HOUR) -> World:
    """A world in which the scenario has been on for an hour and is on still."""
    return fresh(history=history, past=(episode(SCENARIOS[name], NOW - HOUR),))


def success(world: World) -> float:
    return world.truth.success_share(STEADY, NOW) or 0.0


def lag_ms(world: World) -> float:
    return float(np.percentile(world.truth.events("webhook.processed", STEADY, NOW).ms, 50))


def render_ms(world: World) -> float:
    return float(np.percentile(world.truth.events("receipt.rendered", STEADY, NOW).ms, 50))


def failed_receipts(world: World) -> float:
    failed = world.truth.count("receipt.failed", STEADY, NOW)
    return failed / (failed + world.truth.count("receipt.rendered", STEADY, NOW))


def expired(world: World) -> float:
    return world.truth.count("checkout.expired", NOW - 25 * MINUTE, NOW)


def failed_retries(world: World) -> float:
    return float(np.sum(world.truth.events("retry.completed", NOW - 15 * MINUTE, NOW).code != NO_CODE))


@pytest.mark.parametrize(
    ("name", "measure", "low", "high"),
    [
        ("issuer-outage", success, 0.91, 0.94),
        ("webhook-lag", lag_ms, 200_000, 330_000),
        ("renderer-down", render_ms, 2000, 4000),
        ("renderer-down", failed_receipts, 0.3, 0.4),
        ("expiry-wave", expired, 11, 200),
        ("retry-storm", failed_retries, 6, 100),
    ],
)
def test_a_scenario_does_what_it_says(name: str, measure: Callable[[World], float], low: float, high: float) -> None:
    """It moves what it is about out of its usual range, as far as was promised."""
    assert low < measure(with_past(name)) < high
    assert not low < measure(fresh(history=4 * HOUR)) < high


def test_an_outage_has_its_own_reasons() -> None:
    """The codes of an issuer that is down grow; the customer's own stay as they were."""
    outage, ordinary = (world.truth.failures(STEADY, NOW) for world in (with_past("issuer-outage"), fresh(history=4 * HOUR)))
    assert outage["do_not_honor"] > 5 * ordinary["do_not_honor"]
    assert outage["insufficient_funds"] < 2 * ordinary["insufficient_funds"]


def test_newcomers_find_an_outage_in_their_first_six_hours() -> None:
    """The usual past has one breach about two and a half hours ago, and its reasons grew against the day before."""
    truth = usual().truth
    share = truth.success_share(NOW - 150 * MINUTE, NOW - 136 * MINUTE)
    today, yesterday = truth.failures(NOW - DAY, NOW), truth.failures(NOW - 2 * DAY, NOW - DAY)
    assert share is not None
    assert 0.91 < share < 0.94
    assert today["do_not_honor"] > 1.3 * yesterday["do_not_honor"]
    assert today["issuer_not_available"] > 2 * yesterday["issuer_not_available"]


def test_newcomers_find_notes_of_what_people_did() -> None:
    """An override and a deploy stand in the last six hours."""
    kinds = {mark.kind for mark in usual().marks(ms(NOW - 6 * HOUR), ms(NOW))}
    assert kinds == {"window_override", "deploy"}


def test_a_scenario_starts_and_stops_while_the_world_runs() -> None:
    """It is felt after its start, no more after its stop, and leaves what was before alone."""
    world = fresh()
    before = world.truth.failures(NOW - HOUR, NOW)
    world.start("issuer-outage")
    world.clock.jump(30 * MINUTE)
    world.stop("issuer-outage")
    world.clock.jump(30 * MINUTE)
    during, after = (world.truth.success_share(NOW + start * MINUTE, NOW + (start + 20) * MINUTE) or 0.0 for start in (8, 38))
    assert during < 0.95
    assert after > 0.975
    assert world.truth.failures(NOW - HOUR, NOW) == before


def test_running_names_what_is_on() -> None:
    """From the start until the stop, and not beyond its length."""
    world = fresh(history=HOUR)
    world.start("webhook-lag")
    world.start("renderer-down", lasting=10 * MINUTE)
    assert names(world.running()) == ["webhook-lag", "renderer-down"]
    world.clock.jump(11 * MINUTE)
    assert names(world.running()) == ["webhook-lag"]
    world.stop("webhook-lag")
    assert names(world.running()) == []


def test_a_scenario_that_is_on_goes_on() -> None:
    """Starting it again changes nothing."""
    world = fresh(history=HOUR)
    assert world.start("webhook-lag") is world.start("webhook-lag")


def test_a_scenario_can_wait_for_its_time() -> None:
    """It begins when it was told to, and can be called off before."""
    world = fresh(history=HOUR)
    world.start("webhook-lag", at=NOW + 5 * MINUTE)
    world.start("retry-storm", at=NOW + 5 * MINUTE)
    world.stop("retry-storm")
    assert names(world.running()) == []
    world.clock.jump(6 * MINUTE)
    assert names(world.running()) == ["webhook-lag"]


def test_the_past_cannot_be_given_a_scenario() -> None:
    """A start before now means now."""
    world = fresh(history=HOUR)
    assert world.start("webhook-lag", at=NOW - DAY).start_ms == ms(NOW)


def test_an_unknown_scenario_is_an_error() -> None:
    """Nobody thinks that an outage runs when it does not."""
    with pytest.raises(KeyError):
        fresh(history=HOUR).start("meteor")


def test_staging_feels_nothing() -> None:
    """Scenarios strike the main environment alone."""
    hit, ordinary = (
        world.truth.count("checkout.failed", NOW - HOUR, NOW, "staging") for world in (with_past("issuer-outage"), fresh())
    )
    assert abs(hit - ordinary) < 5


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenarios_are_told_in_one_sentence(name: str) -> None:
    """Title and sentence are for people, the name is for the command line."""
    scenario = SCENARIOS[name]
    assert scenario.name == name
    assert scenario.title
    assert scenario.does.endswith(".")


@pytest.mark.parametrize("hour", [3, 14])
@pytest.mark.parametrize(
    ("scenario", "rule", "fires_min", "over_min"),
    [
        ("issuer-outage", "checkout-success-rate", 20, 15),
        ("webhook-stopped", "webhook-lag", 5, 15),
        ("webhook-lag", "webhook-lag", 10, 15),
        ("expiry-wave", "window-expired", 65, 110),
        ("retry-storm", "retry-failures", 10, 20),
        ("renderer-down", "receipt-render-failures", 5, 10),
    ],
)
def test_a_scenario_makes_its_rule_fire_and_recover(scenario: str, rule: str, fires_min: int, over_min: int, hour: int) -> None:
    """By day and by night: within minutes of its start, and for good within minutes of its end, or what it left behind."""
    start = NOW.replace(hour=hour, second=0)
    world = fresh(at=start, history=8 * HOUR)
    world.start(scenario)
    world.clock.jump(2 * HOUR)
    world.stop(scenario)
    world.clock.jump(3 * HOUR)
    fired = np.flatnonzero(RULES[rule].fires(world, start - HOUR, start + 5 * HOUR - MINUTE)) - 60
    assert 0 < fired[0] <= fires_min
    assert fired[-1] <= 120 + over_min


@pytest.mark.parametrize("rule", RULES)
def test_nothing_fires_while_nothing_is_wrong(rule: str) -> None:
    """A week without any scenario breaches no rule in any minute."""
    assert not RULES[rule].fires(calm(), NOW - 7 * DAY, NOW).any()


@pytest.mark.parametrize("rule", RULES)
def test_newcomers_are_not_met_by_an_alert(rule: str) -> None:
    """The outage of the usual past is over: what it left behind breaches no rule in the first four hours."""
    world = fresh(history=12 * HOUR, past=None)
    world.clock.jump(4 * HOUR)
    assert not RULES[rule].fires(world, NOW, NOW + 4 * HOUR - MINUTE).any()


def names(episodes: tuple[Episode, ...]) -> list[str]:
    return [each.scenario.name for each in episodes]
