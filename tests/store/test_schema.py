"""The schema's versions: an older one is brought up to date, a newer one is left alone."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, insert, inspect, text

from bot.ports import StoreError
from bot.store import alerts, audit, outbox, schema, tables
from bot.store.database import Database, parsed
from tests.store import postgres
from tests.store.values import NOW, an_episode, an_instance, an_intent


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where there is no table yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/paybot.db"
    server: postgres.Server = request.getfixturevalue("server")
    return server.empty()


def at(url: str, version: str, *statements: str) -> None:
    """Makes the tables as an older paybot has left them."""
    engine = create_engine(parsed(url))
    with engine.begin() as conn:
        schema.upgrade(conn, "it", to=version)
        for each in statements:
            conn.execute(text(each))
    engine.dispose()


def version_of(url: str) -> str | None:
    engine = create_engine(parsed(url))
    with engine.begin() as conn:
        found = schema.version(conn, "it")
    engine.dispose()
    return found


def test_the_tables_are_what_the_migrations_make(database: Database) -> None:
    """Column by column and index by index: who changes one without the other hears so here."""
    with database.begin() as conn:
        assert compare_metadata(MigrationContext.configure(conn), tables.metadata) == []
        found, known = inspect(conn), tables.metadata.tables
        for name, table in known.items():
            nullable = {each["name"]: each["nullable"] for each in found.get_columns(name)}
            assert nullable == {each.name: each.nullable for each in table.columns}
            checks = {each["name"] for each in found.get_check_constraints(name)}
            assert checks == {each.name for each in table.constraints if str(each.name).startswith("ck_")}


def test_the_newest_version_is_the_last_migration() -> None:
    """Which is not looked for where there is nothing to do."""
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [schema.NEWEST]


def test_an_upgrade_keeps_every_row(empty: str, opened: Callable[[str], Database]) -> None:
    """From the first schema to the newest."""
    at(empty, "0001")
    engine = create_engine(parsed(empty))
    with engine.begin() as conn:
        alerts.keep_instance(conn, an_instance())
        alerts.add_episode(conn, an_episode())
        outbox.add(conn, [an_intent()])
        audit.note(conn, who="U1", what="snooze", episode="e1", outcome="done", why="", now=NOW)
        conn.execute(insert(tables.digest_run).values(digest="daily", local_date="2026-11-22", claimed=NOW, owner="a"))
    engine.dispose()
    with opened(empty).begin() as conn:
        assert list(alerts.instances(conn).values()) == [an_instance()]
        assert alerts.open_episodes(conn) == (an_episode(),)
        assert outbox.undone(conn, "e1", "slack") == (an_intent(),)
        assert (audit.verify(conn), len(audit.entries(conn, "e1"))) == (None, 1)
    assert version_of(empty) == schema.NEWEST


def test_a_newer_schema_is_left_alone(empty: str) -> None:
    """The line names both versions, and says what to do."""
    at(empty, schema.NEWEST, "UPDATE alembic_version SET version_num = '0099'")
    with pytest.raises(StoreError, match=r"by a newer paybot \(schema 0099, this one knows up to") as error:
        Database(empty).open()
    assert (error.value.retriable, version_of(empty)) == (False, "0099")


def test_an_upgrade_that_fails_has_not_begun(empty: str) -> None:
    """Something is in its way: the version stands, and nothing of the half that went through is there."""
    at(empty, "0001", "CREATE INDEX uq_episode_number ON episode (rule)")
    with pytest.raises(StoreError, match="could not be brought from schema 0001 to") as error:
        Database(empty).open()
    assert (error.value.retriable, version_of(empty)) == (False, "0001")
    engine = create_engine(parsed(empty))
    assert "ix_outbox_unsettled" not in {each["name"] for each in inspect(engine).get_indexes("outbox")}
    engine.dispose()


def test_others_tables_are_left_alone(empty: str) -> None:
    """What another program calls by the same name is no table of paybot's."""
    at(empty, "0001", "DROP TABLE alembic_version")
    with pytest.raises(StoreError, match="has tables that are not paybot's"):
        Database(empty).open()


def test_replicas_that_start_at_once_make_the_tables_once(server: postgres.Server) -> None:
    """Each waits for the one that came first."""
    url = server.empty()
    replicas = [Database(url) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(Database.open, replicas))
    assert all(each.healthy() for each in replicas)
    for each in replicas:
        each.close()


def test_claims_and_sweeps_read_only_what_is_open(tmp_path: Path, opened: Callable[[str], Database]) -> None:
    """However much is kept: SQLite takes the two small indexes."""
    seen: list[str] = []
    database = opened(f"sqlite:///{tmp_path}/paybot.db")
    with database.begin() as conn:
        connection = conn.connection.driver_connection
        assert connection is not None
        connection.set_trace_callback(seen.append)
        outbox.claim(conn, "slack", "a", NOW, 15)
        outbox.to_sweep(conn, "slack", NOW)
        connection.set_trace_callback(None)
        plans = [" ".join(row[3] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {each}")) for each in seen]
    assert ["ix_outbox_unsettled" in plans[0], "ix_outbox_unswept" in plans[1]] == [True, True]
