"""What Datadog tells of its limits, and who may still ask: dashboards stop first, the rules of alerts at a refusal only."""

from __future__ import annotations

import math
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.sources.faults import RateLimited, pause

RESERVE = 0.3  # of a limit: what dashboards leave to the rules at least
RESERVE_AT_MOST = 0.8  # however much the rules ask, dashboards are not shut out for good
COUNTED_S = 600.0  # what the rules asked in so long says what they will need
BELIEVED_S = 3600.0  # no answer stops questions for longer than this: then one is tried
SAME_PERIOD_S = 2.0  # resets come in whole seconds: two that are so close are one


class Kept(RateLimited):
    """A dashboard's question that is not asked, so that the rules can ask until the limit is renewed in `wait_s` seconds."""

    def __init__(self, wait_s: float, until: str = "") -> None:
        super().__init__(wait_s)
        self.said = f"has nearly used up its request limit: the rest is kept for alerts {until or f'for {pause(wait_s)}'}"
        self.args = (self.said,)


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit as it was told last: questions in a period, how many remain, when it is renewed (monotonic seconds).

    `refused` says that a question was refused (429): until it is renewed there is nothing for anybody.
    """

    size: int
    remaining: int
    resets: float
    refused: bool = False

    def reserve(self, rules_per_s: float, now: float) -> float:
        """What dashboards leave: RESERVE, or more where the rules will ask more than that before the limit is renewed."""
        return min(RESERVE_AT_MOST * self.size, max(RESERVE * self.size, rules_per_s * (self.resets - now)))

    def wait_s(self, now: float, reserve: float | None) -> float:
        """How long a question waits that leaves a reserve (None: that takes the last one too); 0 where it may be asked now."""
        if now >= self.resets:
            return 0.0
        short = reserve is not None and self.remaining - 1 < reserve
        return self.resets - now if self.refused or short else 0.0


class Limits:
    """The limits of one API by Datadog's name of each; which path falls under which is learnt from the answers.

    Threads may share it; `clock` is monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._names: dict[str, str] = {}  # by path
        self._limits: dict[str, Limit] = {}  # by name
        self._rules: deque[tuple[float, str]] = deque(maxlen=2_000)  # when rules asked, and on which path
        self._begun = 0.0

    def admit(self, path: str, *, rules: bool) -> None:
        """Returns where the question may be asked now. Raises RateLimited, with how long to wait, where it may not."""
        with self._lock:
            now = self._clock()
            name = self._names.get(path, path)
            limit = self._limits.get(name)
            reserve = None if rules or limit is None else limit.reserve(self._rate(name, now), now)
            wait_s = limit.wait_s(now, reserve) if limit else 0.0
            if limit and wait_s:
                raise RateLimited(wait_s) if limit.refused else Kept(wait_s)
            if rules:
                self._begun = self._begun or now
                self._rules.append((now, path))

    def hear(self, path: str, status: int, headers: Mapping[str, str]) -> None:
        """Keeps what an answer of any status says of its limit."""
        wait_s = pause_s(headers) if status == 429 else number(headers.get("X-RateLimit-Reset", ""))
        size, remaining = (number(headers.get(f"X-RateLimit-{part}", "")) for part in ("Limit", "Remaining"))
        if wait_s is None or (status != 429 and (size is None or remaining is None)):
            return
        with self._lock:
            now = self._clock()
            name = self._names[path] = headers.get("X-RateLimit-Name", "")[:100] or path
            told = Limit(int(size or 0), int(remaining or 0), now + min(wait_s, BELIEVED_S), status == 429)
            self._limits[name] = together(self._limits.get(name), told, now)

    def told(self) -> tuple[tuple[str, int, int], ...]:
        """Each limit that still counts: its name, how many questions remain, and of how many."""
        with self._lock:
            now = self._clock()
            return tuple((name, each.remaining, each.size) for name, each in self._limits.items() if now < each.resets)

    def _rate(self, name: str, now: float) -> float:
        """How many questions a second the rules have asked lately under this limit."""
        many = sum(1 for at, path in self._rules if at > now - COUNTED_S and self._names.get(path, path) == name)
        return many / min(COUNTED_S, max(60.0, now - self._begun))


def together(known: Limit | None, told: Limit, now: float) -> Limit:
    """The newest word on a limit; of answers that overtook each other in the same period the one that leaves less."""
    if known is None or now >= known.resets or (told.refused and not known.refused):
        return told
    if known.refused and not told.refused:
        return known
    if abs(told.resets - known.resets) > SAME_PERIOD_S:
        return told
    return replace(told, remaining=min(told.remaining, known.remaining))


def pause_s(headers: Mapping[str, str]) -> float | None:
    """How long a refusal asks us to wait: the longer of what its two headers say, None where neither is a whole number."""
    said = (number(headers.get(name, "")) for name in ("X-RateLimit-Reset", "Retry-After"))
    return max((each for each in said if each is not None), default=None)


def number(text: str) -> float | None:
    """A header's whole number; None for anything else."""
    return float(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


@contextmanager
def told_until(now: Callable[[], datetime], zone: str) -> Iterator[None]:
    """A question that was kept back is told with the time in `zone` from which on it can be asked, rounded up to minutes."""
    try:
        yield
    except Kept as kept:
        at = now() + timedelta(seconds=kept.wait_s or 0.0)
        minute = datetime.fromtimestamp(math.ceil(at.timestamp() / 60) * 60, ZoneInfo(zone))
        raise Kept(kept.wait_s or 0.0, f"until {minute:%H:%M}") from kept
