"""What happens in the engine's child process: the files of a question are listed, fetched once, and asked by DuckDB."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from bot.config import Aws
from bot.ports import Kind, SourceError
from bot.sources.archive.cache import Cache, is_full, opened, temporary
from bot.sources.archive.objects import Object, Place, place
from bot.sources.archive.question import duckdb
from bot.sources.archive.table import ArchiveTable, Report, UnreadableObject
from bot.sources.faults import missed
from bot.sources.retry import Deadline
from charts.data import Column, Table, Value

AT_ONCE = 5  # files under way: more than are read at once, so that neither core waits for a disk or a bucket
MEMORY_MB = 220  # DuckDB's; what a file takes while it is read comes on top
THREADS = 2
NAMED = 2  # faults of files that are named; more are counted

UNTIL = "until"  # the key of the question how far the archive reaches


@dataclass(frozen=True, slots=True)
class Job:
    """Questions on one archive over [start, end): `texts` are filled Trino texts by key."""

    table: ArchiveTable
    where: str
    aws: Aws | None
    texts: Mapping[str, str]
    start: datetime
    end: datetime
    cache: str
    cache_mb: int
    patience_s: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a job: tables by key, or why there are none; `passing` says that the cache could not be used."""

    tables: Mapping[str, Table]
    said: str = ""
    kind: Kind = "bug"
    passing: bool = False


def answer(job: Job) -> Outcome:
    """The answers to a job's questions. Never raises what only this process knows: it would not get through to the other."""
    cache = _cache(job.cache, job.cache_mb)
    try:
        tables, cache = _answered(job, cache)
    except SourceError as error:
        return Outcome({}, error.said, error.kind, cache.passing)
    return Outcome(tables, passing=cache.passing)


def settle(niceness: int) -> None:
    """Makes the child ready: deaf to Ctrl-C, as its parent ends it, and out of the way of acknowledgements."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(niceness)
    prepare()


def prepare() -> None:
    """Loads what the first question would wait for. Files are read side by side: each needs no more threads than one."""
    os.environ["POLARS_MAX_THREADS"] = "2"  # read when the library is imported
    import duckdb as _engine  # noqa: F401, PLC0415
    import polars  # noqa: F401, PLC0415
    import sqlglot  # noqa: F401, PLC0415


@lru_cache(maxsize=4)
def _cache(folder: str, limit_mb: int) -> Cache:
    return opened(folder, limit_mb)


@lru_cache(maxsize=1)
def _spare(limit_mb: int) -> Cache:
    """Where files go that the cache has no room for."""
    return temporary(limit_mb)


def _answered(job: Job, cache: Cache) -> tuple[Mapping[str, Table], Cache]:
    deadline = Deadline(job.patience_s)
    source = place(job.where, job.aws)
    wanted = tuple(_wanted(job, source, deadline))
    if not wanted:
        raise SourceError(
            "has no files for this range: is its setting the right place, and do files still arrive?", "unavailable"
        )
    try:
        paths, notes = _kept(job, source, wanted, cache, deadline)
    except OSError as error:
        if not is_full(error) or cache.passing:
            raise SourceError("found no room on disk for its files", "unavailable") from error
        cache = _spare(job.cache_mb)
        try:
            paths, notes = _kept(job, source, wanted, cache, deadline)
        except OSError as again:
            raise SourceError("found no room on disk for its files", "unavailable") from again
    with suppress(OSError):
        cache.trim(set(paths))
    return asked(job.table, paths, job.texts, notes), cache


def _wanted(job: Job, source: Place, deadline: Deadline) -> Iterator[Object]:
    heads = source.heads(job.table.delimiter, deadline) if job.table.delimiter else ()
    for prefix in job.table.prefixes(job.start, job.end, heads):
        for found in source.listed(prefix, deadline):
            if job.table.day_of(found.key) is not None and job.table.wanted(found.key, job.start, job.end):
                yield found


def _kept(
    job: Job, source: Place, wanted: Sequence[Object], cache: Cache, deadline: Deadline
) -> tuple[list[Path], tuple[str, ...]]:
    """Where the columns of all objects are, and what is to be said of them."""

    def kept(each: Object) -> Report | UnreadableObject:
        known = cache.kept(job.table, each)
        try:
            return known or cache.take(job.table, each, lambda own, target: source.fetch(own, target, deadline))
        except UnreadableObject as error:
            return error

    with ThreadPoolExecutor(AT_ONCE) as threads:
        reports = list(threads.map(kept, wanted))
    readable = [each for each, report in zip(wanted, reports, strict=True) if isinstance(report, Report)]
    if not readable:
        raise SourceError(f"has no file that can be read: {wanted[0].key.rpartition('/')[2]} {reports[0]}", "bad_answer")
    return [cache.path(job.table, each) for each in readable], tuple(_notes(wanted, reports))


def _notes(wanted: Sequence[Object], reports: Sequence[Report | UnreadableObject]) -> Iterator[str]:
    """Files that cannot be read, and lines; the first of each by name."""
    names = [each.key.rpartition("/")[2] for each in wanted]
    unreadable = [f"{name} {report}" for name, report in zip(names, reports, strict=True) if isinstance(report, UnreadableObject)]
    bad = [
        (f"{name}: {report.fault}", report.bad_lines)
        for name, report in zip(names, reports, strict=True)
        if isinstance(report, Report) and report.bad_lines
    ]
    if unreadable:
        yield f"{len(unreadable)} of {len(wanted)} files cannot be read ({'; '.join(unreadable[:NAMED])})"
    if bad:
        lines = sum(many for _, many in bad)
        yield f"{lines:,} unreadable line{'s' if lines != 1 else ''} left out ({'; '.join(said for said, _ in bad[:NAMED])})"


def asked(
    table: ArchiveTable, paths: Sequence[Path], texts: Mapping[str, str], notes: tuple[str, ...] = ()
) -> Mapping[str, Table]:
    """The tables that DuckDB makes of the texts over these files; it can reach nothing else."""
    import duckdb as engine  # noqa: PLC0415 - only this process has it

    root = paths[0].parent.parent
    options: dict[str, str | bool | int | float | list[str]] = {
        "threads": THREADS,
        "memory_limit": f"{MEMORY_MB}MB",
        "temp_directory": str(root),
        "TimeZone": "UTC",
    }
    with engine.connect(config={**options, "autoinstall_known_extensions": False}) as connection:
        files = ", ".join(f"'{str(path).replace(chr(39), chr(39) * 2)}'" for path in paths)
        kind = table.columns["day"]
        connection.execute(
            f"CREATE VIEW {table.name} AS SELECT * FROM read_parquet([{files}], hive_partitioning = true, "
            f"hive_types = {{'day': {kind}}}, union_by_name = true)"
        )
        found = {key: rows(connection, text) for key, text in texts.items()}
    until = _until(found.pop(UNTIL, None))
    return {key: Table(part.columns, part.rows, until, notes) for key, part in found.items()}


def rows(connection: Any, text: str) -> Table:
    result = connection.execute(duckdb(text))
    columns = tuple(Column(each[0]) for each in result.description)
    return Table(columns, tuple(tuple(cell(value) for value in row) for row in result.fetchall()))


def cell(value: Any) -> Value:
    """A value of a result as both engines give it: a number as a float, what is missing as None."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | int | float | Decimal):
        return float(value)
    return str(value)


def _until(found: Table | None) -> float | None:
    value = found.rows[0][0] if found and found.rows else None
    return float(value) if isinstance(value, int | float) else None


def unfinished(timeout_s: float) -> SourceError:
    """What is said of a job that goes on behind the answer."""
    error = missed(timeout_s)
    return SourceError(f"{error.said}: it is still reading its files; ask again in a minute", "timeout")
