"""What an archive is, as a table: its columns, which of its objects a span of time needs, and how an object becomes columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Report:
    """What one object held: its rows, and the lines that could not be read, with the first fault ("line 12 is cut off")."""

    rows: int
    bad_lines: int = 0
    fault: str = ""


@dataclass(frozen=True, slots=True)
class ArchiveTable:
    """One archive. All functions are pure but `take_in`, and importable by name: they also run in a child process.

    `columns` are the SQL types by name, the same words for Trino and DuckDB; one is `day`, the partition, which comes from the
    object's key. `days(start, end)` gives the first and last value of `day`, as SQL literals, that a question about [start, end)
    has to look at, late files included. `prefixes(start, end, heads)` are the listings that hold all objects for it, below the
    archive's own place; `heads` is how keys there begin, up to the first `delimiter` ("": nobody looks). `day_of(key)`
    is an object's value of `day` (None: not a part of this archive), and `wanted(key, start, end)` is whether the question needs
    that object. `take_in(source, target)` reads one fetched object, gzip or not by its content, and writes it as Parquet with all
    columns but `day`; it raises UnreadableObject where nothing of it can be read. `until` is the Trino text whose one cell is the
    time (epoch s) up to which the archive has data.
    """

    name: str
    title: str  # as people know it: "Segment archive", "CloudFront logs"
    columns: Mapping[str, str]
    until: str
    days: Callable[[datetime, datetime], tuple[str, str]]
    prefixes: Callable[[datetime, datetime, tuple[str, ...]], tuple[str, ...]]
    day_of: Callable[[str], str | None]
    wanted: Callable[[str, datetime, datetime], bool]
    take_in: Callable[[Path, Path], Report]
    delimiter: str = ""
    version: int = 1  # of what `take_in` writes; another version reads the objects anew

    def until_between(self, start: datetime, end: datetime) -> str:
        """The text of `until` for the partitions that [start, end) needs."""
        first, last = self.days(start, end)
        return self.until.replace("$first_day", first).replace("$last_day", last)


class UnreadableObject(Exception):
    """An object of which nothing can be read: says why, in words that are safe to show ("is not whole gzip")."""
