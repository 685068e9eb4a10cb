"""Who takes what a digest told of: one transaction for the taking, its audit row and the message's edit, whatever comes of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from bot.alerts.actions import Roles
from bot.alerts.late_rows import AuditRow, LateRows
from bot.digest.runner import episode_of, owed
from bot.digest.words import day as day_words
from bot.digest.words import first
from bot.ports import StoreError
from bot.slack.text import masked
from bot.store import digests, outbox
from bot.store.digests import Concern

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.store.database import Database

TRIES: Final = 3
AWAY: Final = "paybot cannot reach its own store now, so nobody has taken this. Please try again in a moment."
UNKNOWN: Final = "paybot does not know this stand-up any more, so nothing was changed."
OVER: Final = "This is over: a later stand-up found it well, or tells of it anew. Nothing was changed."
TAKE: Final = "digest.take"

log = logging.getLogger(__name__)


class Takes:
    """Every method gives the sentence that the presser reads, and raises nothing. `wake` is told when something is owed."""

    def __init__(
        self, database: Database, roles: Roles, digest: str, wake: Callable[[], object], now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._roles = roles
        self._digest = digest
        self._wake = wake
        self._now = now
        self._late = LateRows()

    def take(self, day: date, name: str, user: str, team: str) -> str:
        """It is theirs where they may, it still is not well, and nobody was quicker."""
        verdict = self._roles.may(user, team)
        if not verdict.allowed:
            self.note(user, "refused", verdict.said, day)
            return verdict.said
        try:
            done, said = self._repeated(day, name, user)
        except StoreError as error:
            log.warning("nobody could take it", extra={"what": name, "said": error.said})
            self._late.add(self._row(user, "nothing", AWAY, day))
            return AWAY
        if done:
            self._wake()
        return said

    def note(self, user: str, outcome: str, why: str, day: date | None = None) -> None:
        """An audit row alone, of a press that changes nothing."""
        row = self._row(user, outcome, why, day)
        try:
            with self._late.transaction(self._database) as conn:
                row.write(conn)
        except StoreError:
            self._late.add(row)

    def write_late(self) -> None:
        """The audit rows that the store did not take when they were due. Raises StoreError where it still does not."""
        if len(self._late):
            with self._late.transaction(self._database):
                pass

    def _repeated(self, day: date, name: str, user: str) -> tuple[bool, str]:
        for _ in range(TRIES - 1):
            try:
                return self._once(day, name, user)
            except StoreError as error:
                if not error.retriable:
                    raise
        return self._once(day, name, user)

    def _once(self, day: date, name: str, user: str) -> tuple[bool, str]:
        with self._late.transaction(self._database) as conn:
            done, said = self._taken(conn, day, name, user)
            self._row(user, "done" if done else "nothing", f"{name}: {said}", day).write(conn)
            return done, said

    def _taken(self, conn: Connection, day: date, name: str, user: str) -> tuple[bool, str]:
        run = digests.run(conn, self._digest, day)
        if run is None or not run.content:
            return False, UNKNOWN
        before = next((each for each in digests.concerns(conn, self._digest) if each.name == name), None)
        if before is None or before.since > day:
            return False, OVER
        now = self._now()
        after = digests.take(conn, self._digest, name, user, now) or before
        if before.taken_by or after.taken_by != user:
            return False, self._was_first(after, user)
        newest = digests.newest(conn, self._digest, posted=True)
        days = {day, newest.local_date if newest else day}
        for each in sorted(days):
            outbox.add(conn, [owed(conn, self._digest, each, now)])
        return True, f"You have {name} now. The stand-up's message says so."

    def _was_first(self, concern: Concern, user: str) -> str:
        on = f" on {day_words(concern.taken_at.date())}" if concern.taken_at else ""
        if concern.taken_by == user:
            return f"You have it already: you took {concern.name}{on}."
        return f"{first(self._roles.name(concern.taken_by))} was first, and took {concern.name}{on}. Nothing was changed."

    def _row(self, user: str, outcome: str, why: str, day: date | None) -> AuditRow:
        episode = episode_of(self._digest, day) if day else ""
        return AuditRow(user, TAKE, episode, outcome, masked(why), self._now())
