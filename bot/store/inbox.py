"""What has come in, for all processes that share the database: nothing that arrives twice is done twice."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete

from bot.store import tables
from bot.store.tables import inserting


def first(conn: Connection, key: str, now: datetime, ttl: timedelta) -> bool:
    """True exactly once for each key within `ttl` from when it first came, whichever process asks."""
    new = inserting(conn.dialect.name, tables.inbox).values(key=key, until=now + ttl)
    again = new.on_conflict_do_update(index_elements=["key"], set_={"until": now + ttl}, where=tables.inbox.c.until <= now)
    return bool(conn.execute(again).rowcount)


def forget(conn: Connection, now: datetime) -> None:
    """What may come again by now. One process at a time does it, for two could wait for each other's rows."""
    conn.execute(delete(tables.inbox).where(tables.inbox.c.until <= now))
