"""One budget a channel: about a message a second with short bursts, and no call before the time that a 429 named."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from bot.slack.refusals import TooSoon

PER_S: Final = 1.0  # Slack: about one message a second and channel, more in short bursts
BURST: Final = 3
DEFAULT_S: Final = 1.0  # the pause after a 429 that names none
LONGEST_S: Final = 30.0  # no header may silence the bot for longer
LEAST_S: Final = 0.001  # a rest that rounding left of a pause must end too
MOST_LANES: Final = 1_000


class ChannelBudget:
    """When the next call may go out. A lane is a channel, or a method's name for calls that put nothing into a channel.

    `now` gives seconds that never go back, `sleep` waits so many. Threads may wait at once.
    """

    def __init__(self, now: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._now = now
        self._sleep = sleep
        self._lock = threading.Lock()
        self._blocked: dict[str, float] = {}  # until when, by lane
        self._spent: dict[str, float] = {}  # when the lane's burst is whole again

    def wait(self, lane: str, deadline: float, *, paced: bool) -> None:
        """Returns when a call may go out in this lane; raises TooSoon at once when that is after `deadline`.

        A `paced` lane takes BURST calls at once and PER_S calls a second after them.
        """
        while (pause := self._pause(lane, paced=paced)) > 0:
            if self._now() + pause > deadline:
                raise TooSoon(pause)
            self._sleep(max(pause, LEAST_S))

    def refused(self, lane: str, pause_s: float) -> None:
        """Slack answered 429: nothing goes out in this lane for so long."""
        with self._lock:
            self._blocked[lane] = max(self._blocked.get(lane, 0.0), self._now() + pause_s)

    def _pause(self, lane: str, *, paced: bool) -> float:
        """How long until a call may go out; 0 takes its place in the lane."""
        with self._lock:
            now = self._now()
            whole = max(self._spent.get(lane, now), now)
            free = whole - (BURST - 1) / PER_S if paced else now
            pause = max(self._blocked.get(lane, now), free) - now
            if pause <= 0 and paced:
                self._spent[lane] = whole + 1 / PER_S
                self._forget(now)
            return max(pause, 0.0)

    def _forget(self, now: float) -> None:
        """Lanes that are free again need no memory."""
        if len(self._spent) + len(self._blocked) > MOST_LANES:
            self._spent = {lane: until for lane, until in self._spent.items() if until > now}
            self._blocked = {lane: until for lane, until in self._blocked.items() if until > now}


def pause_s(retry_after: str, date: str = "") -> float:
    """The seconds that a Retry-After header asks for, at most LONGEST_S.

    DEFAULT_S when it is absent, unreadable or 0; an HTTP date is counted from the answer's own `date`.
    """
    text = retry_after.strip()
    try:
        asked = float(text)
    except ValueError:
        asked = _until(text, date)
    return min(asked, LONGEST_S) if asked > 0 else DEFAULT_S


def _until(moment: str, date: str) -> float:
    try:
        then, sent = (parsedate_to_datetime(text) for text in (moment, date))
        return (then.astimezone(UTC) - sent.astimezone(UTC)).total_seconds()
    except (ValueError, OverflowError):
        return 0.0
