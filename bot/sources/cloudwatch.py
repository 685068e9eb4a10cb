"""CloudWatch's metrics as a source: SQS over time, and EventBridge by rule."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Self

from bot.config import Aws, Config
from bot.ports import Answers, Link, SourceError
from bot.sources.aws import NEEDS, Clients, clients, named, part
from bot.sources.faults import unreadable
from bot.sources.metric_data import Metric, Result, batches, failed, metrics, per_rule, series
from bot.sources.retry import Deadline, apart, some
from charts.data import Series, Table
from commands.args import Ask, Window
from commands.panel import Found, Query

SETTLE = timedelta(minutes=2)  # SQS and EventBridge send a minute's numbers within about that long
DEFAULT_BUS = "default"
BUS = "EventBusName"
PAGES = 50  # of any listing: no answer is followed for ever

Now = Callable[[], datetime]


class CloudWatch:
    """Query texts are JSON: a metric `{"namespace", "metric", "stat", "dimensions"}`, which gives a Series, or
    `{"namespace", "stat", "per_rule": [metrics]}`, which gives a Table with a row for each EventBridge rule.

    `$queue` is the retry queue. A rule of a custom bus is counted under the bus and the rule, of the default bus under the rule
    alone. Buckets have the width of the window's, but no less than what CloudWatch still keeps of that age.
    """

    title = "CloudWatch"
    needs = NEEDS

    def __init__(self, settings: Aws, env: str, made: Clients, now: Now) -> None:
        self._settings = settings
        self._env = env
        self._clients = made
        self._now = now

    @classmethod
    def of(cls, config: Config, now: Now) -> Self | None:
        """The source, where AWS is configured."""
        return cls(config.aws, config.env, clients(config.aws), now) if config.aws else None

    def warm(self) -> None:
        """Imports and makes what the first fetch would otherwise wait for."""
        self._clients.client("cloudwatch")

    def stop(self) -> None:
        """Nothing: it starts nothing that outlives a question."""

    def fetch(self, queries: Mapping[str, Query], window: Window, env: str, timeout_s: float) -> Answers:
        """A Series or a Table for each query, all in one request; one that was refused or came in part has its SourceError."""
        deadline = Deadline(timeout_s)
        grouped = {key: "per_rule" in json.loads(query.text) for key, query in queries.items()}
        rules, missing = self._rules(env, deadline) if any(grouped.values()) else ((), ())
        names = {"queue": self._queue(env)}
        wanted = {key: self._metrics(key, query, window, names, rules, env) for key, query in queries.items()}

        def asked(keys: tuple[str, ...]) -> dict[str, Found | SourceError]:
            found = self._ask([metric for key in keys for metric in wanted[key]], deadline)
            return {
                key: self._read(key, {metric: found[metric] for metric in wanted[key]}, missing, grouped=grouped[key])
                for key in keys
            }

        return some(apart(asked, wanted, str))

    def link(self, queries: Mapping[str, Query], ask: Ask) -> Link | None:
        """The metrics of the region in AWS's console; None where the region is left to a profile."""
        region = self._settings.region
        if not region or self._settings.endpoint_url:
            return None
        return Link("CloudWatch", f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#metricsV2:")

    def probe(self, timeout_s: float) -> str:
        start = time.perf_counter()
        now = int(self._now().timestamp()) // 60 * 60
        queue = {"QueueName": self._queue(self._env)}
        metric = Metric("probe", "AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", queue, now - 3600, now, 60)
        points = self._ask([metric], Deadline(timeout_s))[metric].points
        took_ms = 1000 * (time.perf_counter() - start)
        return f"answers in {took_ms:.0f} ms; {queue['QueueName']} has {'data' if points else 'no data'} in the last hour"

    def _queue(self, env: str) -> str:
        return named(self._settings.retry_queue, env, self._env, "a retry queue")

    def _metrics(
        self, key: str, query: Query, window: Window, names: Mapping[str, str], rules: Sequence[str], env: str
    ) -> tuple[Metric, ...]:
        bus = self._bus(env)
        on_bus = {BUS: bus} if bus != DEFAULT_BUS else {}
        made = metrics(key, query, window, names, rules)
        return tuple(metric.on(on_bus) if metric.rule else metric for metric in made)

    def _bus(self, env: str) -> str:
        return named(self._settings.event_bus, env, self._env, "an event bus")

    def _rules(self, env: str, deadline: Deadline) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The rules of the bus that are wanted, and those that are wanted and not there."""
        there = tuple(self._listed(self._bus(env), deadline))
        wanted = tuple(named(rule, env, self._env, "EventBridge rules") for rule in self._settings.event_rules)
        return (
            (tuple(rule for rule in wanted if rule in there), tuple(rule for rule in wanted if rule not in there))
            if wanted
            else (there, ())
        )

    def _listed(self, bus: str, deadline: Deadline) -> Iterator[str]:
        more: Mapping[str, str] = {}
        for _ in range(PAGES):
            what = f"event bus called {bus}"
            answer = self._clients.call("events", "list_rules", deadline, what, EventBusName=bus, Limit=100, **more)
            yield from (str(rule["Name"]) for rule in part(answer, "Rules", list))
            if not answer.get("NextToken"):
                return
            more = {"NextToken": answer["NextToken"]}

    def _ask(self, wanted: Sequence[Metric], deadline: Deadline) -> Mapping[Metric, Result]:
        """What came back for each metric, from all pages of all requests."""
        found = {metric: Result() for metric in wanted}
        for batch in batches(wanted):
            queries = [metric.asked(number) for number, metric in enumerate(batch)]
            span = {"StartTime": min(m.start for m in batch), "EndTime": max(m.end for m in batch)}
            for page in self._pages(queries, span, deadline):
                match page:
                    case {"Id": str(name)} if name[1:].isdigit() and int(name[1:]) < len(batch):
                        metric = batch[int(name[1:])]
                        found[metric].take(metric, page)
                    case _:
                        raise unreadable()
        return found

    def _pages(self, queries: Sequence[Mapping[str, Any]], span: Mapping[str, int], deadline: Deadline) -> Iterator[Any]:
        more: Mapping[str, str] = {}
        for _ in range(PAGES):
            asked = {"MetricDataQueries": queries, "ScanBy": "TimestampAscending", **span, **more}
            answer = self._clients.call("cloudwatch", "get_metric_data", deadline, "metric of that name", **asked)
            yield from part(answer, "MetricDataResults", list)
            if not answer.get("NextToken"):
                return
            more = {"NextToken": answer["NextToken"]}
        raise SourceError("gave more pages than any question needs", "bad_answer")

    def _read(self, key: str, found: Mapping[Metric, Result], missing: Sequence[str], *, grouped: bool) -> Found | SourceError:
        if error := failed(found.values()):
            return error
        if grouped:
            return per_rule(found, missing) if found or missing else Table()
        settled = (self._now() - SETTLE).timestamp()
        return next((series(metric, result, settled) for metric, result in found.items()), Series(key))
