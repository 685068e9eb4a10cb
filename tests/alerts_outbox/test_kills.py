"""A process that ends at any step loses nothing and leaves nothing twice: its successor finds the truth at the channel."""

from __future__ import annotations

import random

import pytest

from bot.alerts.outbox import FAILPOINTS
from tests.alerts_outbox.stage import LEASE_S, Killed, Stage, intent

KILLS = 6
EPISODES = 8


def lived(stage: Stage, owner: int, at: str, nth: int, seconds: float) -> bool:
    """Runs one process until it is killed the nth time that it comes by a failpoint, or for so many seconds; False: killed."""
    left = [nth]

    def failpoint(name: str) -> None:
        if at in {name, "any"}:
            left[0] -= 1
            if not left[0]:
                raise Killed(name)

    try:
        stage.run(stage.dispatcher(f"process {owner}", failpoint), seconds, step_s=2)
    except Killed:
        stage.clock.advance(LEASE_S)
        return False
    return True


def owed(stage: Stage) -> None:
    """Some episodes with a message, a line, a change and a line, while Slack is at its worst."""
    faults = ["arrives 20", "accepted", "well", "lost", "arrives 40", "later 3", "arrives 5", "down", "arrives 90"]
    stage.slack.sends.extend(faults * 4)
    for episode in range(EPISODES):
        stage.owe(
            *(intent(f"e{episode}", seq, "show" if seq % 2 else "note", priority=episode % 3) for seq in range(1, 5)),
        )


def check(stage: Stage) -> None:
    """Nothing is lost, nothing stands twice, each episode is told in order, and its newest state is shown."""
    keys = stage.slack.seen()
    standing = stage.slack.standing()
    assert len(keys) == len(set(keys))
    assert stage.statuses() == {"done"}
    assert stage.slack.early == 0
    for episode in {row.episode for row in stage.rows()}:
        told = [each for each in standing if each.episode == episode]
        assert [each.seq for each in told] == sorted(each.seq for each in told)
        assert max(each.shows for each in told) == stage.slack.state[episode]
        notes = {row.key for row in stage.rows() if row.episode == episode and row.kind != "show"}
        assert notes <= {each.key for each in told}


@pytest.mark.parametrize("at", FAILPOINTS)
def test_killed_at_a_failpoint_again_and_again(stage: Stage, at: str) -> None:
    """Six processes in a row end at the same step, each at its second time there: 0 lost, 0 twice."""
    owed(stage)
    kills = 0
    while kills < KILLS and not lived(stage, kills, at, 1 + kills % 2, 1_500):
        kills += 1
    assert kills == KILLS
    assert lived(stage, KILLS, "none", 1, 1_500)
    check(stage)


@pytest.mark.parametrize("seed", range(6))
def test_killed_anywhere(stage: Stage, seed: int) -> None:
    """Processes end at random steps, dozens of them in a row: 0 lost, 0 twice."""
    dice = random.Random(seed)
    owed(stage)
    kills = 0
    while kills < 40 and not lived(stage, kills, "any", dice.randrange(1, 12), 1_500):
        kills += 1
    assert lived(stage, kills, "none", 1, 1_500)
    check(stage)


def test_the_pager_is_told_through_all_kills(stage: Stage) -> None:
    """One incident for each episode, triggered before it is resolved, whatever ends where."""
    dice = random.Random(1)
    for number in range(20):
        stage.owe(intent(f"e{number}", 1, "trigger", target="pagerduty"), intent(f"e{number}", 2, "resolve", target="pagerduty"))
    stage.pager.sends.extend(["accepted", "lost", "well", "down", "well"] * 12)
    for owner in range(30):
        left = [dice.randrange(1, 7)]

        def failpoint(name: str, left: list[int] = left) -> None:
            left[0] -= 1
            if not left[0]:
                raise Killed(name)

        with pytest.raises(Killed):
            stage.run(stage.dispatcher(f"process {owner}", failpoint), 1_000, target="pagerduty")
        stage.clock.advance(LEASE_S)
    stage.run(stage.dispatcher("last"), 300, target="pagerduty")
    assert stage.statuses() == {"done"}
    for number in range(20):
        assert [key for key in stage.pager.incidents() if f".e{number}." in key] == [
            f"pagerduty.e{number}.{seq}" for seq in (1, 2)
        ]
