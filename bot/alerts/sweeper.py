"""Looks once more at what took several attempts: an owner that was paused may have sent it after all, and that is repaired."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import timedelta
from typing import Final

from bot.alerts.channel import Channel, Surroundings
from bot.alerts.intent import Intent, SendError
from bot.alerts.pace import Pace
from bot.store import outbox

LEAST_S: Final = 5.0
CROWD: Final = 100  # more than the store shows at once: then one look has to do

log = logging.getLogger(__name__)


class Sweeper:
    """One channel's second looks, by the channel's thread: after twice the lease and after `last_look_s`. Raises StoreError.

    Of several the one stays that the store names, as the episode's thread hangs on it, else the earliest. A late owner
    decides alike, so that the two never remove each other's. The first look is remembered only here: a restart repeats it.
    """

    def __init__(self, channel: Channel, around: Surroundings) -> None:
        self._channel = channel
        self._around = around
        self._first = timedelta(seconds=max(LEAST_S, 2 * around.lease_s))
        self._last = timedelta(seconds=around.last_look_s)
        self._looked: set[str] = set()
        self._failures: Counter[str] = Counter()
        self._pace = Pace()

    def sweep(self) -> bool:
        """Looks at one that is due; False when none is, or the channel could not be asked."""
        if self._channel.blocked_s() or self._pace.blocked_s(self._around.now()):
            return False
        intent, last = self._due()
        if intent is None:
            return False
        self._around.failpoint("before_sweep")
        try:
            self._repair(intent)
        except SendError as error:
            if not self._given_up(intent, error):
                return False
        self._done(intent, last=last)
        return True

    def _due(self) -> tuple[Intent | None, bool]:
        """The next one, and whether it is its last look; those that could not be looked at let the others go first."""
        now, target = self._around.now(), self._channel.target
        with self._around.database.begin() as conn:
            last = outbox.to_sweep(conn, target, now - self._last)
            shown = outbox.to_sweep(conn, target, now - self._first)
        self._looked &= {each.key for each in shown}
        due = last or tuple(each for each in shown if each.key not in self._looked)
        return min(due, key=lambda each: self._failures[each.key], default=None), bool(last) or len(shown) >= CROWD

    def _repair(self, intent: Intent) -> None:
        """What stands twice is withdrawn; a pager that may have been told after the end hears of the end again."""
        if self._channel.idempotent:
            self._channel.end_again(intent)
            return
        found = self._channel.look(intent)
        self._around.failpoint("after_sweep_look")
        kept = intent.remote_id if intent.remote_id in found else found[0] if found else ""
        for each in found:
            if each != kept:
                self._channel.withdraw(intent, each)

    def _given_up(self, intent: Intent, error: SendError) -> bool:
        """Whether looking again is of no use; else it is tried again after a pause."""
        if error.outcome == "refused":
            self._around.counts.unrepaired(self._channel.target)
            log.warning("what may stand twice could not be looked at", extra={"target": intent.target, "said": error.said})
            return True
        self._failures[intent.key] += 1
        self._pace.failed(self._around.now(), 1)
        if error.after_s:
            self._channel.again_at(intent, error)
        return False

    def _done(self, intent: Intent, *, last: bool) -> None:
        self._pace.answered(self._around.now())
        self._failures.pop(intent.key, None)
        self._looked.add(intent.key)
        if last:
            self._around.failpoint("before_swept")
            with self._around.database.begin() as conn:
                outbox.swept(conn, intent.key, self._around.now())
            self._around.failpoint("after_swept")
