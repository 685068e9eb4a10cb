"""The retry queue and its dead letters, as SQS counts them and as CloudWatch has them over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sandbox.chance import Floats, Ints
from sandbox.ledger import Rows
from sandbox.scenarios import NEVER_MS
from sandbox.shape import MINUTE_MS

if TYPE_CHECKING:
    from sandbox.world import World


@dataclass(frozen=True, slots=True)
class Waiting:
    """The queue's messages: when each was sent, could be received, was received, and was done with (NEVER_MS: not yet)."""

    sent: Ints
    due: Ints
    received: Ints
    done: Ints

    def visible(self, at_ms: Ints) -> Ints:
        """How many wait to be received at each time."""
        return _before(self.due, at_ms) - _before(np.maximum(self.received, self.due), at_ms)

    def in_flight(self, at_ms: Ints) -> Ints:
        """How many are being worked on."""
        return _before(self.received, at_ms) - _before(self.done, at_ms)

    def delayed(self, at_ms: Ints) -> Ints:
        """How many cannot be received yet."""
        return _before(self.sent, at_ms) - _before(self.due, at_ms)

    def oldest_s(self, at_ms: Ints) -> Floats:
        """How long the oldest one that waits has waited, in seconds: 0 where none waits. `at_ms` must rise."""
        ages = np.zeros(len(at_ms))
        waited = self.received > self.due
        due, until = self.due[waited], self.received[waited]
        for place in np.argsort(-due):  # the oldest last, so that it is what counts
            low, high = np.searchsorted(at_ms, (due[place], until[place]))
            ages[low:high] = (at_ms[low:high] - due[place]) / 1000.0
        return ages


def waiting(world: World, env: str) -> Waiting:
    """The messages of the company's retry queue, as far as its history goes."""
    queued = world.events("retry.queued", env)
    begun, ended = world.events("retry.initiated", env), world.events("retry.completed", env)
    dead = world.events("retry.dead", env)
    key, due = _key(queued), queued.time + queued.ms
    died = _times(key, dead)
    return Waiting(queued.time, due, np.minimum(_times(key, begun), died), np.minimum(_times(key, ended), died))


def dead_letters(world: World, env: str, at_ms: int) -> int:
    """How many dead letters there are; nobody has taken one out since the history began."""
    return int(np.searchsorted(world.events("retry.dead", env).time, at_ms, side="right"))


def _key(rows: Rows) -> Ints:
    return np.asarray(rows.session * 4 + rows.attempt)


def _times(keys: Ints, rows: Rows) -> Ints:
    """When each key happened among the rows, NEVER_MS for one that did not."""
    own = _key(rows)
    if not len(own):
        return np.full(len(keys), NEVER_MS, np.int64)
    order = np.argsort(own)
    place = np.minimum(np.searchsorted(own, keys, sorter=order), len(own) - 1)
    found = order[place]
    return np.where(own[found] == keys, rows.time[found], NEVER_MS)


def _before(times: Ints, at_ms: Ints) -> Ints:
    return np.asarray(np.searchsorted(np.sort(times), at_ms, side="right"))


def minutes(start_ms: int, end_ms: int) -> Ints:
    """The ends of the minutes from `start_ms` until before `end_ms`, by their starts."""
    return np.arange(-(-start_ms // MINUTE_MS), -(-end_ms // MINUTE_MS), dtype=np.int64) * MINUTE_MS
