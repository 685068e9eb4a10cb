"""The tables, as the newest migration leaves them. Times are whole microseconds since 1970, UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Dialect,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import JSON, TypeDecorator

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


class Moment(TypeDecorator[datetime]):
    """An aware time, kept as a number that sorts and compares alike in every database. A naive time is refused."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else EPOCH + int(value) * MICROSECOND


class Words(TypeDecorator[str]):
    """Text of any length. What PostgreSQL cannot keep (NUL, half a surrogate pair) stands as "?" in every database."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else storable(value)


def storable(words: str) -> str:
    """The words as they come back from any database."""
    return words.replace("\0", "?").encode("utf-8", "replace").decode("utf-8")


class Clock(FunctionElement[int]):
    """The database's own time, in the tables' microseconds: the one clock that all its processes share."""

    inherit_cache = True
    type = BigInteger()


@compiles(Clock, "postgresql")
def _clock_of_postgres(element: Clock, compiler: SQLCompiler, **_: Any) -> str:
    return "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"


@compiles(Clock, "sqlite")
def _clock_of_sqlite(element: Clock, compiler: SQLCompiler, **_: Any) -> str:
    return "CAST((julianday('now') - 2440587.5) * 86400000000.0 AS INTEGER)"


def one_of(column: str, *values: str) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"ck_{column}")


def inserting(dialect: str, table: Table) -> Any:
    """An INSERT that can say what happens on a conflict, each database having its own, and whether it has written."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(table).execution_options(preserve_rowcount=True)


metadata: Final = MetaData()

instance: Final = Table(
    "instance",
    metadata,
    Column("rule", Words, primary_key=True),
    Column("series", Words, primary_key=True),
    Column("signal", Words, nullable=False),
    Column("since", Moment),
    Column("held_s", Double, nullable=False),
    Column("value", Double),
    Column("end", Moment),
    Column("silent", Integer, nullable=False),
    Column("failed_since", Moment),
    Column("number", Integer, nullable=False),
    Column("fired", JSON, nullable=False),  # microseconds
    one_of("signal", "ok", "pending", "firing", "recovering"),
)
episode: Final = Table(
    "episode",
    metadata,
    Column("id", Words, primary_key=True),
    Column("rule", Words, nullable=False),
    Column("series", Words, nullable=False),
    Column("number", Integer, nullable=False),
    Column("env", Words, nullable=False),
    Column("title", Words, nullable=False),
    Column("owner", Words, nullable=False),
    Column("section", Words, nullable=False),
    Column("severity", Words, nullable=False),
    Column("unit", Words, nullable=False),
    Column("limit", Double, nullable=False),
    Column("above", Boolean, nullable=False),
    Column("value", Double),
    Column("worst", Double),
    Column("since", Moment, nullable=False),
    Column("opened", Moment, nullable=False),
    Column("closed", Moment),
    Column("reason", Words, nullable=False),
    Column("phase", Words, nullable=False),
    Column("handling", Words, nullable=False),
    Column("acked_by", Words, nullable=False),
    Column("acked_at", Moment),
    Column("snoozed_by", Words, nullable=False),
    Column("snoozed_until", Moment),
    Column("escalated_by", Words, nullable=False),
    Column("escalated_at", Moment),
    Column("incident_url", Words, nullable=False),
    Column("reminded", Moment),
    Column("reasons", JSON, nullable=False),
    Column("blind", Words, nullable=False),
    Column("drill", Boolean, nullable=False),
    Column("routes", JSON, nullable=False),
    Column("channel", Words, nullable=False),
    Column("ts", Words, nullable=False),
    Column("chart", Words, nullable=False),
    Column("version", Integer, nullable=False),
    Column("extra", JSON, nullable=False),
    one_of("phase", "firing", "recovering", "closed"),
    one_of("handling", "open", "acked", "snoozed"),
    Index("ix_episode_closed", "closed"),
)
# Of two processes that see the same breach from the same state, only one opens an episode for it.
Index(
    "uq_episode_number",
    episode.c.rule,
    episode.c.series,
    episode.c.number,
    unique=True,
    sqlite_where=text("NOT drill"),
    postgresql_where=text("NOT drill"),
)
tick: Final = Table(
    "tick",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("claimed", Moment, nullable=False),
    Column("owner", Words, nullable=False),
    Column("finished", Moment),
)
outbox: Final = Table(
    "outbox",
    metadata,
    Column("key", Words, primary_key=True),
    Column("episode", Words, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("target", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("status", Words, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("owner", Words, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("created", Moment, nullable=False),
    Column("first_try", Moment),
    Column("not_before", Moment),
    Column("lease_until", Moment),
    Column("settled", Moment),  # when it was done or dead; none of both while it is null
    Column("remote_id", Words, nullable=False),
    Column("said", Words, nullable=False),
    Column("swept", Moment),
    UniqueConstraint("episode", "target", "seq", name="uq_outbox_seq"),
    one_of("status", "new", "sending", "unknown", "done", "dead"),
    CheckConstraint("(settled IS NULL) = (status IN ('new', 'sending', 'unknown'))", name="ck_settled"),
)
# A claim and a sweep read what is open, however much is kept: SQLite takes a partial index only for the same literal words.
UNSETTLED: Final = text("settled IS NULL")
UNSWEPT: Final = text("swept IS NULL AND attempts > 1 AND status = 'done'")
Index(
    "ix_outbox_unsettled",
    outbox.c.target,
    outbox.c.priority,
    outbox.c.created,
    outbox.c.seq,
    sqlite_where=UNSETTLED,
    postgresql_where=UNSETTLED,
)
Index("ix_outbox_unswept", outbox.c.target, outbox.c.settled, sqlite_where=UNSWEPT, postgresql_where=UNSWEPT)
inbox: Final = Table(
    "inbox",
    metadata,
    Column("key", Words, primary_key=True),
    Column("until", Moment, nullable=False),
    Index("ix_inbox_until", "until"),
)
audit: Final = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("who", Words, nullable=False),
    Column("what", Words, nullable=False),
    Column("episode", Words, nullable=False),
    Column("outcome", Words, nullable=False),
    Column("why", Words, nullable=False),
    Column("before", Words, nullable=False),
    Column("hash", Words, nullable=False),
    Index("ix_audit_episode", "episode"),
)
digest_run: Final = Table(
    "digest_run",
    metadata,
    Column("digest", Words, primary_key=True),
    Column("local_date", Words, primary_key=True),  # 2026-11-25
    Column("claimed", Moment, nullable=False),
    Column("owner", Words, nullable=False),
    Column("finished", Moment),
    Column("content", JSON),  # what it says; null where it was not posted
    Column("said", Words, nullable=False, server_default=""),  # why it was not posted
    Column("channel", Words, nullable=False, server_default=""),
    Column("ts", Words, nullable=False, server_default=""),
)
concern: Final = Table(
    "concern",
    metadata,
    Column("digest", Words, primary_key=True),
    Column("name", Words, primary_key=True),
    Column("since", Words, primary_key=True),  # the local date of the first digest that told of it
    Column("title", Words, nullable=False),
    Column("taken_by", Words, nullable=False),
    Column("taken_at", Moment),
    Column("closed", Moment),
)
replica: Final = Table(
    "replica",
    metadata,
    Column("owner", Words, primary_key=True),
    Column("host", Words, nullable=False),
    Column("version", Words, nullable=False),
    Column("started", Moment, nullable=False),
    Column("seen", Moment, nullable=False),  # by the database's clock, as a lease's end
    Column("parts", JSON, nullable=False),
)
lease: Final = Table(
    "lease",
    metadata,
    Column("name", Words, primary_key=True),
    Column("owner", Words, nullable=False),
    Column("until", Moment, nullable=False),
    Column("fence", BigInteger, nullable=False),
)
person: Final = Table(
    "person",
    metadata,
    Column("team", Words, primary_key=True),
    Column("user", Words, primary_key=True),
    Column("zone", Words, nullable=False),
    Column("theme", Words, nullable=False),
    Column("only_me", Boolean, nullable=False),
    Column("changed", Moment, nullable=False),
)
# The oldest version whose code may work on this schema: one row, which a migration raises when it takes something away.
oldest_schema: Final = Table("oldest_schema", metadata, Column("version", Words, primary_key=True))
