"""A question on an archive: its SQL text in Trino's dialect, filled with times, and the same text for DuckDB."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from bot.ports import SourceError
from bot.sources.archive.table import ArchiveTable
from bot.sources.names import filled
from commands.args import Window
from commands.panel import Query

PARTITION = re.compile(r"\bday\s+BETWEEN\s+\$first_day\s+AND\s+\$last_day\b")


@dataclass(frozen=True, slots=True)
class Asked:
    """A filled text, and the range that it looks at."""

    text: str
    start: datetime
    end: datetime


def asked(query: Query, table: ArchiveTable, window: Window) -> Asked:
    """The query in that window: `$from` and `$to` are what it looks at, `$window_from` where the asked window itself begins.

    All are literals made of our own times. A text that names no partitions would scan the whole archive: that is a fault of ours.
    """
    if not PARTITION.search(query.text):
        raise SourceError("was asked without its partitions", "bug")
    start = query.start_in(window)
    first, last = table.days(start, window.end)
    step_s = int(window.step.total_seconds())
    names = {"from": literal(start), "to": literal(window.end), "window_from": literal(window.start), "step": str(step_s)}
    return Asked(filled(query.text, {**names, "first_day": first, "last_day": last}), start, window.end)


def literal(moment: datetime) -> str:
    """A time as both dialects write it, in UTC."""
    return f"TIMESTAMP '{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}'"


@lru_cache(maxsize=256)
def duckdb(text: str) -> str:
    """The Trino text as DuckDB reads it: the same rows."""
    import sqlglot  # noqa: PLC0415 - only archives need it

    (translated,) = sqlglot.transpile(text, read="trino", write="duckdb")
    return translated
