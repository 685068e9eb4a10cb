"""Who did what, when and why: rows that are only ever added, each with the hash of the one before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection, insert, select, text

from bot.store import tables
from bot.store.tables import EPOCH, MICROSECOND

FIRST: Final = "0" * 64  # what stands before the first row
HASHED: Final = ("seq", "at", "who", "what", "episode", "outcome", "why", "before")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One act: `who` did `what` to an episode, what came of it, and why it was refused or done."""

    seq: int
    at: datetime
    who: str
    what: str
    episode: str
    outcome: str
    why: str


COLUMNS: Final = tuple(each.name for each in fields(Entry))


def note(conn: Connection, *, who: str, what: str, episode: str, outcome: str, why: str, now: datetime) -> None:
    """One more row, at the end of the chain."""
    if conn.dialect.name == "postgresql":
        conn.execute(text("LOCK TABLE audit IN SHARE ROW EXCLUSIVE MODE"))  # the next of another process waits; readers do not
    column = tables.audit.c
    last = conn.execute(select(column.seq, column.hash).order_by(column.seq.desc()).limit(1)).first()
    seq, before = (last[0] + 1, last[1]) if last else (1, FIRST)
    said = {"who": who, "what": what, "episode": episode, "outcome": outcome, "why": why}
    row = {"seq": seq, "at": now, "before": before} | {name: tables.storable(value) for name, value in said.items()}
    conn.execute(insert(tables.audit).values(**row, hash=_hash(row)))


def verify(conn: Connection) -> int | None:
    """The number of the first row that is missing, was changed or does not follow the one before; None: all are as written."""
    before = FIRST
    for number, row in enumerate(conn.execute(select(tables.audit).order_by(tables.audit.c.seq)), start=1):
        found = row._mapping
        if found["seq"] != number or found["before"] != before or found["hash"] != _hash(found):
            return number
        before = str(found["hash"])
    return None


def entries(conn: Connection, episode: str) -> tuple[Entry, ...]:
    """What was done to an episode, in order."""
    query = select(tables.audit).where(tables.audit.c.episode == episode).order_by(tables.audit.c.seq)
    return tuple(Entry(**{name: row._mapping[name] for name in COLUMNS}) for row in conn.execute(query))


def _hash(row: Mapping[Any, Any]) -> str:
    """Over all values of a row, the hash of the one before among them; no two rows give the same text to hash."""
    values = [(row[name] - EPOCH) // MICROSECOND if name == "at" else row[name] for name in HASHED]
    return sha256(json.dumps(values).encode()).hexdigest()
