"""One process among others on a PostgreSQL: what only one may do, one does, and what one has heard the others know."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot import presence
from bot.presence import Presence
from bot.store import leases, replicas, schema
from bot.store.database import Database
from tests.store import postgres

Make = Callable[..., Presence]


def utc_now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    if reason := postgres.why_not():
        pytest.skip(reason)
    with postgres.running() as made:
        yield made


@pytest.fixture
def make(server: postgres.Server) -> Iterator[Make]:
    """Processes on one database, as far as the rows can tell."""
    url = server.clean()
    with ExitStack() as stack:

        def made(owner: str, now: Callable[[], datetime] = utc_now, **more: Any) -> Presence:
            database = Database(url)
            database.open()
            stack.callback(database.close)
            each = Presence(database, owner, now, lambda: {"socket": "connected"}, **more)
            stack.callback(each.stop, 1.0)
            each.start()
            return each

        yield made


def test_one_holds_what_only_one_may_do_and_another_after_it(make: Make) -> None:
    """Whoever ends lets go: the next one waits no longer than a second."""
    first, second = make("a"), make("b")
    assert first.holds("slack")
    assert not second.holds("slack")
    assert second.holds("pagerduty")
    first.stop(1.0)
    deadline = time.monotonic() + 3
    while not second.holds("slack"):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_nobody_asks_for_is_not_kept(make: Make) -> None:
    """A thread that hangs keeps nobody else from its work: its lease is no longer renewed, and ends."""
    process = make("a")
    assert process.holds("send slack")

    def until() -> int:
        with process._database.begin() as conn:
            return int(conn.execute(text("SELECT until FROM lease")).scalar_one())

    taken = until()
    process._beat()
    renewed = until()
    process._held["send slack"].asked -= presence.ASKED_S
    process._beat()
    assert taken < renewed == until()


def test_what_one_has_heard_is_not_new_to_another(make: Make) -> None:
    """A signature that comes again, to whichever process."""
    first, second = make("a"), make("b")
    assert first.first("signature", 660)
    assert not second.first("signature", 660)
    assert second.first("another", 660)


def test_a_wrong_clock_holds_nothing(make: Make) -> None:
    """By the database's time: its claims would end too early or too late."""
    wrong = make("a", lambda: utc_now() - timedelta(minutes=2))
    assert wrong.clock_is_wrong
    assert not wrong.holds("slack")
    assert make("b").holds("slack")


def test_a_newer_schema_ends_the_process_with_a_line(make: Make) -> None:
    """It says which version was found and which this one knows."""
    said: list[str] = []
    running = make("a", failed=said.append, beat_s=0.05)
    database = running._database
    try:
        with database.begin() as conn:
            conn.execute(text("UPDATE alembic_version SET version_num = '0099'"))
        deadline = time.monotonic() + 5
        while not said:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        with database.begin() as conn:
            conn.execute(text(f"UPDATE alembic_version SET version_num = '{schema.NEWEST}'"))
    assert "written by a newer paybot (schema 0099" in said[0]


def test_a_database_that_is_away_keeps_nobody_waiting(make: Make, server: postgres.Server) -> None:
    """What was heard counts as new within a second, and what is held is held until it may be another's."""
    process = make("a")
    assert process.holds("slack")
    process._database.close()
    begun = time.monotonic()
    assert process.first("signature", 660)
    assert time.monotonic() - begun < presence.HEARD_S + 0.5
    assert process.holds("slack")
    assert not process.holds("pagerduty")


def test_a_database_that_takes_no_writes_is_noticed(make: Make, server: postgres.Server) -> None:
    """It can be read all the while; a process that cannot write there is not ready."""
    process = make("a", beat_s=0.05)
    assert process.told
    name = process._database._text.rpartition("/")[2]
    try:
        server.run(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'paybot'")
        soon(lambda: not process.told and process._database.healthy())
    finally:
        server.run(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'paybot'")
    soon(lambda: process.told)


def soon(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_with_a_database_of_its_own_a_process_holds_everything(tmp_path: Path) -> None:
    """And writes nothing for it."""
    database = Database(f"sqlite:///{tmp_path}/paybot.db")
    database.open()
    alone = Presence(database, "a", utc_now, dict)
    alone.start()
    assert alone.holds("slack")
    assert alone.first("signature", 660)
    with database.begin() as conn:
        assert (replicas.known(conn), leases.holders(conn)) == ((), {})
    alone.stop(1.0)
    database.close()
