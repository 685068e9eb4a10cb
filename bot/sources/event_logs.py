"""EventBridge's error log as a source, by CloudWatch Logs Insights: started, polled to its end, and called off if late."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final, Self

from bot.config import Aws, Config
from bot.ports import Answers, Link, SourceError
from bot.sources.aws import Clients, clients, named
from bot.sources.faults import missed, unreadable
from bot.sources.retry import Deadline
from charts.data import Column, Table
from commands.args import Ask, Window
from commands.panel import Query

ENDED: Final = ("Failed", "Cancelled", "Timeout", "Unknown")
UNDER_WAY: Final = ("Scheduled", "Running")
PAUSE_S, PAUSE_AT_MOST_S = 0.2, 1.0  # between looks at a query; twice as long each time
CALL_OFF_S = 2.0
MOST: Final = 1_000  # rows
POINTER: Final = "@ptr"  # a field that Logs Insights adds to every row

Now = Callable[[], datetime]
log = logging.getLogger(__name__)


class EventLogs:
    """Query texts are Logs Insights queries over the bus's log group; each gives a Table of its fields, all of them strings."""

    title = "EventBridge's log"
    needs = "needs AWS_REGION or AWS_PROFILE, and PAYBOT_EVENT_LOG_GROUP"

    def __init__(self, settings: Aws, env: str, made: Clients, now: Now, sleep: Callable[[float], None] = time.sleep) -> None:
        self._settings = settings
        self._env = env
        self._clients = made
        self._now = now
        self._sleep = sleep

    @classmethod
    def of(cls, config: Config, now: Now) -> Self | None:
        """The source, where AWS is configured and the bus's log group is named."""
        aws = config.aws
        return cls(aws, config.env, clients(aws), now) if aws and aws.event_log_group else None

    def warm(self) -> None:
        """Imports and makes what the first fetch would otherwise wait for."""
        self._clients.client("logs")

    def stop(self) -> None:
        """Nothing: it starts nothing that outlives a question."""

    def fetch(self, queries: Mapping[str, Query], window: Window, env: str, timeout_s: float) -> Answers:
        """A Table for each query, its rows as the query sorts them; they are shown once it is complete, never before."""
        deadline = Deadline(timeout_s)
        started: dict[str, str] = {}
        try:
            for key, query in queries.items():
                started[key] = self._start(query, window, env, deadline)
            return {key: table(self._finished(started, key, deadline)) for key in tuple(started)}
        finally:
            for unfinished in started.values():
                self._call_off(unfinished)

    def link(self, queries: Mapping[str, Query], ask: Ask) -> Link | None:
        """None: CloudWatch's own link leads to the console."""
        return None

    def probe(self, timeout_s: float) -> str:
        start = time.perf_counter()
        now = self._now()
        hour = Window(now - timedelta(hours=1), now, timedelta(minutes=1), "UTC", "last 1 h", "1h")
        found = self.fetch({"probe": Query("event_logs", "fields @timestamp | limit 1")}, hour, self._env, timeout_s)["probe"]
        if isinstance(found, SourceError):
            raise found
        took_ms = 1000 * (time.perf_counter() - start)
        return f"answers in {took_ms:.0f} ms; {'something' if found else 'nothing'} logged in the last hour"

    def _start(self, query: Query, window: Window, env: str, deadline: Deadline) -> str:
        group = named(self._settings.event_log_group, env, self._env, "an event log")
        answer = self._clients.call(
            "logs",
            "start_query",
            deadline,
            f"log group called {group}",
            logGroupName=group,
            startTime=int(query.start_in(window).timestamp()),
            endTime=int(window.end.timestamp()) - 1,  # both ends are inclusive, in whole seconds
            queryString=query.text,
            limit=MOST,
        )
        match answer:
            case {"queryId": str(name)}:
                return name
        raise unreadable()

    def _finished(self, started: dict[str, str], key: str, deadline: Deadline) -> Any:
        """The rows of a query once it is complete; what it shows before is a part of the answer, which is none."""
        pause = PAUSE_S
        while True:
            answer = self._clients.call("logs", "get_query_results", deadline, "query of that ID", queryId=started[key])
            match answer:
                case {"status": "Complete", "results": list(rows)}:
                    del started[key]
                    return rows
                case {"status": str(status)} if status in UNDER_WAY:
                    if not deadline.fits(pause):
                        raise missed(deadline.timeout_s)
                    self._sleep(pause)
                    pause = min(2 * pause, PAUSE_AT_MOST_S)
                case {"status": str(status)} if status in ENDED:
                    del started[key]
                    raise SourceError(f"ended its search without an answer ({status.lower()})", "unavailable")
                case _:
                    raise unreadable()

    def _call_off(self, name: str) -> None:
        """Nothing is left running that nobody waits for; that it cannot be called off is no reason to fail."""
        with suppress(SourceError):
            self._clients.call("logs", "stop_query", Deadline(CALL_OFF_S), "query of that ID", queryId=name)


def table(rows: Any) -> Table:
    """The rows as they stand: every cell a string, None where a row lacks the field; columns in the order of the first row."""
    found: list[dict[str, str]] = []
    for row in rows:
        match row:
            case list(cells):
                found.append({cell["field"]: cell["value"] for cell in cells if _is_cell(cell)})
            case _:
                raise unreadable()
    names = tuple(dict.fromkeys(name for row in found for name in row))
    return Table(tuple(Column(name) for name in names), tuple(tuple(row.get(name) for name in names) for row in found))


def _is_cell(cell: Any) -> bool:
    match cell:
        case {"field": str(name), "value": str()}:
            return name != POINTER
    return False
