"""What has come in, for all processes that share the database."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete

from bot.store import tables
from bot.store.alerts import upsert


def first(conn: Connection, key: str, now: datetime, ttl: timedelta) -> bool:
    """True exactly once for each key while it is remembered."""
    conn.execute(delete(tables.inbox).where(tables.inbox.c.until < now))
    new = upsert(conn, tables.inbox).values(key=key, until=now + ttl).on_conflict_do_nothing()
    return bool(conn.execute(new).rowcount)
