"""When a channel may be called again after it asked for time, or could not be reached. Pure but for the dice."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

FIRST_S: Final = 0.5
LONGEST_S: Final = 8.0  # so that what waits goes out within 10 s of a channel's return
LONGEST_ASKED_S: Final = 300.0  # no header may silence a channel for longer
ASIDE_EVERY: Final = 4
ASIDE_S: Final = 1.0
LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


def pause_s(failures: int, dice: float) -> float:
    """The pause after so many failures in a row: doubling up to LONGEST_S; `dice`, from 0 to 1, takes up to half of it away."""
    doubled = FIRST_S * float(2 ** min(max(failures - 1, 0), 10))
    return min(doubled, LONGEST_S) * (1 - dice / 2)


class Pace:
    """One channel's pauses, kept by the one thread that calls it.

    A pause holds for everything that the channel is owed, and the most urgent is tried first after it. But who fails again and
    again lets another try at every ASIDE_EVERYth time: if that one goes through, it was not the channel that failed, and who
    failed more often than the channel did in a row waits longer than the rest.
    """

    def __init__(self, dice: Callable[[], float] = random.random) -> None:
        self._dice = dice
        self._failures = 0  # in a row
        self._until = LONG_AGO
        self._heard = LONG_AGO

    def blocked_s(self, now: datetime) -> float:
        """The seconds until the channel may be called; 0 when it may. A pause that only a clock set back made is none."""
        left = (self._until - now).total_seconds()
        return left if 0 < left <= LONGEST_ASKED_S else 0.0

    def answered(self, now: datetime) -> None:
        """The channel took a call, or refused one with a reason."""
        self._failures = 0
        self._heard = now

    def failed(self, now: datetime, attempts: int, asked_s: float = 0.0, longest_s: float = LONGEST_S) -> datetime:
        """The channel failed, asking for `asked_s` if it did; gives when an intent with so many attempts may try again.

        A pause that nobody asked for is no longer than `longest_s`.
        """
        self._failures += 1
        asked = min(asked_s, LONGEST_ASKED_S) if math.isfinite(asked_s) and asked_s > 0 else 0.0
        if asked:
            self._heard = now
        dice = self._dice()
        self._until = now + timedelta(seconds=max(asked, min(pause_s(self._failures, dice), longest_s)))
        aside = ASIDE_S if attempts % ASIDE_EVERY == 0 else 0.0
        return max(self._until, now + timedelta(seconds=min(pause_s(attempts, dice), longest_s))) + timedelta(seconds=aside)

    def alone(self, now: datetime, attempts: int, longest_s: float = LONGEST_S) -> datetime:
        """When an intent may try again that failed for a reason of its own: the channel goes on."""
        return now + timedelta(seconds=min(pause_s(attempts, self._dice()), longest_s))

    def heard_since(self, moment: datetime) -> bool:
        """Whether the channel gave any answer since then, be it that it wants time."""
        return self._heard >= moment
