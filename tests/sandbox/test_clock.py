"""The sandbox's time."""

from __future__ import annotations

import pytest

from sandbox.clock import FASTEST, Clock
from tests.sandbox.company import HOUR, MINUTE, NOW, still


def test_a_clock_runs_at_its_speed_and_jumps() -> None:
    """Simulated time is the start, plus real time times the speed, plus the jumps."""
    real = iter([1000.0, 1010.0, 1010.0])
    clock = Clock(NOW, speed=60, real=lambda: next(real))
    assert clock.now() == NOW + 10 * MINUTE
    clock.jump(HOUR)
    assert clock.now() == NOW + 10 * MINUTE + HOUR


def test_another_speed_counts_from_now_on() -> None:
    """What has passed stays passed; no time is jumped over."""
    real = iter([1000.0, 1010.0, 1010.0, 1020.0])
    clock = Clock(NOW, speed=60, real=lambda: next(real))
    clock.run(6)
    assert clock.speed == 6
    assert clock.now() == NOW + 10 * MINUTE
    assert clock.now() == NOW + 11 * MINUTE


@pytest.mark.parametrize("speed", [0, -1, FASTEST + 1, float("nan"), float("inf")])
def test_a_speed_has_bounds(speed: float) -> None:
    """It neither stands still nor runs away from the time that signatures are good for."""
    with pytest.raises(ValueError, match="speed"):
        Clock(NOW).run(speed)


def test_a_clock_without_a_start_tells_the_real_time() -> None:
    """None means now."""
    assert Clock(real=lambda: 1_795_356_030.0).now() == NOW


def test_time_never_runs_back() -> None:
    """Neither a negative speed nor a jump back is taken."""
    with pytest.raises(ValueError, match="negative"):
        Clock(NOW, speed=-1)
    with pytest.raises(ValueError, match="back"):
        still().jump(-MINUTE)


def test_a_clock_follows_another() -> None:
    """On the same course, in whatever process, both tell the same time; every change is told."""
    real = 1000.0
    clock, other = Clock(NOW, speed=60, real=lambda: real), Clock(real=lambda: real)
    clock.on_change(other.follow)
    clock.run(600)
    real = 1010.0
    assert other.now() == clock.now() == NOW + 100 * MINUTE
    clock.jump(HOUR)
    assert other.now() == clock.now() == NOW + 100 * MINUTE + HOUR
