"""The rows in which the audit looks for what should have been sent and was not, read within the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, or_, select

from bot.alerts.episode import Episode
from bot.alerts.intent import Intent
from bot.store import alerts, digests, outbox, tables
from bot.store.digests import Run

LOOKED_BACK: Final = timedelta(hours=24)  # what was closed, or posted, longer ago is history
MOST: Final = 5_000  # episodes in one look, the newest first
KINDS: Final = ("show", "trigger", "create", "resolve", "close")

Owed = tuple[str, str, str]  # an episode, a target, and what it was to be told


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What is neither done nor given up, the episodes of the last day, and what was ever owed for them (`refused`: and dead).

    `runs` are the last day's digests, made or being made; `shown` are the names under which the outbox has any.
    """

    unsettled: tuple[Intent, ...] = ()
    episodes: tuple[Episode, ...] = ()
    owed: frozenset[Owed] = frozenset()
    refused: frozenset[Owed] = frozenset()
    runs: tuple[Run, ...] = ()
    shown: frozenset[str] = frozenset()


def rows(conn: Connection, now: datetime) -> Rows:
    """Episodes and digests are read before what is owed for them: what another process adds meanwhile is not missed."""
    since = now - LOOKED_BACK
    episodes = tuple(each for each in alerts.recent_episodes(conn, since, MOST) if not each.drill)
    runs = digests.since(conn, since)
    owed, refused = _owed(conn, since)
    return Rows(
        unsettled=outbox.unsettled(conn, now),
        episodes=episodes,
        owed=owed,
        refused=refused,
        runs=runs,
        shown=_shown(conn),
    )


def _owed(conn: Connection, since: datetime) -> tuple[frozenset[Owed], frozenset[Owed]]:
    column, episode = tables.outbox.c, tables.episode.c
    theirs = select(episode.id).where(or_(episode.closed.is_(None), episode.closed >= since))
    query = select(column.episode, column.target, column.kind, column.status)
    found = conn.execute(query.where(column.episode.in_(theirs), column.kind.in_(KINDS))).all()
    owed = frozenset((row[0], row[1], row[2]) for row in found)
    refused = frozenset((row[0], row[1], row[2]) for row in found if row[3] == "dead")
    return owed, refused


def _shown(conn: Connection) -> frozenset[str]:
    column = tables.outbox.c
    newest = select(column.episode).where(column.kind == "digest").order_by(column.created.desc()).limit(MOST)
    return frozenset(row[0] for row in conn.execute(newest))


def locked(conn: Connection, episode: str) -> Episode | None:
    """The episode, which nobody else changes or repairs until this transaction ends."""
    conn.execute(select(tables.episode.c.id).where(tables.episode.c.id == episode).with_for_update())
    return alerts.episode(conn, episode)
