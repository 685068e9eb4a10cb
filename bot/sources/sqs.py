"""SQS as a source: how much waits in the retry queue and in its dead-letter queue. Nothing is ever received."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Self

from bot.config import Aws, Config
from bot.ports import Answers, Link, SourceError
from bot.sources.aws import NEEDS, Clients, clients, named, part
from bot.sources.retry import Deadline
from charts.data import Column, Table
from commands.args import Ask, Window
from commands.panel import Query

COUNTS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed")
COLUMNS = (
    Column("Queue"),
    Column("Role"),
    Column("Visible", "count"),
    Column("In flight", "count"),
    Column("Delayed", "count"),
)
Row = tuple[str | float | None, ...]


class Sqs:
    """Query text `$queue`: a Table with a row for the retry queue (Role "queue") and one for its dead letters, if it has them."""

    title = "SQS"
    needs = NEEDS

    def __init__(self, settings: Aws, env: str, made: Clients) -> None:
        self._settings = settings
        self._env = env
        self._clients = made

    @classmethod
    def of(cls, config: Config, now: Callable[[], datetime]) -> Self | None:
        """The source, where AWS is configured."""
        return cls(config.aws, config.env, clients(config.aws)) if config.aws else None

    def warm(self) -> None:
        """Imports and makes what the first fetch would otherwise wait for."""
        self._clients.client("sqs")

    def stop(self) -> None:
        """Nothing: it starts nothing that outlives a question."""

    def fetch(self, queries: Mapping[str, Query], window: Window, env: str, timeout_s: float) -> Answers:
        """The same Table for each query: the counts of this moment, whatever the window."""
        found = self._queues(env, Deadline(timeout_s))
        return dict.fromkeys(queries, found)

    def link(self, queries: Mapping[str, Query], ask: Ask) -> Link | None:
        """None: the console's address of a queue needs the account's number, which the settings do not have."""
        return None

    def probe(self, timeout_s: float) -> str:
        start = time.perf_counter()
        found = self._queues(self._env, Deadline(timeout_s))
        took_ms = 1000 * (time.perf_counter() - start)
        return f"answers in {took_ms:.0f} ms; {found.rows[0][0]} is there{', with dead letters' if len(found.rows) > 1 else ''}"

    def _queues(self, env: str, deadline: Deadline) -> Table:
        name = named(self._settings.retry_queue, env, self._env, "a retry queue")
        attributes = self._attributes(name, {}, deadline)
        rows = [row(name, "queue", attributes)]
        dead = dead_letters(attributes.get("RedrivePolicy", ""))
        if dead is None:
            return Table(COLUMNS, tuple(rows))
        account, dead_name = dead
        try:
            rows.append(row(dead_name, "dead letters", self._attributes(dead_name, account, deadline)))
        except SourceError as error:
            unknown = row(dead_name, "dead letters", {})
            return Table(
                COLUMNS, (*rows, unknown), notes=(f"the dead-letter queue {dead_name} could not be read: SQS {error.said}",)
            )
        return Table(COLUMNS, tuple(rows))

    def _attributes(self, name: str, account: Mapping[str, str], deadline: Deadline) -> Mapping[str, str]:
        what = f"queue called {name}"
        url = part(self._clients.call("sqs", "get_queue_url", deadline, what, QueueName=name, **account), "QueueUrl", str)
        asked = [*COUNTS, "RedrivePolicy"]  # without names SQS answers nothing at all
        answer = self._clients.call("sqs", "get_queue_attributes", deadline, what, QueueUrl=url, AttributeNames=asked)
        return part(answer, "Attributes", dict)


def row(name: str, role: str, attributes: Mapping[str, str]) -> Row:
    """A queue's counts; one that SQS did not give is unknown."""
    return (name, role, *(count(attributes.get(key)) for key in COUNTS))


def count(text: Any) -> float | None:
    """SQS writes its numbers as strings."""
    return float(text) if isinstance(text, str) and text.isascii() and text.isdigit() else None


def dead_letters(policy: str) -> tuple[Mapping[str, str], str] | None:
    """The account (as an argument of get_queue_url) and the name of the queue that a redrive policy names; None without one."""
    try:
        arn = json.loads(policy)["deadLetterTargetArn"] if policy else ""
    except (ValueError, KeyError, TypeError):
        return None
    match str(arn).split(":"):
        case ["arn", _, "sqs", _, account, name] if name:
            return {"QueueOwnerAWSAccountId": account}, name
    return None
