"""The SQLite file and what can happen to it: locked, read-only, full, damaged, gone."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from bot.ports import StoreError
from bot.store import outbox
from bot.store.database import Database
from tests.store.conftest import BUSY_S
from tests.store.values import an_intent

WRITER = (
    "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('BEGIN IMMEDIATE'); print(); input()"
)
NOBODY = 65534


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "paybot.db"


@pytest.fixture
def database(file: Path, opened: Callable[[str], Database]) -> Database:
    return opened(f"sqlite:///{file}")


def owe(database: Database, number: int = 1, size: int = 1) -> None:
    with database.begin() as conn:
        outbox.add(conn, [an_intent(seq=number, payload={"text": "x" * size})])


def depth(database: Database) -> int:
    with database.begin() as conn:
        return outbox.depth(conn).get("slack", 0)


def refused(url: str) -> StoreError:
    with pytest.raises(StoreError) as error:
        Database(url).open()
    return error.value


def asked(conn: Connection, pragma: str) -> object:
    return conn.execute(text(f"PRAGMA {pragma}")).scalar()


def test_what_is_written_survives_a_loss_of_power(database: Database) -> None:
    """Each commit waits for the disk; readers and the writer do not wait for each other."""
    with database.begin() as conn:
        assert (asked(conn, "journal_mode"), asked(conn, "synchronous")) == ("wal", 2)  # 2: FULL


def test_the_file_is_for_its_owner_alone(database: Database, file: Path) -> None:
    """It says who did what."""
    owe(database)
    assert {stat.S_IMODE(each.stat().st_mode) for each in file.parent.iterdir()} == {0o600}


# Locked.


@contextmanager
def other_writer(file: Path) -> Iterator[None]:
    """Another program in the middle of writing the file."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "\n"
        try:
            yield
        finally:
            other.kill()


def test_a_locked_file_is_waited_for_and_then_said(database: Database, file: Path) -> None:
    """No longer than was set; nothing is lost, and afterwards all goes on."""
    with other_writer(file):
        begun = time.monotonic()
        with pytest.raises(StoreError, match=f"{file} is locked by another program") as error:
            owe(database)
        assert BUSY_S * 0.9 < time.monotonic() - begun < BUSY_S + 2
        assert (error.value.retriable, database.healthy()) == (True, False)
    owe(database)
    assert (database.healthy(), depth(database)) == (True, 1)


def test_a_file_that_is_being_written_can_be_read(database: Database, file: Path) -> None:
    """Readiness waits for nobody as long as nothing has failed."""
    with other_writer(file):
        begun = time.monotonic()
        assert database.healthy()
        assert time.monotonic() - begun < BUSY_S


def test_threads_take_turns(database: Database) -> None:
    """One waits while another writes; for no longer than was set."""
    with database.begin(), pytest.raises(StoreError, match="busy") as error, database.begin():
        pass
    assert error.value.retriable
    threads = [threading.Thread(target=owe, args=(database, number)) for number in range(20)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert depth(database) == 20


# Read-only, full, gone.


@contextmanager
def unprivileged() -> Iterator[Path]:
    """A folder in the hands of somebody for whom permissions count, which root does not: that is who we are meanwhile."""
    folder, user = Path(tempfile.mkdtemp(prefix="paybot-")), os.geteuid()
    warm = Database(f"sqlite:///{folder}/warm.db")  # all modules are there before our own may be out of reach
    warm.open()
    warm.close()
    (folder / "warm.db").rename(folder / "paybot.db")
    for each in (folder, folder / "paybot.db"):
        each.chmod(0o777)
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield folder
    finally:
        os.seteuid(user)
        shutil.rmtree(folder)


def as_root(path: Path, mode: int) -> None:
    user = os.geteuid()
    os.seteuid(os.getuid())
    path.chmod(mode)
    os.seteuid(user)


@pytest.mark.parametrize(("name", "mode"), [("paybot.db", 0o444), (".", 0o555)])
def test_a_read_only_place_is_refused_in_words(name: str, mode: int) -> None:
    """A file or a folder; the words say which."""
    with unprivileged() as folder:
        as_root(folder / name, mode)
        error = refused(f"sqlite:///{folder}/paybot.db")
    assert error.said.startswith(f"{folder}/paybot.db")
    assert (error.said.endswith("cannot be written: paybot's user may not write there"), error.retriable) == (True, False)


def test_a_folder_that_is_missing_is_said(tmp_path: Path) -> None:
    """And not made: it may be a disk that is not there yet."""
    error = refused(f"sqlite:///{tmp_path}/volume/paybot.db")
    assert (error.said.endswith("cannot be written: its folder does not exist"), error.retriable) == (True, False)
    assert not (tmp_path / "volume").exists()


def test_a_file_that_turns_read_only_can_be_written_later(database: Database) -> None:
    """Nothing of the transaction is there; without a restart it goes on once that is over."""
    with pytest.raises(StoreError, match="is read-only") as error, database.begin() as conn:  # noqa: PT012
        conn.execute(text("PRAGMA query_only = ON"))
        outbox.add(conn, [an_intent()])
    owe(database)
    assert (error.value.retriable, depth(database)) == (True, 1)


@pytest.mark.parametrize("point", range(20))
def test_a_full_disk_costs_nothing_that_was_kept(database: Database, point: int) -> None:
    """Wherever it runs full: the transaction has not happened, all before it has, and with room again it goes on."""
    with database.begin() as conn:
        conn.execute(text(f"PRAGMA max_page_count = {asked(conn, 'page_count') + 1 + point}"))  # type: ignore[operator]
    done, error = until_it_fails(database)
    assert (error.said.endswith("its disk is full"), error.retriable, database.healthy()) == (True, True, True)
    assert depth(database) == done
    owe(database, 100)
    assert depth(database) == done + 1


def until_it_fails(database: Database) -> tuple[int, StoreError]:
    for number in range(100):
        try:
            owe(database, number, size=3_000)
        except StoreError as error:
            return number, error
    raise AssertionError("it never did")


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_is_taken_away_is_noticed(database: Database, file: Path, replaced: bool) -> None:
    """What would be written into a removed file would be lost: it stops, in words."""
    owe(database)
    file.unlink()
    if replaced:
        file.touch()
    with pytest.raises(StoreError, match="was removed or replaced") as error:
        owe(database, 2)
    assert (error.value.retriable, database.healthy()) == (False, False)


# Damaged.


def filled(file: Path) -> bytes:
    """A store with rows in several pages, closed."""
    database = Database(f"sqlite:///{file}")
    database.open()
    for number in range(10):
        owe(database, number, size=3_000)
    database.close()
    return file.read_bytes()


def test_every_damaged_page_is_noticed(file: Path) -> None:
    """The store is refused in words, and is left exactly as it is."""
    whole, size = filled(file), 4096
    pages = range(size, len(whole), size)
    for start in pages:
        broken = whole[:start] + bytes(byte ^ 0xFF for byte in whole[start : start + 16]) + whole[start + 16 :]
        file.write_bytes(broken)
        error = refused(f"sqlite:///{file}")
        assert ("is damaged" in error.said, "put a backup in its place" in error.said, error.retriable) == (True, True, False)
        assert file.read_bytes() == broken
    assert len(pages) > 20


@pytest.mark.parametrize("kept", [100, 4096, 20_000])
def test_a_file_that_was_cut_off_is_noticed(file: Path, kept: int) -> None:
    """It is not filled up with something new."""
    cut = filled(file)[:kept]
    file.write_bytes(cut)
    assert not refused(f"sqlite:///{file}").retriable
    assert file.read_bytes() == cut


def test_a_file_of_another_kind_is_refused(file: Path) -> None:
    """Whatever it is, it stays as it is."""
    file.write_text("date,amount\n" * 1_000, encoding="utf-8")
    assert refused(f"sqlite:///{file}").said == f"{file} is no SQLite database; put a backup in its place (docs/database.md)"
    assert file.read_text(encoding="utf-8") == "date,amount\n" * 1_000


def test_another_programs_database_is_refused(file: Path) -> None:
    """One whose tables only have the same names."""
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE audit (what TEXT)")
    error = refused(f"sqlite:///{file}")
    assert (error.said, error.retriable) == (f"{file} has tables that are not paybot's (audit); give paybot its own", False)


# Addresses.


@pytest.mark.parametrize(
    "url", ["mysql://paybot:s3cret@db/paybot", "sqlite://", "sqlite:///:memory:", "paybot.db", "", "postgresql"]
)
def test_an_address_that_cannot_be_used_is_said(url: str) -> None:
    """Without repeating it."""
    error = refused(url)
    assert (error.retriable, "s3cret" in error.said) == (False, False)


def test_a_path_may_be_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: Callable[[str], Database]) -> None:
    """To where paybot was started."""
    monkeypatch.chdir(tmp_path)
    assert opened("sqlite:///paybot.db").healthy()
    assert (tmp_path / "paybot.db").exists()


def test_nothing_is_done_before_it_is_open(file: Path) -> None:
    """It is said, and may be tried again."""
    database = Database(f"sqlite:///{file}")
    with pytest.raises(StoreError, match="not open") as error, database.begin():
        pass
    assert (error.value.retriable, database.healthy(), file.exists()) == (True, False, False)
