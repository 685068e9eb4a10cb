"""Segment's archive as the table `segment_events`: which objects a time needs, and how one becomes columns."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

from bot.sources.archive.inflate import inflated, quoted
from bot.sources.archive.table import ArchiveTable, Report

DAY_MS = 86_400_000
DAY = re.compile(r"(?:^|/)(\d{12,14})/[^/]+$")  # the UTC day on which Segment received it, in epoch milliseconds
LATE = timedelta(days=1)  # an event may have been received on the day after it happened
LONGEST = 16_777_216  # bytes of a line; Segment takes calls of 32 kB
EVENTS = (
    "payments.checkout.started",
    "payments.checkout.completed",
    "payments.checkout.expired",
    "payments.retry.initiated",
    "payments.retry.completed",
    "payments.receipt.generated",
)
COLUMNS = {
    "day": "BIGINT",
    "event": "VARCHAR",
    "message_id": "VARCHAR",
    "message": "BIGINT",  # a hash of it: to tell what came twice, numbers take half the time of texts
    "at": "TIMESTAMP",
    "received_at": "TIMESTAMP",
    "session_id": "VARCHAR",
    "attempt": "INTEGER",
    "receipt_id": "VARCHAR",
    "app_version": "VARCHAR",
    "shape": "VARCHAR",
}
RAW = (
    "{type: 'VARCHAR', event: 'VARCHAR', messageId: 'VARCHAR', timestamp: 'VARCHAR', receivedAt: 'VARCHAR', "
    "context: 'STRUCT(app STRUCT(version VARCHAR))', properties: 'JSON'}"
)
NAMED = "['$.session_id', '$.attempt', '$.receipt_id']"  # taken out of the properties in one go
# json_structure names DuckDB's types; JSON's own are what a schema speaks of.
TYPES = {"VARCHAR": "string", "UBIGINT": "integer", "BIGINT": "integer", "DOUBLE": "number", "BOOLEAN": "boolean", "NULL": "null"}


def day_of(key: str) -> str | None:
    found = DAY.search(key)
    return found[1] if found and int(found[1]) % DAY_MS == 0 else None


def first_day(moment: datetime) -> int:
    return int(moment.timestamp() * 1000) // DAY_MS * DAY_MS


def days_between(start: datetime, end: datetime) -> range:
    """The received days that can hold what happened in [start, end)."""
    return range(first_day(start), first_day(end + LATE) + 1, DAY_MS)


def days(start: datetime, end: datetime) -> tuple[str, str]:
    found = days_between(start, end)
    return str(found[0]), str(found[-1])


def prefixes(start: datetime, end: datetime, heads: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{day}/" for day in days_between(start, end))


def wanted(key: str, start: datetime, end: datetime) -> bool:
    day = day_of(key)
    return day is not None and int(day) in days_between(start, end)


def take_in(source: Path, target: Path) -> Report:
    """A file as columns: its track calls. A line that is no JSON, or cut off, is counted, and a row without an event."""
    import duckdb  # noqa: PLC0415 - only the child that reads has it

    shape = "json_structure(properties)::VARCHAR"
    for known, name in TYPES.items():
        shape = f"replace({shape}, ':\"{known}\"', ':\"{name}\"')"
    with (
        inflated(source) as plain,
        duckdb.connect(config={"threads": 1, "memory_limit": "200MB"}) as connection,
    ):
        lines = (
            f"read_json({quoted(plain)}, format = 'newline_delimited', columns = {RAW}, ignore_errors = true, "
            f"compression = 'none', maximum_object_size = {LONGEST})"
        )
        connection.execute(
            f"""COPY (
                SELECT event, messageId AS message_id,
                  CASE WHEN messageId IS NOT NULL THEN (hash(messageId) >> 1)::BIGINT END AS message,
                  try_cast(timestamp AS TIMESTAMP) AS at, try_cast(receivedAt AS TIMESTAMP) AS received_at,
                  named[1] AS session_id, try_cast(named[2] AS INTEGER) AS attempt, named[3] AS receipt_id,
                  context.app.version AS app_version, {shape} AS shape
                FROM (SELECT *, json_extract_string(properties, {NAMED}) AS named FROM {lines})
                WHERE type = 'track' OR type IS NULL
            ) TO {quoted(target)} (FORMAT parquet, COMPRESSION snappy)"""
        )
        counted = connection.execute(
            f"SELECT count(*), count(*) FILTER (WHERE event IS NULL) FROM read_parquet({quoted(target)})"
        ).fetchone()
    rows, bad = counted or (0, 0)
    return Report(int(rows), int(bad), "a line that is no JSON, or cut off" if bad else "")


SEGMENT = ArchiveTable(
    name="segment_events",
    title="Segment archive",
    columns=COLUMNS,
    until="SELECT to_unixtime(max(received_at)) AS until FROM segment_events WHERE day BETWEEN $first_day AND $last_day",
    days=days,
    prefixes=prefixes,
    day_of=day_of,
    wanted=wanted,
    take_in=take_in,
)
