"""The audit: looks every minute for what should have been sent and was not, tells of it, and owes anew what was never owed."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

from bot.alerts.episode import Episode
from bot.alerts.intent import Intent, Target
from bot.alerts.owed import Owing
from bot.ports import StoreError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.store.database import Database
    from bot.store.digests import Run
    from bot.store.unsent import Rows

LATE: Final = timedelta(minutes=2)  # what is owed should have gone by then
URGENT_LATE: Final = timedelta(minutes=1)
ALL: Final[tuple[Target, ...]] = ("slack", "pagerduty", "opsgenie")
URGENT: Final = 0  # the priority of a critical alert, and of a page that somebody asked for
REPAIRED: Final = timedelta(hours=4)  # a digest that was made longer ago is told of, and not posted any more
BEGINS: Final[dict[Target, str]] = {"pagerduty": "trigger", "opsgenie": "create"}
ENDS: Final[dict[Target, str]] = {"pagerduty": "resolve", "opsgenie": "close"}

What = Literal["late", "message", "page", "end", "digest", "unfinished digest"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a channel should have and has not: `what` of `of` (an episode, or a digest and its date), due since then.

    "late" is owed and not sent; "message", "page", "end" and "digest" were never owed; an "unfinished digest" was never made.
    """

    target: Target
    what: What
    of: str
    since: datetime


def found(rows: Rows, now: datetime) -> tuple[Finding, ...]:
    """All that is unsent by now. Pure."""
    return (*_late(rows, now), *_never_owed(rows), *_digests(rows, now))


def _late(rows: Rows, now: datetime) -> Iterator[Finding]:
    for intent in rows.unsettled:
        due = due_at(intent)
        if now - due > (URGENT_LATE if intent.priority == URGENT else LATE):
            yield Finding(intent.target, "late", intent.episode, due)


def due_at(intent: Intent) -> datetime:
    """When it should have gone: what was meant for later then, what was tried and must wait since it was owed."""
    meant_for_later = intent.not_before is not None and not intent.attempts
    return max(intent.created, intent.not_before) if meant_for_later and intent.not_before else intent.created


def _never_owed(rows: Rows) -> Iterator[Finding]:
    """An open episode has its message and its pages; a closed one the end of every page that was not refused."""
    for episode in rows.episodes:
        if episode.closed is None:
            if (episode.id, "slack", "show") not in rows.owed:
                yield Finding("slack", "message", episode.id, episode.opened)
            for target, kind in BEGINS.items():
                if target in episode.routes and (episode.id, target, kind) not in rows.owed:
                    yield Finding(target, "page", episode.id, episode.opened)
            continue
        for target, kind in ENDS.items():
            begun = (episode.id, target, BEGINS[target])
            if begun in rows.owed - rows.refused and (episode.id, target, kind) not in rows.owed:
                yield Finding(target, "end", episode.id, episode.closed)


def _digests(rows: Rows, now: datetime) -> Iterator[Finding]:
    for run in rows.runs:
        name = name_of(run)
        if run.content and run.finished and name not in rows.shown:
            yield Finding("slack", "digest", name, run.finished)
        elif run.finished is None and now - run.claimed > LATE:
            yield Finding("slack", "unfinished digest", name, run.claimed)


def name_of(run: Run) -> str:
    """As the outbox names it."""
    return f"{run.digest} {run.local_date}"


class Audit:
    """Looks when it is told to. What it finds is kept for whoever asks; what can be repaired is repaired at once.

    `targets` are the channels that there are here; `owe_digest` makes the intent that a digest was never owed. What is late is
    left alone: it is owed, and its channel's business. An unfinished digest is another claim's business.
    """

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        *,
        targets: frozenset[Target],
        owe_digest: Callable[[Connection, Run, datetime], Intent],
        wake: Callable[[], object] = lambda: None,
        runbook_url: str = "",
    ) -> None:
        self._database = database
        self._now = now
        self._targets = targets
        self._owe_digest = owe_digest
        self._wake = wake
        self._runbook_url = runbook_url
        self.findings: tuple[Finding, ...] | None = None  # of the newest look; None where nobody could look

    @property
    def channels(self) -> tuple[Target, ...]:
        """The channels that there are here."""
        return tuple(target for target in ALL if target in self._targets)

    def counts(self) -> dict[str, int] | None:
        """How many are unsent, by target, zero included; None where that is not known."""
        if self.findings is None:
            return None
        many = Counter(finding.target for finding in self.findings)
        return {target: many[target] for target in sorted({*self._targets, *many})}

    def look(self) -> tuple[Finding, ...]:
        """What is unsent now, told in a line each and repaired where that is safe. Raises StoreError: nothing is known then."""
        from bot.store import unsent  # noqa: PLC0415 - the database's libraries, behind the open port

        self.findings = None
        now = self._now()
        with self._database.begin() as conn:
            rows = unsent.rows(conn, now)
        self.findings = found(rows, now)
        for finding in self.findings:
            repaired = self._repaired(finding, now)
            extra = {"target": finding.target, "what": finding.what, "of": finding.of, "since": finding.since.isoformat()}
            log.warning("something should have been sent and was not", extra={**extra, "owed_anew": repaired})
        return self.findings

    def _repaired(self, finding: Finding, now: datetime) -> bool:
        """Whether the missing intent is owed from now on."""
        if finding.what in {"late", "unfinished digest"} or finding.target not in self._targets:
            return False
        repair = self._digest if finding.what == "digest" else self._episode
        try:
            with self._database.begin() as conn:
                done = repair(conn, finding, now)
        except StoreError as error:
            log.warning("what is unsent could not be owed anew", extra={"of": finding.of, "said": error.said})
            return False
        if done:
            self._wake()
        return done

    def _episode(self, conn: Connection, finding: Finding, now: datetime) -> bool:
        """One of several processes does it: the episode is locked, and looked at again."""
        from bot.store import outbox, unsent  # noqa: PLC0415

        episode = unsent.locked(conn, finding.of)
        if episode is None or finding not in found(unsent.rows(conn, now), now):
            return False
        owing = Owing(now, outbox.newest_seq(conn), self._runbook_url)
        outbox.add(conn, tuple(missing(episode, finding, owing)))
        return True

    def _digest(self, conn: Connection, finding: Finding, now: datetime) -> bool:
        """Only the newest that was made, while people still wait for it. Its number lets only one process owe it."""
        from bot.store import digests, outbox  # noqa: PLC0415

        made = (digests.newest(conn, each.digest, posted=True) for each in digests.since(conn, finding.since))
        run = next((run for run in made if run and name_of(run) == finding.of), None)
        if run is None or now - finding.since > REPAIRED:
            return False
        outbox.add(conn, [self._owe_digest(conn, run, now)])
        return True


def missing(episode: Episode, finding: Finding, owing: Owing) -> Iterator[Intent]:
    """What was never owed to that one channel, as it is owed now."""
    alone = replace(episode, routes=(finding.target,))
    if finding.what == "message":
        yield from owing.shown(episode)
    elif finding.what == "page":
        yield from owing.paged(alone)
    elif finding.what == "end":
        yield from owing.over(alone)
