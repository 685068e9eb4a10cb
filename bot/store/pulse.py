"""How the whole system stands, as the rows say it: the newest tick, what waits, what was given up, who lives and holds what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, func, select

from bot.store import digests, leases, replicas, tables
from bot.store.digests import Run
from bot.store.replicas import Replica


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A tick that was done: its number, by whom, and when it was finished."""

    number: int
    owner: str
    finished: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What a channel is still owed: how much, and since when the oldest of it."""

    many: int
    oldest: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """One look at the rows. `tick` and `digest` are the newest, None while there is none; `held` says who holds what."""

    tick: Tick | None = None
    waiting: Mapping[str, Waiting] = field(default_factory=dict)
    dead: Mapping[str, int] = field(default_factory=dict)
    replicas: tuple[Replica, ...] = ()
    held: Mapping[str, str] = field(default_factory=dict)
    digest: Run | None = None


def pulse(conn: Connection, digest: str) -> Pulse:
    """How it stands now; few rows are read, however many are kept."""
    return Pulse(
        tick=_tick(conn),
        waiting=_waiting(conn),
        dead=_dead(conn),
        replicas=replicas.known(conn),
        held=leases.holders(conn),
        digest=digests.newest(conn, digest),
    )


def _tick(conn: Connection) -> Tick | None:
    column = tables.tick.c
    query = select(column.number, column.owner, column.finished).where(column.finished.is_not(None))
    row = conn.execute(query.order_by(column.number.desc()).limit(1)).first()
    return Tick(number=row[0], owner=row[1], finished=row[2]) if row else None


def _waiting(conn: Connection) -> dict[str, Waiting]:
    column = tables.outbox.c
    query = select(column.target, func.count(), func.min(column.created)).where(column.settled.is_(None)).group_by(column.target)
    return {row[0]: Waiting(many=row[1], oldest=row[2]) for row in conn.execute(query)}


def _dead(conn: Connection) -> dict[str, int]:
    column = tables.outbox.c
    query = select(column.target, func.count()).where(column.status == "dead").group_by(column.target)
    return {row[0]: row[1] for row in conn.execute(query)}
