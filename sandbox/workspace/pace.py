"""How fast the bot may post: about one message a second in each channel, with short bursts."""

from __future__ import annotations

import math
from collections.abc import Callable

PER_SECOND = 1.0
BURST = 4.0


class Pace:
    """One allowance per channel. `seconds` is a monotonic clock; a `per_second` of 0 lets everything through."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self.per_second = PER_SECOND
        self._left: dict[str, tuple[float, float]] = {}

    def wait_s(self, channel: str) -> int:
        """0 when the channel may have one more message now (which counts), else whole seconds until it may."""
        if not self.per_second:
            return 0
        now = self._seconds()
        left, at = self._left.get(channel, (BURST, now))
        left = min(BURST, left + (now - at) * self.per_second)
        allowed = left >= 1
        self._left[channel] = (left - allowed, now)
        return 0 if allowed else max(1, math.ceil((1 - left) / self.per_second))
