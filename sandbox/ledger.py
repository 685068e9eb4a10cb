"""Events of one kind as columns sorted by time, which only grow at their end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from sandbox.chance import Ints
from sandbox.declines import NO_CODE


@dataclass(frozen=True, slots=True)
class Rows:
    """Events of one kind. What a kind has no use for is 0 (`code`: NO_CODE).

    `time` epoch milliseconds; `session` the checkout session; `attempt` 0 for the first payment, 1 to 3 for retries; `code` an
    index into CODES; `ms` a webhook's lag or a receipt's render time, in milliseconds.
    """

    time: Ints
    session: Ints
    attempt: NDArray[np.int8]
    code: NDArray[np.int8]
    ms: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.time)

    def __getitem__(self, which: slice | NDArray[np.bool_] | Ints) -> Rows:
        return Rows(self.time[which], self.session[which], self.attempt[which], self.code[which], self.ms[which])

    def between(self, start_ms: int, end_ms: int) -> Rows:
        """The events from `start_ms` until before `end_ms`, of rows sorted by time."""
        low, high = np.searchsorted(self.time, (start_ms, end_ms))
        return self[slice(int(low), int(high))]


def rows(
    time: Ints, session: Ints, attempt: Ints | None = None, code: Ints | None = None, ms: NDArray[np.generic] | None = None
) -> Rows:
    """Rows from what a kind has; the rest is filled."""
    many = len(time)
    return Rows(
        time.astype(np.int64),
        session,
        np.zeros(many, np.int8) if attempt is None else attempt.astype(np.int8),
        np.full(many, NO_CODE, np.int8) if code is None else code.astype(np.int8),
        np.zeros(many, np.int32) if ms is None else ms.astype(np.int32),
    )


NOTHING = rows(np.empty(0, np.int64), np.empty(0, np.int64))


def join(parts: Sequence[Rows]) -> Rows:
    """All parts after one another."""
    if len(parts) == 1:
        return parts[0]
    return (
        Rows(*(np.concatenate([getattr(part, column.name) for part in parts]) for column in fields(Rows))) if parts else NOTHING
    )


class Ledger:
    """Grows at its end and forgets at its beginning. What it has handed out stays as it was."""

    def __init__(self) -> None:
        self._room = NOTHING
        self._used = 0
        self.forgotten = 0  # events before the oldest that is kept

    @property
    def rows(self) -> Rows:
        """All events kept, sorted by time."""
        return self._room[slice(0, self._used)]

    def append(self, new: Rows, forget_before_ms: int) -> None:
        """Adds events, none older than the newest here; when it has to move house anyway, leaves the oldest behind."""
        if self._used + len(new) > len(self._room):
            self._move(len(new), forget_before_ms)
        span = slice(self._used, self._used + len(new))
        for column in fields(Rows):
            getattr(self._room, column.name)[span] = getattr(new, column.name)
        self._used = span.stop

    def _move(self, wanted: int, forget_before_ms: int) -> None:
        kept = self.rows
        kept = kept[slice(int(np.searchsorted(kept.time, forget_before_ms)), len(kept))]
        self.forgotten += self._used - len(kept)
        size = int((len(kept) + wanted) * 1.3) + 64
        room = rows(np.zeros(size, np.int64), np.zeros(size, np.int64))
        for column in fields(Rows):
            getattr(room, column.name)[: len(kept)] = getattr(kept, column.name)
        self._room, self._used = room, len(kept)
