"""An alert, a store on disk, and people, as the tests of presses need them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

from bot.alerts.actions import Actions
from bot.alerts.episode import Episode
from bot.alerts.intent import Intent, Target
from bot.slack.roles import Verdict
from bot.store import alerts, audit, outbox
from bot.store.database import Database

NOW = datetime(2026, 11, 22, 3, 30, tzinfo=UTC)
ID = "00112233445566aa"
DANA, BEN = "U0DANA", "U0BEN"
NAMES = {DANA: "Dana Weber", BEN: "Ben Ito"}


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def episode(**changed: Any) -> Episode:
    """A retry-failures alert that fired at 03:00; nobody has done anything yet."""
    values: dict[str, Any] = {
        "id": ID,
        "rule": "retry-failures",
        "series": "prod",
        "number": 1,
        "env": "prod",
        "title": "Retry failures",
        "owner": "Commerce Backend",
        "section": "retries",
        "severity": "warning",
        "unit": "",
        "limit": 5.0,
        "above": True,
        "value": 9.0,
        "worst": 9.0,
        "since": NOW - minutes(35),
        "opened": NOW - minutes(30),
    }
    return Episode(**{**values, **changed})


@dataclass
class FakeRoles:
    """Everybody may but those who are refused; names are known."""

    refused: dict[str, str] = field(default_factory=dict)

    def may(self, user: str, team: str) -> Verdict:
        return Verdict(user not in self.refused, self.refused.get(user, ""), NAMES.get(user, ""))

    def name(self, user: str) -> str:
        return NAMES.get(user, user)


@dataclass
class Scene:
    """A store with what stands in it, and what people do."""

    database: Database
    roles: FakeRoles = field(default_factory=FakeRoles)
    pages: bool = True
    on_call: str = "Mei Tan"
    woken: int = 0
    now: datetime = NOW

    def actions(self) -> Actions:
        return Actions(self.database, self.roles, self._wake, lambda: self.now, pages=self.pages, on_call=lambda: self.on_call)

    def has(self, *episodes: Episode) -> None:
        with self.database.begin() as conn:
            for each in episodes:
                alerts.add_episode(conn, each)

    def found(self, known_as: str = ID) -> Episode:
        with self.database.begin() as conn:
            found = alerts.episode(conn, known_as)
        assert found
        return found

    def owed(self, known_as: str = ID) -> list[Intent]:
        with self.database.begin() as conn:
            return [each for target in get_args(Target) for each in outbox.undone(conn, known_as, target)]

    def kinds(self, known_as: str = ID) -> list[str]:
        return [f"{each.target} {each.kind}" for each in self.owed(known_as)]

    def audited(self, known_as: str = ID) -> list[tuple[str, str, str]]:
        with self.database.begin() as conn:
            assert audit.verify(conn) is None
            return [(each.who, each.what, each.outcome) for each in audit.entries(conn, known_as)]

    def _wake(self) -> None:
        self.woken += 1


@contextmanager
def a_scene(folder: Path) -> Iterator[Scene]:
    """A scene in a store of its own."""
    database = Database(f"sqlite:///{folder / 'paybot.db'}")
    database.open()
    try:
        yield Scene(database)
    finally:
        database.close()
