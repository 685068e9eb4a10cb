"""Two replicas on one PostgreSQL: of two presses that reach different ones at the same moment, one counts."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from bot.alerts.actions import Press
from bot.alerts.handling import NOWHERE, Action
from bot.store import alerts, audit, outbox
from bot.store.database import Database
from tests.alerts_actions.making import BEN, DANA, NOW, Scene, episode, minutes
from tests.store import postgres

RACES = 150
PAIRS: tuple[tuple[Action, Action], ...] = (
    ("acknowledge", "acknowledge"),
    ("escalate", "escalate"),
    ("snooze", "escalate"),
    ("snooze", "acknowledge"),
)


@pytest.fixture
def replicas() -> Iterator[tuple[Scene, Scene]]:
    """Two bots, each with its own connections to the same database."""
    if reason := postgres.why_not():
        pytest.skip(reason)
    with postgres.running() as server:
        address = server.empty()
        both = Database(address), Database(address)
        for each in both:
            each.open()
        try:
            yield Scene(both[0]), Scene(both[1])
        finally:
            for each in both:
                each.close()


def test_two_presses_on_two_replicas_have_one_effect(replicas: tuple[Scene, Scene]) -> None:
    """Whatever is pressed; and both stand in the audit, whose chain holds."""
    chance, ready = random.Random(5), Barrier(2)
    races = {f"{number:016x}": chance.choice(PAIRS) for number in range(RACES)}
    replicas[0].has(*(replace(episode(), id=known_as, number=number) for number, known_as in enumerate(races)))

    def pressed(scene: Scene, known_as: str, action: Action, user: str) -> str:
        ready.wait(10)
        return scene.actions().press(action, Press(known_as, 1, user, "T0SHOP", NOWHERE, NOW + minutes(60)))

    with ThreadPoolExecutor(2) as pool:
        said = {own: list(pool.map(pressed, replicas, (own, own), acts, (DANA, BEN))) for own, acts in races.items()}
    with replicas[1].database.begin() as conn:
        assert audit.verify(conn) is None
        for own in races:
            assert sorted(entry.outcome for entry in audit.entries(conn, own)) == ["done", "nothing"], said[own]
            assert [each.kind for each in outbox.undone(conn, own, "slack")] == ["show", "note"]
            found = alerts.episode(conn, own)
            assert found
            assert found.version == 2
