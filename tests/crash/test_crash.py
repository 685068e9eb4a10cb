"""The short form of `make crash`: a process killed at random, and at points between two effects, loses and repeats nothing."""

from __future__ import annotations

import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.crash.feed import SECOND, Plan
from tests.crash.oracle import begun_anew, faults
from tests.crash.rig import badly_ended, child, point_kills, random_kills, random_terms, says
from tests.crash.until import until
from tests.crash.world import World, serving

SEED = 20_261_125


@pytest.mark.timeout(240)
def test_random_kills_lose_nothing_and_say_nothing_twice(tmp_path: Path) -> None:
    """While one call in ten that is accepted looks as if it had failed."""
    verdict = random_kills(8, SEED, f"sqlite:///{tmp_path}/random.db")
    assert verdict.faults == ()
    assert verdict.transitions > 0


@pytest.mark.timeout(240)
def test_kills_between_two_effects_lose_nothing_and_say_nothing_twice(tmp_path: Path) -> None:
    """Accepted but not noted, noted but not committed: the message stands once."""
    points = ("before_commit", "after_commit", "before_send", "after_send_before_mark")
    verdict, hit = point_kills(1, SEED, f"sqlite:///{tmp_path}/points.db", points)
    assert verdict.faults == ()
    assert set(hit) == set(points)


@pytest.mark.timeout(240)
def test_sigterm_at_any_moment_ends_well_and_loses_nothing(tmp_path: Path) -> None:
    """Exit code 0 within 10 s, also while something is being sent: that is finished, or looked up by the next process.

    Nothing is said twice, not even for a while.
    """
    verdict = random_terms(10, SEED, f"sqlite:///{tmp_path}/terms.db")
    assert (verdict.faults, verdict.repaired) == ((), 0)
    assert verdict.transitions > 0


@pytest.mark.timeout(120)
def test_pagers_hear_in_seconds_while_slack_is_down(tmp_path: Path) -> None:
    """And Slack hears all of it once, when it is back: one message, which says how it stands."""
    with serving(World(SEED, down=frozenset({"slack"}))) as world:
        plan = Plan(datetime.now(UTC).replace(microsecond=0), 2, bad_s=6)
        with child(f"sqlite:///{tmp_path}/down.db", world, plan) as process:
            assert says(process)
            until(lambda: len(world.events) >= 1, 30)
            late_s = world.events[0][0] - (plan.begin(0) + SECOND).timestamp()
            assert late_s < 5
            assert world.visible() == []
            world.down = frozenset()
            until(lambda: not faults(world, plan), 60)


@pytest.mark.timeout(120)
def test_a_restored_backup_says_nothing_twice(tmp_path: Path) -> None:
    """What began since the backup stands in Slack already: its message is found, and its incident is the same."""
    file, backup = tmp_path / "paybot.db", tmp_path / "backup.db"
    with serving(World(SEED)) as world:
        plan = Plan(datetime.now(UTC).replace(microsecond=0) + 3 * SECOND, 4, bad_s=25)
        with child(f"sqlite:///{file}", world, plan) as process:
            assert says(process)
            until(lambda: datetime.now(UTC) > plan.start, 10)
            assert not [*badly_ended(process)]
        shutil.copy(file, backup)
        with child(f"sqlite:///{file}", world, plan) as process:
            assert says(process)
            until(lambda: len(world.visible()) == 3, 30)
            assert not [*badly_ended(process)]
        for each in tmp_path.glob("paybot.db*"):
            each.unlink()
        shutil.copy(backup, file)
        told = len(world.messages)
        with child(f"sqlite:///{file}", world, plan) as process:
            assert says(process)
            until(lambda: datetime.now(UTC) > plan.end() and not faults(world, plan), 90)
    assert told >= 3
    assert [*faults(world, plan), *begun_anew(world)] == []


@pytest.mark.timeout(60)
def test_a_killed_process_is_back_within_three_seconds(tmp_path: Path) -> None:
    """Its database holds open episodes and unfinished business."""
    with serving(World(SEED)) as world:
        plan = Plan(datetime.now(UTC).replace(microsecond=0), 4)
        took = []
        for _ in range(3):
            start = time.monotonic()
            with child(f"sqlite:///{tmp_path}/back.db", world, plan) as process:
                assert says(process)
                took.append(time.monotonic() - start)
                time.sleep(1.0)
    assert sorted(took)[1] < 3
