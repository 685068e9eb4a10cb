"""Hundreds of rules in a real process: one breach among them is told in seconds, and a storm in few messages."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.alerts.watch import LOOK_S
from tests.crash.feed import FIRST, SECOND, Plan, is_critical, name_of
from tests.crash.oracle import storm_faults
from tests.crash.rig import child, says
from tests.crash.until import until
from tests.crash.world import World, serving

RULES = 500
TICK_S = 2
LATE_S = 3.0  # from the end of a tick's time to its message
CRITICAL_S = 60.0
MOST_MESSAGES = 20
LONG_S = 600
OPSGENIE = 10  # every tenth alert: its interface takes two calls for each
PAGED_S = 100.0  # until the last of the uncritical has its incident, on a machine that is busy with other things too


def plan_of(breaking: int, apart_s: int = 0) -> Plan:
    """Hundreds of rules, some of which break for good, at the beginning of a tick's time."""
    start = datetime.fromtimestamp(time.time() // TICK_S * TICK_S, UTC)
    return Plan(start, RULES, breaking, apart_s, LONG_S, OPSGENIE)


def due(plan: Plan, rule: int) -> float:
    """When the tick is due that sees the rule broken for the first time."""
    assert FIRST % TICK_S == 0
    return (plan.begin(rule) + TICK_S * SECOND).timestamp()


@pytest.mark.timeout(60)
def test_one_breach_among_hundreds_of_rules_is_told_within_three_seconds(tmp_path: Path) -> None:
    """Counted from the end of its tick's time until the message stands in Slack; each of three in a row."""
    with serving(World(paced=True)) as world:
        plan = plan_of(3, TICK_S)
        with child(f"sqlite:///{tmp_path}/one.db", world, plan, tick_s=TICK_S, look_s=LOOK_S) as process:
            assert says(process)
            until(lambda: len(world.visible()) >= plan.broken, 30)
        late_s = {name_of(rule): stood(world, name_of(rule)) - due(plan, rule) for rule in range(plan.broken)}
    assert max(late_s.values()) < LATE_S, late_s
    assert min(late_s.values()) > 0


@pytest.mark.timeout(150)
def test_a_storm_is_told_in_few_messages_and_loses_nothing(tmp_path: Path) -> None:
    """500 instances at once: at most 20 messages, the critical ones within a minute, and an incident for each that has one."""
    with serving(World(paced=True)) as world:
        plan = plan_of(RULES)
        with child(f"sqlite:///{tmp_path}/storm.db", world, plan, tick_s=TICK_S, look_s=LOOK_S) as process:
            assert says(process)
            until(lambda: not storm_faults(world, plan), PAGED_S)
            critical_s = max(stood(world, name_of(rule)) for rule in range(RULES) if is_critical(rule)) - due(plan, 0)
            time.sleep(1.0)
        assert storm_faults(world, plan) == []
    assert len(world.messages) <= MOST_MESSAGES
    assert critical_s < CRITICAL_S
    assert world.early == 0


def stood(world: World, name: str) -> float:
    """When the message was posted that shows this rule's alert."""
    return min(each.at for each in world.visible() if f"Rule {name}" in each.blocks)
