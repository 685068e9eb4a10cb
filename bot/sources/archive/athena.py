"""Athena: the same texts, asked where the files are. Started, polled to the end, read page by page, called off if late."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from bot.config import Archives, Aws
from bot.ports import SourceError
from bot.sources.archive.table import ArchiveTable
from bot.sources.aws import clients, part
from bot.sources.faults import missed, unreadable
from bot.sources.retry import Deadline
from charts.data import Column, Table, Value

AT_ONCE = 5
PAUSE_S, PAUSE_AT_MOST_S = 0.2, 1.0  # between looks at a query; twice as long each time
CALL_OFF_S = 2.0
PAGE: Final = 1_000
PAGES = 50  # fifty thousand rows; no question has a tenth of them
UNTIL = "until"
NUMBERS: Final = ("tinyint", "smallint", "integer", "int", "bigint", "float", "real", "double", "decimal")
CATEGORIES: Final = {1: "failed by a fault of its own", 2: "refused the question (are its tables those of the page on Athena?)"}

log = logging.getLogger(__name__)


class Athena:
    """Answers questions on archives in one workgroup. Threads may share it; `on_scan` hears how many bytes a question scanned."""

    def __init__(
        self,
        settings: Archives,
        aws: Aws | None,
        on_scan: Callable[[float], None] = lambda scanned: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings
        self._clients = clients(aws or Aws())
        self._on_scan = on_scan
        self._sleep = sleep

    def warm(self) -> None:
        """Imports and makes what the first question would otherwise wait for."""
        self._clients.client("athena")

    def stop(self) -> None:
        """Nothing: every question ends or calls off what it has started."""

    def answer(
        self, texts: Mapping[str, str], table: ArchiveTable, start: datetime, end: datetime, timeout_s: float
    ) -> Mapping[str, Table]:
        """The answers to filled Trino texts by their keys, several at a time. Raises SourceError."""
        deadline = Deadline(timeout_s)
        with ThreadPoolExecutor(AT_ONCE) as threads:
            asked = {**texts, UNTIL: table.until_between(start, end)}
            futures = {key: threads.submit(self._answered, text, deadline) for key, text in asked.items()}
            found = {key: future.result() for key, future in futures.items()}
        until = found.pop(UNTIL)
        reached = until.rows[0][0] if until.rows else None
        known = float(reached) if isinstance(reached, int | float) else None
        return {key: Table(one.columns, one.rows, known) for key, one in found.items()}

    def _answered(self, text: str, deadline: Deadline) -> Table:
        name = self._started(text, deadline)
        try:
            self._wait(name, deadline)
            return read(self._pages(name, deadline))
        except SourceError:
            self._call_off(name)
            raise

    def _started(self, text: str, deadline: Deadline) -> str:
        settings = self._settings
        output = {"ResultConfiguration": {"OutputLocation": settings.athena_output}} if settings.athena_output else {}
        answer = self._clients.call(
            "athena",
            "start_query_execution",
            deadline,
            f"workgroup called {settings.athena_workgroup}",
            QueryString=text,
            ClientRequestToken=str(uuid.uuid4()),  # the same for every attempt: a question is started once
            QueryExecutionContext={"Database": settings.athena_database},
            WorkGroup=settings.athena_workgroup,
            **output,
        )
        return part(answer, "QueryExecutionId", str)

    def _wait(self, name: str, deadline: Deadline) -> None:
        pause = PAUSE_S
        while True:
            asked = {"QueryExecutionId": name}
            answer = self._clients.call("athena", "get_query_execution", deadline, "question of that ID", **asked)
            match answer:
                case {"QueryExecution": {"Status": {"State": "SUCCEEDED"}} as execution}:
                    self._on_scan(float(execution.get("Statistics", {}).get("DataScannedInBytes", 0)))
                    return
                case {"QueryExecution": {"Status": {"State": "QUEUED" | "RUNNING"}}}:
                    if not deadline.fits(pause):
                        raise missed(deadline.timeout_s)
                    self._sleep(pause)
                    pause = min(2 * pause, PAUSE_AT_MOST_S)
                case {"QueryExecution": {"Status": {"State": "FAILED" | "CANCELLED"} as status}}:
                    raise ended(status)
                case _:
                    raise unreadable()

    def _pages(self, name: str, deadline: Deadline) -> Iterator[Mapping[str, Any]]:
        more: Mapping[str, str] = {}
        for _ in range(PAGES):
            asked = {"QueryExecutionId": name, "MaxResults": PAGE, **more}
            answer = self._clients.call("athena", "get_query_results", deadline, "question of that ID", **asked)
            yield part(answer, "ResultSet", dict)
            if not answer.get("NextToken"):
                return
            more = {"NextToken": part(answer, "NextToken", str)}
        raise SourceError("gave more pages than any question needs", "bad_answer")

    def _call_off(self, name: str) -> None:
        """Nothing is left scanning that nobody waits for; one that has ended cannot be called off, which is no fault."""
        with suppress(SourceError):
            asked = {"QueryExecutionId": name}
            self._clients.call("athena", "stop_query_execution", Deadline(CALL_OFF_S), "question of that ID", **asked)


def ended(status: Mapping[str, Any]) -> SourceError:
    """What a question came to that has no answer; Athena's own words may quote data and go to the log alone."""
    log.warning("Athena: %s", str(status.get("StateChangeReason", ""))[:300])
    if status["State"] == "CANCELLED":
        return SourceError("had its question called off by somebody else", "unavailable")
    category = status.get("AthenaError", {}).get("ErrorCategory")
    return SourceError(CATEGORIES.get(category, "failed"), "bad_request" if category == 2 else "unavailable")


def read(pages: Iterator[Mapping[str, Any]]) -> Table:
    """All pages as one table: the first row of the first page is the heading, an absent cell is NULL."""
    columns: tuple[Column, ...] = ()
    kinds: tuple[str, ...] = ()
    found: list[tuple[Value, ...]] = []
    for number, page in enumerate(pages):
        match page:
            case {"Rows": list(listed), "ResultSetMetadata": {"ColumnInfo": list(infos)}}:
                kinds = tuple(str(each["Type"]) for each in infos)
                columns = tuple(Column(str(each["Name"])) for each in infos)
                found += [row(each, kinds) for each in listed[0 if number else 1 :]]
            case _:
                raise unreadable()
    return Table(columns, tuple(found))


def row(listed: Any, kinds: Sequence[str]) -> tuple[Value, ...]:
    match listed:
        case {"Data": list(cells)} if len(cells) == len(kinds):
            return tuple(cell(each.get("VarCharValue"), kind) for each, kind in zip(cells, kinds, strict=True))
    raise unreadable()


def cell(text: str | None, kind: str) -> Value:
    """Athena writes every value as text; its column's type says what it is."""
    if text is None:
        return None
    if kind == "boolean":
        return float(text == "true")
    if kind.startswith(NUMBERS):
        try:
            return float(text)
        except ValueError as error:
            raise unreadable() from error
    return text
