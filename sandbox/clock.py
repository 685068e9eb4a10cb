"""The sandbox's time: real, or started anywhere and run at any speed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

FASTEST = 600.0  # the five minutes for which the bot takes a signed request are half a second then


class Clock:
    """Tells the simulated time. Threads may share it.

    `start` is an aware datetime (None: the real time), `speed` simulated seconds per real second, `real` the source of real
    epoch seconds.
    """

    def __init__(self, start: datetime | None = None, speed: float = 1.0, real: Callable[[], float] = time.time) -> None:
        if speed < 0:
            raise ValueError("a clock's speed cannot be negative")
        self._real = real
        self._speed = speed
        self._began = real()
        self._start = self._began if start is None else start.timestamp()
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The simulated time: aware, UTC."""
        return datetime.fromtimestamp(self._now_s(), UTC)

    @property
    def speed(self) -> float:
        """Simulated seconds per real second."""
        with self._lock:
            return self._speed

    def run(self, speed: float) -> None:
        """Goes on from now at another speed; no time is jumped over."""
        if not 0 < speed <= FASTEST:
            raise ValueError(f"a clock's speed is more than 0, at most {FASTEST:g}")
        with self._lock:
            real = self._real()
            self._start += (real - self._began) * self._speed
            self._began, self._speed = real, speed

    def jump(self, by: timedelta) -> None:
        """Moves the time forward at once; time never runs back."""
        if by < timedelta(0):
            raise ValueError("a clock cannot jump back")
        with self._lock:
            self._start += by.total_seconds()

    def _now_s(self) -> float:
        with self._lock:
            return self._start + (self._real() - self._began) * self._speed
