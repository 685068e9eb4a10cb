"""The sandbox's time: real, or started anywhere and run at any speed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

FASTEST = 600.0  # the five minutes for which the bot takes a signed request are half a second then


@dataclass(frozen=True, slots=True)
class Course:
    """How a clock goes: at `began` (real epoch seconds) it stood at `start` and went on at `speed`.

    Clocks of one machine that are on the same course tell the same time.
    """

    began: float
    start: float
    speed: float


class Clock:
    """Tells the simulated time. Threads may share it.

    `start` is an aware datetime (None: the real time), `speed` simulated seconds per real second, `real` the source of real
    epoch seconds.
    """

    def __init__(self, start: datetime | None = None, speed: float = 1.0, real: Callable[[], float] = time.time) -> None:
        if speed < 0:
            raise ValueError("a clock's speed cannot be negative")
        self._real = real
        began = real()
        self._course = Course(began, began if start is None else start.timestamp(), speed)
        self._lock = threading.Lock()
        self._heard: list[Callable[[Course], None]] = []

    def now(self) -> datetime:
        """The simulated time: aware, UTC."""
        return datetime.fromtimestamp(self._now_s(), UTC)

    @property
    def course(self) -> Course:
        """How it goes now."""
        return self._course

    @property
    def speed(self) -> float:
        """Simulated seconds per real second."""
        return self._course.speed

    def run(self, speed: float) -> None:
        """Goes on from now at another speed; no time is jumped over."""
        if not 0 < speed <= FASTEST:
            raise ValueError(f"a clock's speed is more than 0, at most {FASTEST:g}")
        with self._lock:
            self.follow(Course(real := self._real(), self._at(real), speed))

    def jump(self, by: timedelta) -> None:
        """Moves the time forward at once; time never runs back."""
        if by < timedelta(0):
            raise ValueError("a clock cannot jump back")
        with self._lock:
            course = self._course
            self.follow(Course(course.began, course.start + by.total_seconds(), course.speed))

    def follow(self, course: Course) -> None:
        """Tells the time of another clock from now on."""
        self._course = course
        for hear in self._heard:
            hear(course)

    def on_change(self, hear: Callable[[Course], None]) -> None:
        """Tells `hear` every new course, in order; it must not wait."""
        self._heard.append(hear)

    def _now_s(self) -> float:
        return self._at(self._real())

    def _at(self, real: float) -> float:
        course = self._course
        return course.start + (real - course.began) * course.speed
