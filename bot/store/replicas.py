"""The processes that share the database, as rows that each of them keeps fresh, by the database's clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Connection, Row, delete, select, type_coerce

from bot.store import tables
from bot.store.tables import MICROSECOND, Clock, inserting

BEAT: Final = timedelta(seconds=3)  # how often a process says that it lives
SILENT: Final = timedelta(seconds=10)  # after so long without a word it counts as ended
KEPT: Final = timedelta(hours=24)  # so long one that has ended is still listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """A process, and what it said last of its parts ("socket": "connected, 2 of 2 connections"); `seen` is set by the store."""

    owner: str
    host: str
    version: str
    started: datetime
    parts: Mapping[str, str]
    seen: datetime | None = None
    lives: bool = True


def beat(conn: Connection, replica: Replica) -> None:
    """Writes its row, new or known, and forgets those that ended long ago."""
    values: dict[str, Any] = {name: getattr(replica, name) for name in ("owner", "host", "version", "started")}
    values |= {"parts": dict(replica.parts), "seen": Clock()}
    new = inserting(conn.dialect.name, tables.replica).values(values)
    changed = {name: value for name, value in values.items() if name != "owner"}
    conn.execute(new.on_conflict_do_update(index_elements=["owner"], set_=changed))
    conn.execute(delete(tables.replica).where(_unheard_for(KEPT)))


def gone(conn: Connection, owner: str) -> None:
    """It has ended, and says so itself."""
    conn.execute(delete(tables.replica).where(tables.replica.c.owner == owner))


def known(conn: Connection) -> tuple[Replica, ...]:
    """All of them, the oldest first."""
    query = select(tables.replica, (~_unheard_for(SILENT)).label("lives")).order_by(tables.replica.c.started)
    return tuple(_replica(row) for row in conn.execute(query))


def silent(owner: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether that process has a row and was not heard lately: what it had claimed is free. One without a row counts as alive."""
    column = tables.replica.c
    return select(column.owner).where(column.owner == owner, _unheard_for(SILENT)).exists()


def _unheard_for(span: timedelta) -> ColumnElement[bool]:
    return type_coerce(tables.replica.c.seen, BigInteger) < Clock() - span // MICROSECOND


def _replica(row: Row[Any]) -> Replica:
    values = dict(row._mapping)
    return Replica(**values | {"lives": bool(values["lives"])})
