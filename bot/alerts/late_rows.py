"""Audit rows that the store did not take when they were due: kept in memory, bounded, until it does. A restart loses them."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from bot.slack.text import masked
from bot.store import audit

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.store.database import Database

MOST: Final = 500  # rows: an outage with more presses keeps the newest; the log has them all

log = logging.getLogger(__name__)


class AuditRow(NamedTuple):
    """One row of the audit, masked before it is kept anywhere."""

    who: str
    what: str
    episode: str
    outcome: str
    why: str
    now: datetime

    def write(self, conn: Connection) -> None:
        audit.note(conn, **{name: masked(value) for name, value in self._texts().items()}, episode=self.episode, now=self.now)

    def _texts(self) -> dict[str, str]:
        return {"who": self.who, "what": self.what, "outcome": self.outcome, "why": self.why}


class LateRows:
    """Threads may use one at once; a row is written once."""

    def __init__(self) -> None:
        self._rows: deque[AuditRow] = deque(maxlen=MOST)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, row: AuditRow) -> None:
        """To be written with the next transaction that succeeds."""
        log.error("a row of the audit must wait for the store", extra={"action": row.what, "user": row.who})
        with self._lock:
            self._rows.append(row)

    @contextmanager
    def transaction(self, database: Database) -> Iterator[Connection]:
        """A transaction that begins with what waits here; where it fails all that waits on. Raises StoreError."""
        with self._lock:
            taken = tuple(self._rows)
            self._rows.clear()
        try:
            with database.begin() as conn:
                for row in taken:
                    row.write(conn)
                yield conn
        except BaseException:
            with self._lock:
                newer = tuple(self._rows)
                self._rows.clear()
                self._rows.extend((*taken, *newer))
            raise
