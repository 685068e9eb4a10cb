"""The scheduler knocks until it is stopped, whenever that is."""

from __future__ import annotations

import threading
import time

import pytest

from bot.schedule import Schedule


def test_every_job_is_called_again_and_again_until_the_stop() -> None:
    """One that fails or is slow keeps none of the others waiting."""
    knocked = threading.Semaphore(0)

    def fail() -> None:
        raise ValueError

    schedule = Schedule({"fails": fail, "slow": lambda: time.sleep(0.3), "knocks": knocked.release}, 0.01)
    schedule.start()
    assert all(knocked.acquire(timeout=5) for _ in range(3))
    schedule.stop()
    time.sleep(0.05)  # what was under way
    while knocked.acquire(blocking=False):
        pass
    assert not knocked.acquire(timeout=0.1)


@pytest.mark.parametrize("after_s", [0.0, 0.001, 0.005, 0.02, 0.1])
def test_a_stop_while_it_starts_ends_it(after_s: float) -> None:
    """A process may be told to end at any moment of its start."""
    schedule = Schedule({"knocks": lambda: None}, 1.0)
    starting = threading.Thread(target=schedule.start)
    starting.start()
    time.sleep(after_s)
    schedule.stop()
    starting.join(5)
    assert not starting.is_alive()
    assert not any(thread.name.startswith("APScheduler") and thread.is_alive() for thread in threading.enumerate())
