"""The engine for archives without Athena: one child process that fetches files, keeps their columns, and asks DuckDB."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as Late
from datetime import datetime
from typing import TYPE_CHECKING

from bot.config import Archives, Aws
from bot.ports import SourceError
from bot.sources.archive.reading import UNTIL, Job, answer, settle, unfinished
from bot.sources.archive.table import ArchiveTable
from charts.data import Table

if TYPE_CHECKING:
    from pebble import ProcessPool

GOES_ON_S = 120.0  # how long a job that is late may still read, so that the next ask finds its files; then it is killed
MOST_JOBS = 50  # a child this old is replaced: what its libraries have kept of memory goes with it

log = logging.getLogger(__name__)


class Engine:
    """Answers questions on one archive. Threads may share it; the child takes one job after the other."""

    def __init__(self, where: str, settings: Archives, aws: Aws | None) -> None:
        self._where = where
        self._settings = settings
        self._aws = aws
        self._lock = threading.Lock()
        self._pool: ProcessPool | None = None
        self._told = False

    def answer(
        self, texts: Mapping[str, str], table: ArchiveTable, start: datetime, end: datetime, timeout_s: float
    ) -> Mapping[str, Table]:
        """The answers to filled Trino texts about [start, end), by their keys. Raises SourceError.

        A job that is late goes on reading behind the answer, for GOES_ON_S at most.
        """
        texts = {**texts, UNTIL: table.until_between(start, end)}
        settings = self._settings
        job = Job(table, self._where, self._aws, texts, start, end, settings.cache, settings.cache_mb, GOES_ON_S)
        try:
            future = self._children().schedule(answer, args=(job,), timeout=GOES_ON_S + 5)
            outcome = future.result(timeout=timeout_s)
        except (Late, CancelledError) as error:
            raise unfinished(timeout_s) from error
        except Exception as error:
            log.exception("an archive could not be asked", extra={"archive": table.name})
            raise SourceError("could not be read: its reader broke off (logged)", "bug") from error
        self._tell(outcome.passing, table)
        if outcome.said:
            raise SourceError(outcome.said, outcome.kind)
        return outcome.tables

    def warm(self) -> None:
        """Starts the child."""
        self._children()

    def stop(self) -> None:
        """Ends the child, and what it may be reading."""
        with self._lock:
            if self._pool is not None:
                self._pool.stop()  # type: ignore[no-untyped-call]
                self._pool.join(timeout=2)
                self._pool = None

    def _children(self) -> ProcessPool:
        from multiprocessing import get_context  # noqa: PLC0415 - only archives need children

        from pebble import ProcessPool  # noqa: PLC0415

        with self._lock:
            if self._pool is None or not self._pool.active:
                self._pool = ProcessPool(max_workers=1, max_tasks=MOST_JOBS, initializer=settle, context=get_context("spawn"))
            return self._pool

    def _tell(self, passing: bool, table: ArchiveTable) -> None:
        """Says once that the cache cannot be used: every question is slower for it."""
        if passing and not self._told:
            self._told = True
            log.warning("the archive's cache cannot be written; files are fetched anew", extra={"archive": table.name})
