"""The audit of what was pressed while the store was away: written when it is back, once, at the time of the press."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection

from bot.alerts.actions import AWAY, Actions
from bot.alerts.late_rows import MOST, AuditRow, LateRows
from bot.ports import StoreError
from bot.store import audit
from bot.store.database import Database
from tests.alerts_actions.making import BEN, DANA, ID, NOW, Scene, episode, minutes


class Leaving(Database):
    """The real store, which is away when it is told to be."""

    away = False

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        if self.away:
            raise StoreError("is away", retriable=False)
        with super().begin() as conn:
            yield conn


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    store = Leaving(f"sqlite:///{tmp_path / 'paybot.db'}")
    store.open()
    yield Scene(store)
    store.close()


@pytest.fixture
def actions(scene: Scene) -> Actions:
    scene.has(episode())
    return scene.actions()


def away(scene: Scene, is_away: bool) -> None:
    assert isinstance(scene.database, Leaving)
    scene.database.away = is_away


def test_a_press_while_the_store_is_away_is_told_and_audited_later(scene: Scene, actions: Actions) -> None:
    """The presser reads that nothing was changed; the row bears the time of the press, and the chain of rows holds."""
    away(scene, True)
    assert actions.acknowledge(ID, 1, DANA, "T0SHOP") == AWAY
    actions.write_late()
    away(scene, False)
    scene.now = NOW + minutes(5)
    assert actions.acknowledge(ID, 1, BEN, "T0SHOP") == "Acknowledged."
    assert scene.audited() == [(DANA, "acknowledge", "nothing"), (BEN, "acknowledge", "done")]
    with scene.database.begin() as conn:
        assert [each.at for each in audit.entries(conn, ID)] == [NOW, NOW + minutes(5)]


def test_what_waits_is_written_without_another_press(scene: Scene, actions: Actions) -> None:
    """The next tick does it, and only once."""
    away(scene, True)
    actions.note("acknowledge", DANA, "refused", "This button was not made by paybot.", ID)
    away(scene, False)
    actions.write_late()
    actions.write_late()
    assert scene.audited() == [(DANA, "acknowledge", "refused")]


def row(number: int) -> AuditRow:
    return AuditRow(f"U{number}", "snooze", ID, "nothing", AWAY, NOW)


def failing(late: LateRows, database: Database) -> None:
    with late.transaction(database):
        late.add(row(2))
        raise KeyError


def test_a_failed_transaction_keeps_what_waits_in_its_order(scene: Scene) -> None:
    """Whatever fails: the store, or the work itself."""
    late = LateRows()
    late.add(row(1))
    with pytest.raises(KeyError):
        failing(late, scene.database)
    with late.transaction(scene.database):
        pass
    assert [who for who, *_ in scene.audited()] == ["U1", "U2"]


def test_what_waits_is_bounded(scene: Scene) -> None:
    """An outage with very many presses keeps the newest."""
    late = LateRows()
    for number in range(MOST + 3):
        late.add(row(number))
    assert len(late) == MOST
    with late.transaction(scene.database):
        pass
    assert next(who for who, *_ in scene.audited()) == "U3"


def test_threads_write_a_row_once(scene: Scene) -> None:
    """However many transactions begin at once."""
    late = LateRows()
    for number in range(20):
        late.add(row(number))

    def transaction() -> None:
        with late.transaction(scene.database):
            pass

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: transaction(), range(16)))
    assert sorted(who for who, *_ in scene.audited()) == sorted(f"U{number}" for number in range(20))
