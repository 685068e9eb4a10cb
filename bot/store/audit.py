"""Who did what, when and why: rows that are only ever added, each with the hash of the one before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from bot.store import tables

FIRST = "0" * 64
HASHED = ("seq", "at", "who", "what", "episode", "outcome", "why", "before")


def note(conn: Connection, *, who: str, what: str, episode: str, outcome: str, why: str, now: datetime) -> None:
    """One more row, at the end of the chain."""
    column = tables.audit.c
    last = conn.execute(select(column.seq, column.hash).order_by(column.seq.desc()).limit(1).with_for_update()).first()
    row = {
        "seq": last[0] + 1 if last else 1,
        "at": now,
        "who": who,
        "what": what,
        "episode": episode,
        "outcome": outcome,
        "why": why,
        "before": last[1] if last else FIRST,
    }
    conn.execute(insert(tables.audit).values(**row, hash=_hash(row)))


def verify(conn: Connection) -> int | None:
    """The number of the first row that is not what was written, or does not follow the one before; None: all are."""
    before = FIRST
    for number, row in enumerate(conn.execute(select(tables.audit).order_by(tables.audit.c.seq)), start=1):
        found = dict(row._mapping)
        if found["seq"] != number or found["before"] != before or found["hash"] != _hash(found):
            return number
        before = found["hash"]
    return None


def entries(conn: Connection, episode: str) -> tuple[Row[Any], ...]:
    query = select(tables.audit).where(tables.audit.c.episode == episode).order_by(tables.audit.c.seq)
    return tuple(conn.execute(query))


def _hash(row: Mapping[str, Any]) -> str:
    return sha256("\0".join(str(row[name]) for name in HASHED).encode()).hexdigest()
