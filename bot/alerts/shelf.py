"""The episodes in the store as those see them who show alerts: each look is a transaction of its own."""

from __future__ import annotations

from datetime import datetime

from bot.alerts.episode import Episode
from bot.alerts.intent import Intent
from bot.ports import StoreError
from bot.store import alerts, outbox
from bot.store.database import Database


class Shelf:
    """Every method may raise StoreError but the two that count."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def episode(self, own: str) -> Episode | None:
        with self._database.begin() as conn:
            return alerts.episode(conn, own)

    def bundle(self, own: str) -> tuple[Episode, ...]:
        """The episodes that share a message."""
        with self._database.begin() as conn:
            return alerts.bundle(conn, own)

    def open(self) -> tuple[Episode, ...]:
        with self._database.begin() as conn:
            return alerts.open_episodes(conn)

    def recent(self, since: datetime, limit: int) -> tuple[Episode, ...]:
        """Those that were open at some time since then, the newest first."""
        with self._database.begin() as conn:
            return alerts.recent_episodes(conn, since, limit)

    def dead(self) -> tuple[Intent, ...]:
        """What could not be delivered."""
        with self._database.begin() as conn:
            return outbox.dead(conn)

    def placed(self, own: str, channel: str, ts: str) -> None:
        """The episode's message stands there."""
        with self._database.begin() as conn:
            alerts.keep_episode(conn, own, {"channel": channel, "ts": ts})

    def charted(self, own: str, file: str) -> None:
        """The message shows this file."""
        with self._database.begin() as conn:
            alerts.keep_episode(conn, own, {"chart": file})

    def explained(self, own: str, reasons: tuple[str, ...]) -> None:
        """These are its likely reasons."""
        with self._database.begin() as conn:
            alerts.keep_episode(conn, own, {"reasons": reasons})

    def count_open(self) -> int:
        """0 where the store is away."""
        try:
            return len(self.open())
        except StoreError:
            return 0

    def count_dead(self) -> int:
        """0 where the store is away."""
        try:
            return len(self.dead())
        except StoreError:
            return 0
