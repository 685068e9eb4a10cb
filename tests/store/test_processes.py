"""Other processes: one that has the file, one that dies in the middle."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.ports import StoreError
from bot.store import alerts, outbox
from bot.store.database import Database
from tests.store.child import said, started
from tests.store.values import NOW, after, an_intent


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "paybot.db"


def test_a_second_process_is_refused_at_once(file: Path) -> None:
    """With a line that names the file and the process that has it."""
    with started(f"sqlite:///{file}", "open") as first:
        assert said(first) == "ready"
        begun = time.monotonic()
        with pytest.raises(StoreError) as refused:
            Database(f"sqlite:///{file}").open()
        assert (time.monotonic() - begun < 1, refused.value.retriable) == (True, False)
    assert refused.value.said.startswith(f"{file} is in use by another paybot (process {first.pid})")


def test_a_file_by_another_name_is_the_same_file(file: Path, tmp_path: Path) -> None:
    """A link does not get around the lock."""
    (tmp_path / "link.db").symlink_to(file)
    with started(f"sqlite:///{file}", "open") as first:
        assert said(first) == "ready"
        with pytest.raises(StoreError, match="in use"):
            Database(f"sqlite:///{tmp_path / 'link.db'}").open()


def test_the_child_says_so_too(file: Path, opened: Callable[[str], Database]) -> None:
    """Whichever of the two came first, and also while the first is busy."""
    with opened(f"sqlite:///{file}").begin(), started(f"sqlite:///{file}", "open") as second:
        assert f"in use by another paybot (process {os.getpid()})" in said(second)


def test_a_killed_process_leaves_no_lock(file: Path, opened: Callable[[str], Database]) -> None:
    """The next one starts as if nothing had been."""
    with started(f"sqlite:///{file}", "open") as first:
        assert said(first) == "ready"
        first.send_signal(signal.SIGKILL)
        first.wait()
        assert opened(f"sqlite:///{file}").healthy()


def test_closing_lets_the_next_one_in(file: Path, opened: Callable[[str], Database]) -> None:
    """Also in the same process, and however often."""
    for _ in range(3):
        database = opened(f"sqlite:///{file}")
        database.open()
        database.close()
        database.close()
    assert not database.healthy()


def test_a_failed_start_lets_the_next_one_in(tmp_path: Path) -> None:
    """Whoever could not open the file does not keep it from others."""
    file = tmp_path / "paybot.db"
    file.write_text("no database" * 99, encoding="utf-8")
    for _ in range(2):
        with pytest.raises(StoreError, match="is no SQLite database"):
            Database(f"sqlite:///{file}").open()


def test_a_transaction_that_was_killed_has_never_begun(url: str, opened: Callable[[str], Database]) -> None:
    """Nothing of it is there, and nothing of it is in the way."""
    with started(url, "half") as child:
        assert said(child) == "ready"
        child.send_signal(signal.SIGKILL)
        child.wait()
    database = opened(url)
    with database.begin() as conn:
        assert (alerts.open_episodes(conn), outbox.depth(conn)) == ((), {})
        outbox.add(conn, [an_intent("half")])


@pytest.mark.parametrize("writes", [1, 20, 41])
def test_what_was_told_is_there_after_a_kill(url: str, opened: Callable[[str], Database], writes: int) -> None:
    """Killed at any moment while it writes: every transaction is there whole or not at all, and each that was told of is."""
    with started(url, "on") as child:
        assert [said(child) for _ in range(writes + 1)] == ["ready", *map(str, range(1, writes + 1))]
        child.send_signal(signal.SIGKILL)
        child.wait()
    with opened(url).begin() as conn:
        there = {each.id for each in alerts.open_episodes(conn)}
        assert {(each, "slack") for each in there} == set(outbox.newest_seq(conn))
    assert {f"e{number}" for number in range(1, writes + 1)} <= there


def test_what_a_dead_process_had_claimed_is_free_at_once(file: Path, opened: Callable[[str], Database]) -> None:
    """The file's next owner waits for no lease: nobody else can have it. It still sees that an attempt is in doubt."""
    first = opened(f"sqlite:///{file}")
    with first.begin() as conn:
        outbox.add(conn, [an_intent()])
        assert outbox.claim(conn, "slack", "first", NOW, 3600)
        assert alerts.claim_tick(conn, 7, NOW, "first")
    first.close()
    with opened(f"sqlite:///{file}").begin() as conn:
        assert [each.status for each in outbox.claim(conn, "slack", "second", after(1), 15)] == ["sending"]
        assert alerts.claim_tick(conn, 7, after(1), "second")
