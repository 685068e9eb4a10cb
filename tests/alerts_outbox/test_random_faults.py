"""Whatever a channel does and in whichever order, the ledger it keeps is what was owed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.ports import StoreError
from tests.alerts_outbox.stage import LEASE_S, Flaky, Killed, Stage, intent

SENDS = st.sampled_from(
    ["well", "lost", "accepted", "arrives 3", "arrives 25", "arrives 120", "later 0.5", "later 9", "down", "odd", "refused"]
)
LOOKS = st.sampled_from(["well", "lost", "later 4", "down", "odd"])
WITHDRAWALS = st.sampled_from(["well", "lost", "later 4", "down"])
STEPS = st.tuples(
    st.lists(SENDS, max_size=20),
    st.lists(LOOKS, max_size=10),
    st.lists(WITHDRAWALS, max_size=4),
    st.lists(st.tuples(st.integers(1, 15), st.integers(0, 1), st.integers(0, 2)), max_size=8),
)


def processes(stage: Stage, fates: Sequence[tuple[int, int, int]]) -> None:
    """Processes one after the other, each killed at its nth step; another is there at times, and the store fails at times."""
    beside = stage.dispatcher("beside")
    for owner, (nth, both, failures) in enumerate(fates):
        left = [nth]

        def failpoint(name: str, left: list[int] = left) -> None:
            left[0] -= 1
            if not left[0]:
                raise Killed(name)

        with suppress(Killed, StoreError):
            stage.run(stage.dispatcher(f"process {owner}", failpoint), 20, step_s=1)
        stage.clock.advance(LEASE_S * both)
        stage.database.failures = failures
        for _ in range(failures + 1):
            with suppress(StoreError):
                stage.run(beside, 5 * both, step_s=1)
        stage.database.failures = 0


def settled(stage: Stage) -> None:
    """All is well from now on, and the sweeper has had its time."""
    last = stage.dispatcher("last")
    for steps in (stage.slack.sends, stage.slack.looks, stage.slack.withdrawals):
        steps.clear()
    stage.run(last, 160, step_s=2)
    stage.run(last, 800, step_s=20)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_the_ledger_is_what_was_owed(
    migrated: Flaky, steps: tuple[list[str], list[str], list[str], list[tuple[int, int, int]]]
) -> None:
    """0 lost, 0 twice, each episode in order and shown as it stands, what was refused or given up is dead, in words."""
    stage = Stage(migrated)
    sends, looks, withdrawals, fates = steps
    stage.slack.sends.extend(sends)
    stage.slack.looks.extend(looks)
    stage.slack.withdrawals.extend(withdrawals)
    for episode in range(4):
        stage.owe(*(intent(f"e{episode}", seq, "show" if seq != 2 else "note", priority=episode % 3) for seq in (1, 2, 3)))
    processes(stage, fates)
    settled(stage)

    standing = stage.slack.standing()
    times = Counter(each.key for each in standing)
    assert max(times.values(), default=0) <= 1
    assert stage.slack.early == 0 or fates  # a successor does not know what was asked of the one before
    for row in stage.rows():
        assert row.status in {"done", "dead"}
        assert (
            row.status == "done" or row.said == "it was refused" or (row.priority and row.said.startswith("It may have arrived"))
        )
        if row.status == "done":
            assert row.remote_id in {each.id for each in standing}
        if row.status == "done" and row.kind == "note":
            assert times[row.key] == 1
    for episode in range(4):
        told = [each for each in standing if each.episode == f"e{episode}"]
        dead = {row.key for row in stage.rows() if row.status == "dead"}
        counted = [each.seq for each in told if each.key not in dead]
        assert counted == sorted(counted)
        if all(row.status == "done" for row in stage.rows() if row.episode == f"e{episode}"):
            assert max(each.shows for each in told) == 2
