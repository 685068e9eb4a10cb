"""The tables, as the newest migration leaves them. Times are whole microseconds since 1970, UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import JSON, TypeDecorator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Moment(TypeDecorator[datetime]):
    """An aware time, kept as a number that sorts and compares alike on every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else EPOCH + int(value) * MICROSECOND


metadata = MetaData()

instance = Table(
    "instance",
    metadata,
    Column("rule", String(100), primary_key=True),
    Column("series", String(300), primary_key=True),
    Column("signal", String(20), nullable=False),
    Column("since", Moment),
    Column("held_s", Float, nullable=False),
    Column("value", Float),
    Column("end", Moment),
    Column("silent", Integer, nullable=False),
    Column("failed_since", Moment),
    Column("number", Integer, nullable=False),
    Column("fired", JSON, nullable=False),
)
episode = Table(
    "episode",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("rule", String(100), nullable=False),
    Column("series", String(300), nullable=False),
    Column("number", Integer, nullable=False),
    Column("env", String(100), nullable=False),
    Column("title", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("section", String(100), nullable=False),
    Column("severity", String(20), nullable=False),
    Column("unit", String(20), nullable=False),
    Column("limit", Float, nullable=False),
    Column("above", Boolean, nullable=False),
    Column("value", Float),
    Column("worst", Float),
    Column("since", Moment, nullable=False),
    Column("opened", Moment, nullable=False),
    Column("closed", Moment),
    Column("reason", Text, nullable=False),
    Column("phase", String(20), nullable=False),
    Column("handling", String(20), nullable=False),
    Column("acked_by", Text, nullable=False),
    Column("acked_at", Moment),
    Column("snoozed_by", Text, nullable=False),
    Column("snoozed_until", Moment),
    Column("escalated_by", Text, nullable=False),
    Column("escalated_at", Moment),
    Column("incident_url", Text, nullable=False),
    Column("reminded", Moment),
    Column("reasons", JSON, nullable=False),
    Column("blind", Text, nullable=False),
    Column("drill", Boolean, nullable=False),
    Column("routes", JSON, nullable=False),
    Column("channel", String(50), nullable=False),
    Column("ts", String(50), nullable=False),
    Column("chart", String(50), nullable=False),
    Column("version", Integer, nullable=False),
    Column("extra", JSON, nullable=False),
    Index("episode_open", "closed"),
)
tick = Table(
    "tick",
    metadata,
    Column("number", BigInteger, primary_key=True),
    Column("claimed", Moment, nullable=False),
    Column("owner", String(100), nullable=False),
    Column("finished", Moment),
)
outbox = Table(
    "outbox",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("episode", String(16), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("target", String(20), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("payload", JSON, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("status", String(20), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("owner", String(100), nullable=False),
    Column("fence", Integer, nullable=False),
    Column("created", Moment, nullable=False),
    Column("first_try", Moment),
    Column("not_before", Moment),
    Column("lease_until", Moment),
    Column("settled", Moment),
    Column("remote_id", String(300), nullable=False),
    Column("said", Text, nullable=False),
    Column("swept", Moment),
    UniqueConstraint("episode", "target", "seq"),
    Index("outbox_next", "target", "status", "priority", "created"),
)
inbox = Table("inbox", metadata, Column("key", String(200), primary_key=True), Column("until", Moment, nullable=False))
audit = Table(
    "audit",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("episode", String(16), nullable=False),
    Column("outcome", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("before", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)
