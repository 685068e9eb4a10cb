"""Fetched objects kept as columns: each once, by its content, in a folder on disk that does not grow beyond its limit."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from collections.abc import Callable, Collection
from dataclasses import asdict
from pathlib import Path
from urllib.parse import quote

from bot.sources.archive.objects import Object
from bot.sources.archive.table import ArchiveTable, Report, UnreadableObject

OWN = "paybot"
FULL = (errno.ENOSPC, errno.EDQUOT)

Fetch = Callable[[Object, Path], None]


class Cache:
    """A folder of Parquet files with a report beside each, which is written last: a file without one is not whole.

    Several processes may share it: what is new gets another name until it is whole. `passing` says that it is only a temporary
    folder, in place of one that cannot be used.
    """

    def __init__(self, folder: Path, limit_mb: int, *, passing: bool = False) -> None:
        import duckdb  # noqa: PLC0415 - only the child has it

        self._folder = folder
        self._made_by = duckdb.__version__
        self._limit = limit_mb * 1_000_000
        self.passing = passing

    def kept(self, table: ArchiveTable, wanted: Object) -> Report | None:
        """What is known of the object, where it is kept; that it is used now is noted."""
        path = self.path(table, wanted)
        try:
            found = Report(**json.loads(_report(path).read_text(encoding="utf-8")))
            os.utime(path)
        except (OSError, ValueError, TypeError):
            return None
        return found

    def take(self, table: ArchiveTable, wanted: Object, fetch: Fetch) -> Report:
        """Fetches the object and keeps it as columns. Raises UnreadableObject, and OSError where the folder is full."""
        path = self.path(table, wanted)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._folder, prefix="fetching-") as own:
            raw, columns = Path(own, "raw"), Path(own, "columns")
            fetch(wanted, raw)
            report = table.take_in(raw, columns)
            columns.replace(path)
            whole = Path(own, "report")
            whole.write_text(json.dumps(asdict(report)), encoding="utf-8")
            whole.replace(_report(path))
        return report

    def path(self, table: ArchiveTable, wanted: Object) -> Path:
        """Where its columns are: the partition's value stands in the path, as DuckDB reads it from there."""
        return (
            self._folder
            / f"{table.name}-{table.version}-{self._made_by}"
            / f"day={quote(str(table.day_of(wanted.key)), safe='')}"
            / f"{wanted.digest}.parquet"
        )

    def trim(self, in_use: Collection[Path]) -> None:
        """Removes what was used longest ago until the rest keeps the limit; never what is in use."""
        files = [(path.stat(), path) for path in self._folder.rglob("*.parquet")]
        total = sum(known.st_size for known, _ in files)
        for known, path in sorted(files, key=lambda each: each[0].st_mtime):
            if total <= self._limit:
                return
            if path not in in_use:
                _report(path).unlink(missing_ok=True)
                path.unlink(missing_ok=True)
                total -= known.st_size


def opened(folder: str, limit_mb: int) -> Cache:
    """The cache in that folder, or in one of the user's own; in a temporary one where it cannot be written."""
    wanted = Path(folder) if folder else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / OWN
    try:
        wanted.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=wanted, prefix="fetching-"):
            return Cache(wanted, limit_mb)
    except (OSError, RuntimeError):
        return temporary(limit_mb)


def temporary(limit_mb: int) -> Cache:
    return Cache(Path(tempfile.mkdtemp(prefix="paybot-")), limit_mb, passing=True)


def is_full(error: OSError) -> bool:
    """Whether there is no room left, or no right to write any more."""
    return error.errno in (*FULL, errno.EROFS, errno.EACCES)


def _report(path: Path) -> Path:
    return path.with_suffix(".json")


__all__ = ["Cache", "UnreadableObject", "is_full", "opened", "temporary"]
