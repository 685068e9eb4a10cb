"""PostgreSQL and what can happen to it: out of reach, wrong password, locked, gone in the middle, two processes at one row."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable

import psycopg
import pytest
from sqlalchemy import text

from bot.ports import StoreError
from bot.store import alerts, outbox
from bot.store.database import Database
from tests.store import postgres
from tests.store.conftest import BUSY_S
from tests.store.values import NOW, an_episode, an_intent


@pytest.fixture
def url(server: postgres.Server) -> str:
    return server.clean()


@pytest.fixture
def database(url: str, opened: Callable[[str], Database]) -> Database:
    return opened(url)


def refused(url: str) -> StoreError:
    with pytest.raises(StoreError) as error:
        Database(url, busy_s=BUSY_S).open()
    return error.value


def owe(database: Database, number: int = 1) -> None:
    with database.begin() as conn:
        outbox.add(conn, [an_intent(seq=number)])


def test_a_server_out_of_reach_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    """It may come; neither the words nor the log nor the trace holds the password."""
    caplog.set_level(logging.DEBUG)
    error = refused(f"postgresql://paybot:s3cret@127.0.0.1:{postgres.free_port()}/paybot")
    assert (error.said, error.retriable) == ("the database paybot on 127.0.0.1 does not answer", True)
    assert "s3cret" not in caplog.text + "".join(traceback.format_exception(error))


def test_a_wrong_password_is_said(server: postgres.Server, caplog: pytest.LogCaptureFixture) -> None:
    """It is not tried for ever, and not shown."""
    caplog.set_level(logging.DEBUG)
    error = refused(server.url("postgres", password="wr0ng"))
    assert (error.said.endswith("does not let paybot in: user or password is wrong"), error.retriable) == (True, False)
    assert "wr0ng" not in caplog.text + "".join(traceback.format_exception(error))


def test_a_database_that_is_missing_is_said(server: postgres.Server) -> None:
    """paybot makes tables, and no databases."""
    error = refused(server.url("nowhere"))
    assert (error.said, error.retriable) == ("the database nowhere on 127.0.0.1 does not exist on its server", False)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_an_address_may_be_written_as_hosts_write_it(url: str, opened: Callable[[str], Database], scheme: str) -> None:
    """The driver is paybot's business; further settings of the connection are taken."""
    assert opened(f"{scheme}{url.removeprefix('postgresql')}?sslmode=prefer").healthy()


def test_a_locked_table_is_waited_for_and_then_said(database: Database, url: str) -> None:
    """No longer than was set."""
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE outbox")
        begun = time.monotonic()
        with pytest.raises(StoreError) as error:
            owe(database)
        assert (error.value.retriable, time.monotonic() - begun < BUSY_S + 2, database.healthy()) == (True, True, True)
    owe(database)


def test_a_connection_that_is_cut_costs_its_transaction_alone(database: Database, server: postgres.Server) -> None:
    """In the middle of a transaction, and between two: the next one has a new connection."""
    with pytest.raises(StoreError, match="shutting down") as error, database.begin() as conn:  # noqa: PT012
        outbox.add(conn, [an_intent()])
        server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'paybot'")
        outbox.add(conn, [an_intent(seq=2)])
    assert error.value.retriable
    owe(database)
    server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'paybot'")
    owe(database, 2)
    with database.begin() as conn:
        assert outbox.depth(conn) == {"slack": 2}


def test_a_process_that_stands_still_holds_nothing_for_long(database: Database) -> None:
    """The server ends what waits for nothing; limits are set in each transaction, as a pooler may stand between."""
    with database.begin() as conn:
        names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "transaction_isolation")
        limits = [conn.execute(text(f"SHOW {name}")).scalar() for name in names]
    assert limits == ["300ms", "300ms", "10s", "read committed"]


def test_two_processes_that_change_one_row_do_not_wait_for_ever(url: str, opened: Callable[[str], Database]) -> None:
    """Each holds what the other wants: one of them is told to try again, and the other's changes are there."""
    one, two = opened(url), opened(url)
    with one.begin() as conn:
        for known_as in ("a", "b"):
            alerts.add_episode(conn, an_episode(known_as, series=known_as))
    with one.begin() as first:
        alerts.change_episode(first, "a", None, handling="acked")
        with pytest.raises(StoreError) as error, two.begin() as second:  # noqa: PT012
            alerts.change_episode(second, "b", None, handling="acked")
            alerts.change_episode(second, "a", None, handling="snoozed")
        assert error.value.retriable
        alerts.change_episode(first, "b", None, handling="snoozed")
    with two.begin() as conn:
        assert {each.id: each.handling for each in alerts.open_episodes(conn)} == {"a": "acked", "b": "snoozed"}


def test_an_episode_that_a_tick_has_read_is_not_changed_under_it(url: str, opened: Callable[[str], Database]) -> None:
    """A press of the same moment waits for the tick's transaction, and then finds the version that it left."""
    one, two = opened(url), opened(url)
    with one.begin() as conn:
        alerts.add_episode(conn, an_episode(version=1))
    with one.begin() as tick:
        alerts.open_episodes(tick)
        with pytest.raises(StoreError), two.begin() as press:
            alerts.change_episode(press, "e" * 16, 1, handling="acked")
        alerts.keep_episode(tick, "e" * 16, {"phase": "recovering", "version": 2})
    with two.begin() as press:
        assert alerts.change_episode(press, "e" * 16, 1, handling="acked") is None


def test_an_intent_that_another_is_claiming_is_passed_over(url: str, opened: Callable[[str], Database]) -> None:
    """Nobody waits: the second process takes the next one."""
    one, two = opened(url), opened(url)
    with one.begin() as conn:
        outbox.add(conn, [an_intent("a"), an_intent("b")])
    with one.begin() as first:
        assert [each.episode for each in outbox.claim(first, "slack", "one", NOW, 15)] == ["a"]
        with two.begin() as second:
            assert [each.episode for each in outbox.claim(second, "slack", "two", NOW, 15)] == ["b"]
