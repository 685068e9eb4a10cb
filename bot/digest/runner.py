"""Each date's digest, made and owed once: whoever claims its row makes it, and posting it is the outbox's business."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from bot.alerts.intent import BEGUN, Intent
from bot.alerts.keys import hashed
from bot.digest.calendar import DAY, Plan
from bot.store import digests, outbox
from bot.store.database import Database

if TYPE_CHECKING:
    from sqlalchemy import Connection

PRIORITY: Final = 3  # after every alert
PUNCTUAL: Final = timedelta(minutes=2)
MOST_LOOKED_BACK: Final = timedelta(days=31)
NOT_YET = "paybot was not there yet"
DOWN = "paybot was down when it was due"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Due:
    """One date's digest: what has happened from `start` on, up to `end`, the moment at which it was due."""

    digest: str
    day: date
    start: datetime
    end: datetime
    zone: str
    late: timedelta = timedelta(0)
    missed: tuple[date, ...] = ()  # dates since the last one that was posted which had none, as nobody was there


@dataclass(frozen=True, slots=True)
class Made:
    """What a digest says, as JSON, and what of it is not well: the titles by their names, unknown states included."""

    content: Mapping[str, Any]
    concerns: Mapping[str, str] = field(default_factory=dict)


class Digests:
    """Makes what is due. One thread at a time calls `run_due`, as often as it likes.

    `make` asks the sources, outside any transaction; `failpoint` is where tests kill it: "digest_claimed", "digest_made",
    "digest_in_transaction", "digest_committed".
    """

    def __init__(
        self,
        database: Database,
        plan: Plan,
        grace: timedelta,
        make: Callable[[Due], Made],
        now: Callable[[], datetime],
        *,
        owner: str,
        wake: Callable[[], None] = lambda: None,
        failpoint: Callable[[str], None] = lambda name: None,
    ) -> None:
        self._database = database
        self._plan = plan
        self._grace = grace
        self._make = make
        self._now = now
        self._owner = owner
        self._wake = wake
        self._failpoint = failpoint
        self._settled: date | None = None

    def run_due(self) -> bool:
        """Makes the newest that is due and that nobody has made; whether it did. Raises StoreError: it is tried again."""
        now = self._now()
        day = self._plan.newest(now)
        if day is None or day == self._settled:
            return False
        due = self._claimed(day, now)
        if due is None:
            return False
        self._make_and_owe(due)
        self._settled = day
        return True

    def post(self, day: date) -> str:
        """Makes that date's digest now, whoever asks for it; "" where it did, else why not. Raises StoreError.

        A date that was passed over may have its digest after all, unless a later one has been posted.
        """
        now, name = self._now(), self._plan.name
        with self._database.begin() as conn:
            known, posted = digests.run(conn, name, day), digests.newest(conn, name, posted=True)
            if posted and posted.local_date > day:
                return f"the one of {posted.local_date} has been posted since"
            if known and known.content:
                return "it has been posted already"
            passed_over = known is not None and digests.reclaim(conn, name, day, now, self._owner)
            if not passed_over and not digests.claim(conn, name, day, now, self._owner):
                return "another paybot is making it at this moment"
        self._make_and_owe(self.due_at(day, now))
        return ""

    def _make_and_owe(self, due: Due) -> None:
        """What is claimed is made, finished and owed; in one transaction, so that nobody owes it twice."""
        self._failpoint("digest_claimed")
        made = self._make(due)
        self._failpoint("digest_made")
        with self._database.begin() as conn:
            self._failpoint("digest_in_transaction")
            run = digests.Run(digest=due.digest, local_date=due.day, claimed=self._now(), owner=self._owner)
            digests.finish(conn, run, self._now(), made.content)
            digests.told(conn, due.digest, due.day, self._now(), made.concerns)
            outbox.add(conn, [self._first(owed(conn, due.digest, due.day, self._now()), due)])
        self._failpoint("digest_committed")
        self._wake()

    def _first(self, intent: Intent, due: Due) -> Intent:
        """What comes late may have been posted in time, and only a restored store may not know it: it is looked up first."""
        if not PUNCTUAL < due.late <= self._grace:
            return intent
        return replace(intent, status="unknown", payload={**intent.payload, BEGUN: (self._now() - due.late).isoformat()})

    def due_at(self, day: date, now: datetime, missed: tuple[date, ...] = ()) -> Due:
        """That date's digest, as it is asked for now."""
        end = min(self._plan.due(day), now)
        start = self._plan.due(self._plan.before(day))
        return Due(self._plan.name, day, start, end, self._plan.zone, now - self._plan.due(day), missed)

    def _claimed(self, day: date, now: datetime) -> Due | None:
        """The date's digest where it is ours to make; what can not be posted any more is noted as such."""
        name = self._plan.name
        with self._database.begin() as conn:
            newest = digests.newest(conn, name)
            if newest is None:
                self._skip(conn, day, now, NOT_YET)
                return None
            if newest.local_date > day or (newest.local_date == day and newest.finished):
                self._settled = day
                return None
            first = max(newest.local_date - DAY * (not newest.finished), day - MOST_LOOKED_BACK)
            for each in self._plan.between(first, day):
                digests.skip(conn, name, each, now, self._owner, DOWN)
            if now - self._plan.due(day) > self._grace:
                self._skip(conn, day, now, DOWN)
                return None
            if not digests.claim(conn, name, day, now, self._owner):
                return None
            posted = digests.newest(conn, name, posted=True)
            since = day - MOST_LOOKED_BACK
            missed = digests.unsent(conn, name, max(posted.local_date, since) if posted else since)
        return self.due_at(day, now, tuple(run.local_date for run in missed if run.said == DOWN))

    def _skip(self, conn: Connection, day: date, now: datetime, why: str) -> None:
        if digests.skip(conn, self._plan.name, day, now, self._owner, why):
            log.warning("a digest is not posted", extra={"digest": self._plan.name, "date": str(day), "why": why})
            self._settled = day


def owed(conn: Connection, digest: str, day: date, now: datetime) -> Intent:
    """The intent to show that date's digest as it stands: posted first, edited from then on."""
    known_as = episode_of(digest, day)
    seq = outbox.newest_seq(conn).get((known_as, "slack"), 0) + 1
    return Intent(
        key=hashed("intent", "slack", known_as, str(seq)),
        episode=known_as,
        seq=seq,
        target="slack",
        kind="digest",
        payload={"digest": digest, "date": str(day)},
        priority=PRIORITY,
        created=now,
    )


def episode_of(digest: str, day: date) -> str:
    """Under what the outbox orders what is owed for one date's digest."""
    return f"{digest} {day}"
