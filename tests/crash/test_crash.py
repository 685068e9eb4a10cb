"""The short form of `make crash`: a process killed at random, and at points between two effects, loses and repeats nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.rig import point_kills, random_kills

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
