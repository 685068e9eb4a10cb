"""What people set, in the store itself."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from bot.people import Settings
from bot.ports import StoreError
from bot.store.database import Database
from bot.store.people import Rows


def test_settings_outlive_the_process(tmp_path: Path) -> None:
    """Each change keeps what else was set; before the store is open, and without it, there is an error and no guess."""
    database = Database(f"sqlite:///{tmp_path}/paybot.db")
    rows = Rows(database)
    with pytest.raises(StoreError):
        rows.load("T1", "U1")
    database.open()
    rows.change("T1", "U1", lambda mine: replace(mine, zone="Asia/Tokyo"))
    rows.change("T1", "U1", lambda mine: replace(mine, only_me=True))
    database.close()
    again = Database(f"sqlite:///{tmp_path}/paybot.db")
    again.open()
    assert Rows(again).load("T1", "U1") == Settings("Asia/Tokyo", "", True)
    assert Rows(again).load("T2", "U1") == Settings()
    again.close()


def test_nobody_reads_a_store_that_is_still_being_made(tmp_path: Path) -> None:
    """Whoever asks while the schema is brought up to date hears that it is not open, and meets no half of it."""
    for number in range(2):
        database, met, done = Database(f"sqlite:///{tmp_path}/{number}.db"), set[str](), threading.Event()
        threads = [threading.Thread(target=hammer, args=(Rows(database), met, done)) for _ in range(2)]
        for thread in threads:
            thread.start()
        database.open()
        done.set()
        for thread in threads:
            thread.join(10)
        database.close()
        assert met <= {"StoreError", "Settings"}


def hammer(rows: Rows, met: set[str], done: threading.Event) -> None:
    """Asks again and again, and notes by name what comes back."""
    while not done.wait(0.0005):
        try:
            met.add(type(rows.load("T1", "U1")).__name__)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test judges it
            met.add(type(error).__name__)
