"""The engine for archives without Athena: a child process that fetches files, keeps their columns, and asks DuckDB."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as Late
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.config import Archives, Aws
from bot.ports import SourceError
from bot.sources.archive.reading import UNTIL, Job, Outcome, answer, settle, unfinished
from bot.sources.archive.table import ArchiveTable
from charts.data import Table

if TYPE_CHECKING:
    from pebble import ProcessPool

GOES_ON_S = 120.0  # how long a job that is late may still read, so that the next ask finds its files; then it is killed
NICE, PATIENT = 5, 15  # how far the children step back behind acknowledgements, and long questions behind others
LONG = timedelta(hours=50)  # two days with the hour more that a change of clocks may bring
ON_TIME = 0.95  # of the time that is left: so that what is late says why, and what is not late still counts
MOST_JOBS = 50  # a child this old is replaced: what its libraries have kept of memory goes with it

log = logging.getLogger(__name__)


class Engine:
    """Answers questions on one archive. Threads may share it.

    Its child takes one job after the other. Questions about more than LONG have a child of their own, which is there only while
    somebody asks such: what takes it minutes to read holds nobody else up.
    """

    def __init__(self, where: str, settings: Archives, aws: Aws | None) -> None:
        self._where = where
        self._settings = settings
        self._aws = aws
        self._lock = threading.Lock()
        self._pools: dict[bool, ProcessPool] = {}
        self._told = False
        self._stopped = False

    def answer(
        self, texts: Mapping[str, str], table: ArchiveTable, start: datetime, end: datetime, timeout_s: float
    ) -> Mapping[str, Table]:
        """The answers to filled Trino texts about [start, end), by their keys. Raises SourceError.

        A job that is late goes on reading behind the answer, for GOES_ON_S at most; a long one is waited for half the time.
        """
        long = end - start > LONG
        patience_s = timeout_s * (0.5 if long else ON_TIME)
        texts = {**texts, UNTIL: table.until_between(start, end)}
        settings = self._settings
        job = Job(table, self._where, self._aws, texts, start, end, settings.cache, settings.cache_mb, GOES_ON_S)
        end_s = time.monotonic() + patience_s
        try:
            try:
                outcome = self._asked(job, long, end_s)
            except BrokenProcessPool:  # the child was lost while it had nothing to do: another one is asked
                outcome = self._asked(job, long, end_s)
        except (Late, CancelledError) as error:
            raise unfinished(patience_s) from error
        except Exception as error:
            if not self._stopped:
                log.exception("an archive could not be asked", extra={"archive": table.name})
            raise SourceError("could not be read: its reader broke off (logged)", "bug") from error
        self._tell(outcome.passing, table)
        if outcome.said:
            raise SourceError(outcome.said, outcome.kind)
        return outcome.tables

    def _asked(self, job: Job, long: bool, end_s: float) -> Outcome:
        future = self._children(long).schedule(answer, args=(job,), timeout=GOES_ON_S + 5)
        found: Outcome = future.result(timeout=max(0.0, end_s - time.monotonic()))
        return found

    def warm(self) -> None:
        """Starts the child."""
        self._children()

    def stop(self) -> None:
        """Ends the children, and what they may be reading."""
        self._stopped = True
        with self._lock:
            for pool in self._pools.values():
                pool.stop()  # type: ignore[no-untyped-call]
            for pool in self._pools.values():
                pool.join(timeout=2)
            self._pools.clear()

    def _children(self, long: bool = False) -> ProcessPool:
        from multiprocessing import get_context  # noqa: PLC0415 - only archives need children

        from pebble import ProcessPool  # noqa: PLC0415

        with self._lock:
            pool = self._pools.get(long)
            if pool is None or not pool.active:
                most, nice = (1, PATIENT) if long else (MOST_JOBS, NICE)
                pool = ProcessPool(1, max_tasks=most, initializer=settle, initargs=(nice,), context=get_context("spawn"))
                self._pools[long] = pool
            return pool

    def _tell(self, passing: bool, table: ArchiveTable) -> None:
        """Says once that the cache cannot be used: every question is slower for it."""
        if passing and not self._told:
            self._told = True
            log.warning("the archive's cache cannot be written; files are fetched anew", extra={"archive": table.name})
