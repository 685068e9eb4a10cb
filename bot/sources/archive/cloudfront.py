"""CloudFront's standard logs as the table `cloudfront_logs`: which objects a time needs, and how one becomes columns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.sources.archive.inflate import inflated, quoted
from bot.sources.archive.table import ArchiveTable, Report, UnreadableObject

# "E2….2026-11-22-14.0a1b2c3d.gz" of the standard logs, ".../2026/11/22/14/..." of those with partitions (version 2).
HOUR = re.compile(r"\.(\d{4})-(\d\d)-(\d\d)-(\d\d)\.[^/]*$|(?:^|/)(\d{4})/(\d\d)/(\d\d)(?:/(\d\d))?/[^/]*$")
YEAR = re.compile(r"\d{4}/")
MORE = 8  # fields that may be appended to those of the header before it says so
SLACK = timedelta(hours=1)  # a row's time is the end of its response: it may lie in the hour after its file's
FIELDS: Mapping[str, str] = {  # column -> how it is made of the log's fields
    "at": "try_cast({date} || ' ' || {time} AS TIMESTAMP)",
    "edge": "{x-edge-location}",
    "method": "{cs-method}",
    "path": "CASE WHEN contains({cs-uri-stem}, '%') THEN url_decode({cs-uri-stem}) ELSE {cs-uri-stem} END",
    "status": "try_cast({sc-status} AS INTEGER)",  # 000, a viewer that was gone before the answer, is 0
    "result": "nullif({x-edge-result-type}, '-')",
}
NEEDED = ("date", "time", "x-edge-location", "cs-method", "cs-uri-stem", "sc-status")
COLUMNS = {
    "day": "VARCHAR",
    "at": "TIMESTAMP",
    "edge": "VARCHAR",
    "method": "VARCHAR",
    "path": "VARCHAR",
    "status": "INTEGER",
    "result": "VARCHAR",
}


def hour_of(key: str) -> datetime | None:
    """The hour of the requests that an object holds, by its key; late entries keep it."""
    found = HOUR.search(key)
    if not found:
        return None
    year, month, day, hour = found.groups()[:4] if found[1] else found.groups()[4:]
    try:
        return datetime(int(year), int(month), int(day), int(hour or 0), tzinfo=UTC)
    except ValueError:
        return None


def day_of(key: str) -> str | None:
    hour = hour_of(key)
    return f"{hour:%Y/%m/%d}" if hour else None  # as version 2 writes it into paths, where Athena reads it


def wanted(key: str, start: datetime, end: datetime) -> bool:
    hour = hour_of(key)
    return hour is not None and start - 2 * SLACK < hour < end


def prefixes(start: datetime, end: datetime, heads: tuple[str, ...]) -> tuple[str, ...]:
    """The days, behind each distribution's name or, in version 2, as folders; everything where the keys begin otherwise.

    Years of logs lie in one place: to list them all takes longer than anybody waits.
    """
    first, last = (start - 2 * SLACK).astimezone(UTC).date(), end.astimezone(UTC).date()
    days = [first + timedelta(number) for number in range((last - first).days + 1)]
    if heads and not any("/" in head for head in heads):
        return tuple(f"{head}{day}-" for head in heads for day in days)
    if heads and all(YEAR.match(head) for head in heads):
        return tuple(f"{day:%Y/%m/%d}/" for day in days)
    return ("",)


def days(start: datetime, end: datetime) -> tuple[str, str]:
    first, last = (start - SLACK).astimezone(UTC), end.astimezone(UTC)
    return f"'{first:%Y/%m/%d}'", f"'{last:%Y/%m/%d}'"


def take_in(source: Path, target: Path) -> Report:
    """A log file as columns. Rows may be shorter or longer than the header says; those without a time or a path are counted."""
    import duckdb  # noqa: PLC0415 - only the child that reads has it

    with inflated(source) as plain:
        fields, skip = header(plain)
        with duckdb.connect(config={"threads": 1, "memory_limit": "150MB"}) as connection:
            try:  # rows as long as the header says, read in the fastest way; else every row by itself
                copy(connection, plain, target, fields, skip, padded=False)
            except duckdb.Error:
                copy(connection, plain, target, fields, skip, padded=True)
            counted = connection.execute(
                f'SELECT count(*), count(*) FILTER (WHERE "at" IS NULL OR path IS NULL) FROM read_parquet({quoted(target)})'
            ).fetchone()
    rows, bad = counted or (0, 0)
    return Report(int(rows), int(bad), "a line without a time or a path" if bad else "")


def header(plain: Path) -> tuple[tuple[str, ...], int]:
    """The fields that the file names, and how many lines stand before its rows."""
    with plain.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.startswith(b"#Fields:"):
                fields = tuple(line.decode("utf-8", "replace").removeprefix("#Fields:").split())
                if lacking := [name for name in NEEDED if name not in fields]:
                    raise UnreadableObject(f"does not log {lacking[0]}")
                return fields, number
            if not line.startswith(b"#") or number > 10:
                break
    raise UnreadableObject("has no header that names its fields")


def copy(connection: Any, plain: Path, target: Path, fields: tuple[str, ...], skip: int, *, padded: bool) -> None:
    many = len(fields) + (MORE if padded else 0)
    columns = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(many))
    places = {name: f"c{number}" for number, name in enumerate(fields)}
    result = places.get("x-edge-result-type", "NULL")
    made = {name: text.format_map({**places, "x-edge-result-type": result}) for name, text in FIELDS.items()}
    lax = "null_padding = true, ignore_errors = true, parallel = false" if padded else "parallel = true"
    chosen = ", ".join(f'{text} AS "{name}"' for name, text in made.items())
    connection.execute(
        f"COPY (SELECT {chosen} FROM read_csv({quoted(plain)}, delim = '\t', header = false, skip = {skip}, auto_detect = false, "
        f"columns = {{{columns}}}, quote = '', escape = '', compression = 'none', {lax})) "
        f"TO {quoted(target)} (FORMAT parquet, COMPRESSION snappy)"
    )


CLOUDFRONT = ArchiveTable(
    name="cloudfront_logs",
    title="CloudFront logs",
    columns=COLUMNS,
    until="SELECT to_unixtime(max(at)) AS until FROM cloudfront_logs WHERE day BETWEEN $first_day AND $last_day",
    days=days,
    prefixes=prefixes,
    delimiter=".",
    day_of=day_of,
    wanted=wanted,
    take_in=take_in,
)
