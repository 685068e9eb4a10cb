"""CloudFront's standard logs as the table `cloudfront_logs`: which objects a time needs, and how one becomes columns."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from bot.sources.archive.inflate import pieces
from bot.sources.archive.table import ArchiveTable, Report, UnreadableObject

if TYPE_CHECKING:
    from polars import DataFrame, Series

# "E2….2026-11-22-14.0a1b2c3d.gz" of the standard logs, ".../2026/11/22/14/..." of those with partitions (version 2).
HOUR = re.compile(r"\.(\d{4})-(\d\d)-(\d\d)-(\d\d)\.[^/]*$|(?:^|/)(\d{4})/(\d\d)/(\d\d)(?:/(\d\d))?/[^/]*$")
YEAR = re.compile(r"\d{4}/")
SLACK = timedelta(hours=1)  # a row's time is the end of its response: it may lie in the hour after its file's
NEEDED = ("date", "time", "x-edge-location", "cs-method", "cs-uri-stem", "sc-status")
RESULT = "x-edge-result-type"
HEADER = 100_000  # bytes in which the fields are named
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
    import polars  # noqa: PLC0415 - only the child that reads has it

    with pieces(source) as texts:
        first = next(texts, b"")
        fields, skip = header(first)
        found = polars.concat([columns(lines(first, fields, skip)), *(columns(lines(text, fields)) for text in texts)])
    found.write_parquet(target, compression="lz4")
    bad = found.select((polars.col("at").is_null() | polars.col("path").is_null()).sum()).item()
    return Report(found.height, int(bad), "a line without a time or a path" if bad else "")


def columns(rows: DataFrame) -> DataFrame:
    """The log's texts as what the table holds."""
    from polars import Int32, String, col, lit  # noqa: PLC0415

    return rows.select(
        (col("date") + " " + col("time")).str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False).alias("at"),
        col("x-edge-location").alias("edge"),
        col("cs-method").alias("method"),
        decoded(rows["cs-uri-stem"]).alias("path"),
        col("sc-status").cast(Int32, strict=False).alias("status"),  # 000, a viewer that was gone, is 0
        (col(RESULT).replace("-", None) if RESULT in rows.columns else lit(None, String)).alias("result"),
    )


def lines(text: bytes, fields: tuple[str, ...], skip: int = 0) -> DataFrame:
    """The fields that are kept, as texts. Where not all is UTF-8 it is read once more, what cannot be read marked."""
    from polars import String, read_csv  # noqa: PLC0415
    from polars.exceptions import ComputeError  # noqa: PLC0415

    read = partial(
        read_csv,
        text,
        separator="\t",
        has_header=False,
        skip_rows=skip,
        schema=dict.fromkeys(fields, String),
        columns=[number for number, name in enumerate(fields) if name in (*NEEDED, RESULT)],
        quote_char=None,
        truncate_ragged_lines=True,
        missing_columns="insert",
        extra_columns="ignore",  # it goes by the first line, and that may be one of the longer ones
        raise_if_empty=False,
    )
    try:
        return read(encoding="utf8")
    except ComputeError:
        return read(encoding="utf8-lossy")


def decoded(paths: Series) -> Series:
    """The paths as viewers asked for them: CloudFront writes them URL-encoded."""
    written = paths.filter(paths.str.contains("%", literal=True)).unique().to_list()
    return paths.replace(written, [unquote(path) for path in written]) if written else paths


def header(text: bytes) -> tuple[tuple[str, ...], int]:
    """The fields that a file names at its start, and how many lines stand before its rows."""
    for number, line in enumerate(text[:HEADER].splitlines(), start=1):
        if line.startswith(b"#Fields:"):
            fields = tuple(line.decode("utf-8", "replace").removeprefix("#Fields:").split())
            if lacking := [name for name in NEEDED if name not in fields]:
                raise UnreadableObject(f"does not log {lacking[0]}")
            return fields, number
        if not line.startswith(b"#"):
            break
    raise UnreadableObject("has no header that names its fields")


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
