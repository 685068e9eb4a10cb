"""The time zones of people, remembered for an hour."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final
from zoneinfo import ZoneInfo

KEPT_S: Final = 3_600.0
MOST: Final = 2_000


class Zones:
    """Each person's zone as Slack last told it; who was not looked up for longest is forgotten first."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._known: dict[str, tuple[str | None, float]] = {}

    def knows(self, user: str) -> bool:
        """Whether Slack need not be asked; the answer may be that there is none."""
        with self._lock:
            return user in self._known and self._known[user][1] > self._now()

    def of(self, user: str) -> str | None:
        """The remembered zone, None where none is known or it is too old."""
        with self._lock:
            if user not in self._known:
                return None
            zone, until = self._known[user] = self._known.pop(user)
            return zone if until > self._now() else None

    def learn(self, user: str, zone: object) -> str | None:
        """Remembers what Slack said, if it is a zone that exists, and gives it back."""
        real = zone if isinstance(zone, str) and exists(zone) else None
        with self._lock:
            self._known.pop(user, None)
            self._known[user] = (real, self._now() + KEPT_S)
            if len(self._known) > MOST:
                del self._known[next(iter(self._known))]
        return real


def exists(zone: str) -> bool:
    """Whether it is the IANA name of a zone."""
    try:
        ZoneInfo(zone)
    except (ValueError, KeyError, OSError):  # a bad path, an unknown name, a folder of zones
        return False
    return True
