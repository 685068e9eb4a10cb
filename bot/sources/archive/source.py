"""An archive as a source: its questions go to Athena where a workgroup is set, else to the engine of our own."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Protocol

from bot.config import Config
from bot.ports import Answers, Link, SourceError
from bot.sources.archive.athena import Athena
from bot.sources.archive.engine import Engine
from bot.sources.archive.question import asked
from bot.sources.archive.table import ArchiveTable
from charts.data import Table
from commands.args import Ask, Window
from commands.panel import Query


class Asks(Protocol):
    """Answers filled Trino texts on one archive about [start, end), by their keys; raises SourceError."""

    def answer(
        self, texts: Mapping[str, str], table: ArchiveTable, start: datetime, end: datetime, timeout_s: float
    ) -> Mapping[str, Table]: ...

    def warm(self) -> None: ...

    def stop(self) -> None: ...


class Archive:
    """One archive, which holds the environment of the settings alone. Query texts are Trino's SQL (see `question`)."""

    table: ArchiveTable

    def __init__(self, engine: Asks, env: str, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._env = env
        self._now = now

    def warm(self) -> None:
        """Starts what the first fetch would otherwise wait for."""
        self._engine.warm()

    def stop(self) -> None:
        """Ends what it has started."""
        self._engine.stop()

    def fetch(self, queries: Mapping[str, Query], window: Window, env: str, timeout_s: float) -> Answers:
        """A Table for each query; those about the same time are asked in one go, and none waits for one about a longer time."""
        if env != self._env:
            raise SourceError(f"holds {self._env} only", "not_configured")
        texts: dict[tuple[datetime, datetime], dict[str, str]] = defaultdict(dict)
        for key, query in queries.items():
            one = asked(query, self.table, window)
            texts[one.start, one.end][key] = one.text
        with ThreadPoolExecutor(len(texts)) as threads:
            spans = sorted(texts, key=lambda span: span[1] - span[0])
            parts = [threads.submit(self._answers, texts[span], span, timeout_s) for span in spans]
            return {key: found for part in parts for key, found in part.result().items()}

    def _answers(self, texts: Mapping[str, str], span: tuple[datetime, datetime], timeout_s: float) -> Answers:
        try:
            return self._engine.answer(texts, self.table, *span, timeout_s)
        except SourceError as error:
            return dict.fromkeys(texts, error)

    def link(self, queries: Mapping[str, Query], ask: Ask) -> Link | None:
        """None: the archive is files."""
        return None

    def probe(self, timeout_s: float) -> str:
        """Whether its files can be found and read, and how far they reach."""
        start, now = time.perf_counter(), self._now()
        text = Query("", f"SELECT count(*) AS n FROM {self.table.name} WHERE day BETWEEN $first_day AND $last_day")
        day = Window(now - timedelta(hours=3), now, timedelta(minutes=1), "UTC", "last 3 h", "3h")
        one = asked(text, self.table, day)
        found = self._engine.answer({"n": one.text}, self.table, one.start, one.end, timeout_s)["n"]
        took_ms = 1000 * (time.perf_counter() - start)
        return f"answers in {took_ms:.0f} ms; {found.rows[0][0]:,.0f} rows in the files of the last 3 h"


def engine(where: str, config: Config) -> Asks:
    """Who answers questions on the archive at that place."""
    if config.archives.athena_workgroup:
        return Athena(config.archives, config.aws)
    return Engine(where, config.archives, config.aws)
