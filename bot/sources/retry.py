"""How long a source may take, and when it is worth asking again: one deadline holds for all attempts of a fetch."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import stamina

from bot.ports import SourceError
from bot.sources.faults import RateLimited, Refused, missed

ATTEMPTS = 3
PAUSE_S, PAUSE_AT_MOST_S = 0.1, 0.4  # between attempts: doubled after each, with as much again by chance, so that many spread
WORTH_S = 0.5  # with less time left than this another attempt would only end as a timeout
LONGEST_WAIT_S = 5.0  # a source that asks for a longer pause than this is not waited for

log = logging.getLogger(__name__)
K = TypeVar("K")
T = TypeVar("T")


class Deadline:
    """The end of a fetch, `timeout_s` seconds after its start."""

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self._end = time.monotonic() + timeout_s

    def left(self) -> float:
        """The seconds left, above zero; raises SourceError when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise missed(self.timeout_s)
        return left

    def fits(self, wait_s: float) -> bool:
        """Whether an attempt after a pause of `wait_s` would still have time for an answer."""
        return time.monotonic() + wait_s + WORTH_S < self._end


def patiently(attempt: Callable[[], T], deadline: Deadline) -> T:
    """What `attempt` returns, asked again after a failure that may pass, as long as the deadline allows."""
    caller = stamina.RetryingCaller(
        attempts=ATTEMPTS, timeout=None, wait_initial=PAUSE_S, wait_jitter=PAUSE_S, wait_max=PAUSE_AT_MOST_S
    )
    return caller.on(_Patience(deadline))(attempt)


def apart(ask: Callable[[tuple[K, ...]], dict[str, T]], asked: Iterable[K], key_of: Callable[[K], str]) -> dict[str, T | Refused]:
    """What `ask` says of all these; where the source refuses them together each half is asked alone, down to the one at fault.

    So one wrong question costs a few requests more and not the answers to the others.
    """
    every = tuple(asked)
    try:
        return {**ask(every)}
    except Refused as refused:
        if len(every) == 1:
            log.warning("a source refused a query", extra={"query": key_of(every[0])})
            return {key_of(every[0]): refused}
        half = len(every) // 2
        return apart(ask, every[:half], key_of) | apart(ask, every[half:], key_of)


def some(found: dict[str, T]) -> dict[str, T]:
    """The answers to several queries; raises the first one's error where there is nothing but errors."""
    errors = [answer for answer in found.values() if isinstance(answer, SourceError)]
    if errors and len(errors) == len(found):
        raise errors[0]
    return found


@dataclass
class _Patience:
    """After each failure: how many seconds to wait before the next attempt, True for a growing pause, False to give up."""

    deadline: Deadline
    waited: bool = False

    def __call__(self, error: Exception) -> bool | float:
        if isinstance(error, RateLimited):
            return self._after_limit(error.wait_s)
        return isinstance(error, SourceError) and error.kind == "unavailable" and self.deadline.fits(PAUSE_AT_MOST_S)

    def _after_limit(self, wait_s: float | None) -> bool | float:
        """Waits once: a second refusal means that others use up the limit."""
        if self.waited or wait_s is None or wait_s > LONGEST_WAIT_S or not self.deadline.fits(wait_s):
            return False
        self.waited = True
        return wait_s
