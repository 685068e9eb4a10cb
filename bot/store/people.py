"""What people have set for themselves, as rows: one for each person of a team."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from bot.people import Change, Settings
from bot.store import tables
from bot.store.database import Database
from bot.store.tables import inserting

__all__ = ["Rows", "Settings", "keep", "settings"]


class Rows:
    """Implements `bot.people.Rows` over the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self, team: str, user: str) -> Settings:
        """Theirs, or the usual ones. Raises StoreError."""
        with self._database.begin() as conn:
            return settings(conn, team, user)

    def change(self, team: str, user: str, change: Change) -> Settings:
        """What they have now, changed in one transaction. Raises StoreError."""
        with self._database.begin() as conn:
            changed = change(settings(conn, team, user))
            keep(conn, team, user, changed, self._database.now())
        return changed


def settings(conn: Connection, team: str, user: str) -> Settings:
    """Theirs, or the usual ones."""
    column = tables.person.c
    row = conn.execute(select(column.zone, column.theme, column.only_me).where(column.team == team, column.user == user)).first()
    return Settings(*row) if row else Settings()


def keep(conn: Connection, team: str, user: str, settings: Settings, now: datetime) -> None:
    changed = {"zone": settings.zone, "theme": settings.theme, "only_me": settings.only_me, "changed": now}
    new = inserting(conn.dialect.name, tables.person).values(team=team, user=user, **changed)
    conn.execute(new.on_conflict_do_update(index_elements=["team", "user"], set_=changed))
