"""The audit: what was done stays as it was written, or it is seen."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.exc import DBAPIError

from bot.store import audit, tables
from bot.store.database import Database
from tests.store.values import AWKWARD, NOW, after

ROWS = 5


def note(database: Database, number: int = 0, episode: str = "e1") -> None:
    with database.begin() as conn:
        said = {"who": "U1", "what": "acknowledge", "outcome": "done", "why": AWKWARD}
        audit.note(conn, **said, episode=episode, now=after(number))


def unguard(database: Database) -> None:
    """What somebody has to do first who wants to change a row."""
    with database.begin() as conn:
        if conn.dialect.name == "postgresql":
            conn.execute(text("ALTER TABLE audit DISABLE TRIGGER audit_no_change"))
        else:
            for act in ("update", "delete"):
                conn.execute(text(f"DROP TRIGGER audit_no_{act}"))


def verified(database: Database) -> int | None:
    with database.begin() as conn:
        return audit.verify(conn)


def test_an_act_has_its_record(database: Database) -> None:
    """Who, what, when, why and what came of it, by episode and in order."""
    for number, episode in enumerate(["e1", "e2", "e1"]):
        note(database, number, episode)
    with database.begin() as conn:
        assert audit.entries(conn, "e1") == tuple(
            audit.Entry(
                seq=seq, at=after(seq - 1), who="U1", what="acknowledge", episode="e1", outcome="done", why=AWKWARD
            )
            for seq in (1, 3)
        )  # fmt: skip
        assert audit.entries(conn, "e3") == ()


def test_an_untouched_audit_holds(database: Database) -> None:
    """Empty, and with rows whose words the database could not keep as they were."""
    assert verified(database) is None
    with database.begin() as conn:
        audit.note(conn, who="a\0b", what="\ud800", episode="", outcome="", why="", now=NOW)
    note(database)
    assert verified(database) is None


@pytest.mark.parametrize("column", [each.name for each in tables.audit.c])
def test_any_changed_value_is_seen(database: Database, column: str) -> None:
    """Whichever column, the row is named."""
    for number in range(ROWS):
        note(database, number)
    unguard(database)
    with database.begin() as conn:
        values = {"seq": 99, "at": after(-1)} | dict.fromkeys(("who", "what", "episode", "outcome", "why", "before", "hash"), "x")
        conn.execute(update(tables.audit).where(tables.audit.c.seq == 3).values({column: values[column]}))
    assert verified(database) == 3


@pytest.mark.parametrize("seq", [1, 3])
def test_a_missing_row_is_seen(database: Database, seq: int) -> None:
    """The first and any between; only newest ones can be cut off, which a copy elsewhere shows."""
    for number in range(ROWS):
        note(database, number)
    unguard(database)
    with database.begin() as conn:
        conn.execute(delete(tables.audit).where(tables.audit.c.seq == seq))
    assert verified(database) == seq


def test_rows_that_swapped_their_words_are_seen(database: Database) -> None:
    """What is moved from one value to the next is another row."""
    with database.begin() as conn:
        audit.note(conn, who="U1", what="snooze", episode="", outcome="", why="", now=NOW)
    unguard(database)
    with database.begin() as conn:
        conn.execute(update(tables.audit).values(who="U", what="1snooze"))
    assert verified(database) == 1


@pytest.mark.parametrize("statement", ["UPDATE audit SET who = 'x'", "DELETE FROM audit"])
def test_rows_are_only_added(database: Database, statement: str) -> None:
    """The database itself refuses anything else."""
    note(database)
    with pytest.raises(DBAPIError, match="only ever added to"), database.begin() as conn:
        conn.execute(text(statement))
    assert verified(database) is None


def test_acts_at_once_are_one_chain(url: str, opened: Callable[[str], Database]) -> None:
    """Two threads, on PostgreSQL as if of two processes: every act is there, and each follows another."""
    stores = [opened(url)] * 2 if url.startswith("sqlite") else [opened(url), opened(url)]
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda number: note(stores[number % 2], number), range(60)))
    with stores[0].begin() as conn:
        assert (audit.verify(conn), len(audit.entries(conn, "e1"))) == (None, 60)
