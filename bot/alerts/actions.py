"""What people do with alerts, in Slack and in PagerDuty: one transaction each, with an audit row whatever comes of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from bot.alerts.episode import Episode
from bot.alerts.handling import NOWHERE, UNKNOWN, Action, Decision, News, Spot, Wanted, Where, decided, nothing, refused, reported
from bot.alerts.intent import Intent
from bot.alerts.keys import dedup_key
from bot.alerts.late_rows import AuditRow, LateRows
from bot.alerts.owed import Owing
from bot.ports import StoreError
from bot.slack.text import masked
from bot.store import alerts, outbox

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.store.database import Database

log = logging.getLogger(__name__)

T = TypeVar("T")

TRIES: Final = 3
AWAY: Final = "paybot cannot reach its own store now, so nothing was changed. Please try again; or use PagerDuty."
MOVED: Final = "That message is not the one that shows this alert now, so nothing was changed. Press in the present one, please."


class Verdict(Protocol):
    """Whether a person may; the sentence why not; and what people call them."""

    @property
    def allowed(self) -> bool: ...
    @property
    def said(self) -> str: ...
    @property
    def name(self) -> str: ...


class Roles(Protocol):
    """`bot.slack.roles.Roles`: who may, and what people call somebody. May ask Slack, with a limit; raises nothing."""

    def may(self, user: str, team: str) -> Verdict: ...

    def name(self, user: str) -> str: ...


class Conflict(Exception):
    """The episode was changed between its reading and its writing: all is to be done again."""


@dataclass(frozen=True, slots=True)
class Press:
    """A press on an episode, as this version of it."""

    episode: str
    version: int
    user: str
    team: str
    where: Where = NOWHERE
    until: datetime | None = None


class Actions:
    """Every method gives the sentence that the presser reads; whatever is wrong is a sentence, too.

    `wake` is told when something new is owed. `pages` says whether there is a PagerDuty to escalate to, and `on_call` who is
    on call there ("" where nobody can say); it may ask, with a limit, and raises nothing. `pressed` hears what came of each.
    """

    def __init__(
        self,
        database: Database,
        roles: Roles,
        wake: Callable[[], object],
        now: Callable[[], datetime],
        *,
        pages: bool,
        on_call: Callable[[], str] = lambda: "",
        runbook_url: str = "",
        pressed: Callable[[Action, str], None] = lambda action, outcome: None,
    ) -> None:
        self._database = database
        self._roles = roles
        self._wake = wake
        self._now = now
        self._pages = pages
        self._on_call = on_call
        self._runbook_url = runbook_url
        self._pressed = pressed
        self._late = LateRows()

    def acknowledge(self, episode: str, version: int, user: str, team: str, where: Where = NOWHERE) -> str:
        """Somebody has it in hand: repeats end, and the pagers that know of it are told."""
        return self.press("acknowledge", Press(episode, version, user, team, where))

    def unacknowledge(self, episode: str, version: int, user: str, team: str, where: Where = NOWHERE) -> str:
        """Nobody has it in hand any more."""
        return self.press("unacknowledge", Press(episode, version, user, team, where))

    def snooze(self, episode: str, version: int, user: str, team: str, until: datetime, where: Where = NOWHERE) -> str:
        """Quiet until then, seven days at most."""
        return self.press("snooze", Press(episode, version, user, team, where, until))

    def end_snooze(self, episode: str, version: int, user: str, team: str, where: Where = NOWHERE) -> str:
        """Loud again."""
        return self.press("end_snooze", Press(episode, version, user, team, where))

    def escalate(self, episode: str, version: int, user: str, team: str, where: Where = NOWHERE) -> str:
        """PagerDuty pages whoever is on call, once for an episode however often and by however many it is pressed."""
        return self.press("escalate", Press(episode, version, user, team, where))

    def press(self, action: Action, press: Press) -> str:
        """Does it where the person may and the episode is as they saw it."""
        verdict = self._roles.may(press.user, press.team)
        if not verdict.allowed:
            self.note(action, press.user, "refused", verdict.said, press.episode)
            self._pressed(action, "refused")
            return verdict.said
        try:
            decision = self._repeated(lambda conn: self._carried_out(conn, action, press, verdict.name or press.user))
        except StoreError as error:
            log.warning("a press could not be carried out", extra={"action": action, "said": str(error)})
            self._late.add(self._row(press.user, action, "nothing", AWAY, press.episode))
            self._pressed(action, "away")
            return AWAY
        self._pressed(action, decision.outcome)
        if decision.outcome == "done":
            self._wake()
        on_call = self._on_call() if decision.paged else ""
        return with_on_call(decision.said(self._roles.name), on_call)

    def from_pager(self, key: str, news: News, who: str, when: datetime, url: str = "") -> bool:
        """What PagerDuty tells of the incident with this deduplication key; whether it is one of ours that is open.

        Raises StoreError where it cannot be kept: PagerDuty brings it again.
        """
        name, page = masked(who), url if masked(url) == url else ""
        decision = self._repeated(lambda conn: self._taken_over(conn, key, news, name, when, page))
        if decision and decision.outcome == "done":
            self._wake()
        return decision is not None

    def note(self, action: str, user: str, outcome: str, why: str, episode: str = "") -> None:
        """An audit row alone: of a press that was turned away before it came to an episode, or that changes nothing."""
        row = self._row(user, action, outcome, why, episode)
        try:
            self._once(row.write)
        except StoreError:
            self._late.add(row)

    def write_late(self) -> None:
        """The audit rows that the store did not take when they were due, as soon as it does."""
        if not len(self._late):
            return
        try:
            self._once(lambda conn: None)
        except StoreError as error:
            log.warning("rows of the audit wait for the store", extra={"said": error.said})

    def opened_runbook(self, episode: str, user: str) -> str:
        """The name of the rule whose runbook somebody opens, "" where it is not known; anybody may."""
        try:
            with self._database.begin() as conn:
                found = alerts.episode(conn, episode)
        except StoreError:
            found = None
        self.note("runbook", user, "done" if found else "nothing", "" if found else UNKNOWN, episode)
        return found.rule if found else ""

    def _repeated(self, work: Callable[[Connection], T]) -> T:
        """The work in a transaction of its own, again while somebody else was quicker or the store says that it may help."""
        for _ in range(TRIES - 1):
            try:
                return self._once(work)
            except (Conflict, StoreError) as error:
                if isinstance(error, StoreError) and not error.retriable:
                    raise
        try:
            return self._once(work)
        except Conflict as error:
            raise StoreError("this alert is changed by too many at once", retriable=True) from error

    def _once(self, work: Callable[[Connection], T]) -> T:
        with self._late.transaction(self._database) as conn:
            return work(conn)

    def _row(self, who: str, what: str, outcome: str, why: str, episode: str) -> AuditRow:
        return AuditRow(who, what, episode, outcome, why, self._now())

    def _carried_out(self, conn: Connection, action: Action, press: Press, name: str) -> Decision:
        episode = alerts.episode(conn, press.episode)
        decision = self._decided(conn, episode, action, press, name)
        if episode and decision.outcome == "done":
            self._write(conn, episode, decision)
        why = decision.said(lambda who: who)
        self._row(press.user, action, decision.outcome, why, press.episode).write(conn)
        return decision

    def _decided(self, conn: Connection, episode: Episode | None, action: Action, press: Press, name: str) -> Decision:
        if episode is None:
            return nothing(UNKNOWN)
        if episode.phase != "closed" and is_elsewhere(episode, press.where.spots):
            return refused(MOVED)
        wanted = Wanted(
            action=action,
            version=press.version,
            by=press.user,
            name=name,
            now=self._now(),
            zone=press.where.zone,
            until=press.until,
            pages=self._pages,
            undelivered=action == "escalate" and is_undelivered(conn, episode),
        )
        return decided(episode, wanted)

    def _taken_over(self, conn: Connection, key: str, news: News, who: str, when: datetime, url: str) -> Decision | None:
        found = (each for each in alerts.open_episodes(conn) if dedup_key(each.env, each.id) == key)
        episode = next(found, None)
        if episode is None:
            return None
        decision = reported(episode, news, who, when, url)
        if decision.outcome == "done":
            self._write(conn, episode, decision)
        self._row(f"{who or 'somebody'} in PagerDuty", news, decision.outcome, decision.note, episode.id).write(conn)
        return decision

    def _write(self, conn: Connection, episode: Episode, decision: Decision) -> None:
        """The changes, and what is owed for them. What changes nothing that a press is about leaves the version as it is."""
        if "handling" in decision.changes or "escalated_by" in decision.changes:
            changed = alerts.change_episode(conn, episode.id, episode.version, **decision.changes)
        else:
            alerts.keep_episode(conn, episode.id, decision.changes)
            changed = alerts.episode(conn, episode.id)
        if changed is None:
            raise Conflict
        owing = Owing(self._now(), outbox.newest_seq(conn), self._runbook_url)
        outbox.add(conn, tuple(owed(changed, decision, owing)))


def owed(episode: Episode, decision: Decision, owing: Owing) -> Iterator[Intent]:
    """What a person's act gives the channels to do. A page that somebody asked for goes before all others."""
    yield from owing.shown(episode)
    if decision.note:
        yield from owing.noted(episode, decision.note)
    if decision.paged:
        yield from (replace(page, priority=0) for page in owing.paged(replace(episode, routes=("pagerduty",))))
    if decision.taken:
        yield from owing.taken(replace(episode, routes=decision.taken))


def is_elsewhere(episode: Episode, spots: tuple[Spot, ...]) -> bool:
    """Whether the button stands in another message than the episode's: a lost copy, or another alert's."""
    return bool(spots and episode.ts) and (episode.channel, episode.ts) not in spots


def is_undelivered(conn: Connection, episode: Episode) -> bool:
    """Whether the newest thing that PagerDuty was to hear of this episode was given up."""
    newest = outbox.newest_seq(conn).get((episode.id, "pagerduty"))
    return any((each.episode, each.target, each.seq) == (episode.id, "pagerduty", newest) for each in outbox.dead(conn))


def with_on_call(said: str, on_call: str) -> str:
    """ "Escalated: PagerDuty is being told; on call is Mei Tan." """
    return f"{said.removesuffix('.')}; on call is {on_call}." if on_call else said
