"""Elasticsearch as a source: aggregations only, one search for each fetch. The only module that knows its client's exceptions."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from bot.config import Config
from bot.config import Elastic as Settings
from bot.ports import Answers, Link, SourceError
from bot.sources.aggregations import body, iso, question
from bot.sources.faults import missed, refusal, unreadable
from bot.sources.kibana import any_of, discover
from bot.sources.retry import Deadline, apart, patiently, some
from charts.data import Table
from commands.args import Ask, Window
from commands.panel import Query

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

CONNECTIONS = 16
BUSY_WAIT_S = 0.3  # a node that rejects a search (429) names no time; its queue drains in fractions of a second
ON_TIME = 0.9  # of the time left: what the cluster may use, so that its own "timed out" still reaches us

log = logging.getLogger(__name__)


class Elastic:
    """Aggregations written as JSON in which whole strings may be `$names` (see `aggregations`)."""

    title = "Elasticsearch"
    needs = "needs ELASTICSEARCH_URL"

    def __init__(self, settings: Settings, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._now = now
        self._lock = threading.Lock()
        self._connected: Elasticsearch | None = None

    @classmethod
    def of(cls, config: Config, now: Callable[[], datetime]) -> Self | None:
        """The source, where the cluster's address is set."""
        return cls(config.elastic, now) if config.elastic else None

    def warm(self) -> None:
        """Imports and connects what the first fetch would otherwise wait for."""
        self._client()

    def stop(self) -> None:
        """Nothing: it starts nothing that outlives a question."""

    def fetch(self, queries: Mapping[str, Query], window: Window, env: str, timeout_s: float) -> Answers:
        """One Table for each query; no rows where nothing was logged. One that Elasticsearch refuses has its refusal."""
        fields, deadline = self._settings.fields, Deadline(timeout_s)
        questions = {key: question(query, window, fields) for key, query in queries.items()}

        def asked(keys: tuple[str, ...]) -> dict[str, Table]:
            own = {key: questions[key] for key in keys}
            found = self.search(body(own, env, fields, ON_TIME * timeout_s), deadline)
            return {key: one.read(found.get(key)) for key, one in own.items()}

        return some(apart(asked, questions, str))

    def search(self, body: Mapping[str, Any], deadline: Deadline) -> Mapping[str, Any]:
        """The `aggregations` of one search that looked at all there is: a part of an answer is none. Raises SourceError."""
        return self._whole(patiently(lambda: self._attempt(body, deadline), deadline))

    def link(self, queries: Mapping[str, Query], ask: Ask) -> Link | None:
        """Kibana's Discover with the log lines of the asked kinds, environment and range; None where Kibana is not set."""
        kibana, fields = self._settings, self._settings.fields
        if not kibana.kibana_url or not kibana.data_view:
            return None
        kinds = sorted({query.options["kind"] for query in queries.values() if "kind" in query.options})
        parts = [any_of(fields["environment"], [ask.env]), *([any_of(fields["kind"], kinds)] if kinds else [])]
        url = discover(kibana.kibana_url, kibana.data_view, " and ".join(parts), ask.window.start, ask.window.end)
        return Link("Kibana", url)

    def probe(self, timeout_s: float) -> str:
        """Whether the key may search the index, how long that took, and whether the last day holds anything."""
        start = time.perf_counter()
        recent = {"range": {self._settings.fields["time"]: {"gte": iso(self._now() - timedelta(days=1))}}}
        found = self.search({"size": 0, "aggs": {"recent": {"filter": recent}}}, Deadline(timeout_s))
        took_ms = 1000 * (time.perf_counter() - start)
        match found:
            case {"recent": {"doc_count": int(lines)}}:
                return f"answers in {took_ms:.0f} ms; {self._settings.index} has {lines:,} lines of the last 24 h"
        raise unreadable()

    def _attempt(self, body: Mapping[str, Any], deadline: Deadline) -> Any:
        with translated(deadline, self._settings.index):
            client = self._client().options(request_timeout=deadline.left())
            return client.search(index=self._settings.index, allow_partial_search_results=False, **body).body

    def _whole(self, answer: Any) -> Mapping[str, Any]:
        """The aggregations of an answer that is neither cut short nor lacks a shard nor the whole index."""
        match answer:
            case {"timed_out": True}:
                raise SourceError("ran out of time and gave only a part of the answer", "timeout")
            case {"_shards": {"failed": int(failed), "total": int(total)}} if failed:
                raise SourceError(f"could not read {failed} of its {total} shards", "unavailable")
            case {"_shards": {"total": 0}}:
                raise nothing_called(self._settings.index)
            case {"timed_out": False, "_shards": {"total": int()}, "aggregations": dict(found)}:
                return found
        raise unreadable()

    def _client(self) -> Elasticsearch:
        with self._lock:
            if self._connected is None:
                self._connected = self._connect()
            return self._connected

    def _connect(self) -> Elasticsearch:
        from elasticsearch import Elasticsearch, OrjsonSerializer  # noqa: PLC0415 - 0.6 s, paid by the first question

        from bot.sources.elastic_node import BoundedNode  # noqa: PLC0415 - imports the client too

        kinds = ("application/vnd.elasticsearch+json", "application/json")
        return Elasticsearch(
            self._settings.url,
            api_key=self._settings.api_key or None,
            serializers={kind: OrjsonSerializer() for kind in kinds},
            node_class=BoundedNode,
            connections_per_node=CONNECTIONS,
            max_retries=0,  # the client would ask four times with hardly a pause
        )


@contextmanager
def translated(deadline: Deadline, index: str) -> Iterator[None]:
    """What the client makes of an answer, as SourceErrors; failures of the connection already are some (see BoundedNode)."""
    from elasticsearch import ApiError, SerializationError, UnsupportedProductError  # noqa: PLC0415 - as heavy as the client

    try:
        yield
    except SourceError as error:
        if error.kind == "timeout":  # of one attempt; people are told of the whole time
            raise missed(deadline.timeout_s) from error
        raise
    except UnsupportedProductError as error:
        raise SourceError("is no Elasticsearch: it does not name itself so", "bad_answer") from error
    except SerializationError as error:
        raise unreadable() from error
    except ApiError as error:
        # its reason may quote the question: for the log only
        log.warning("Elasticsearch answered %d: %.300s", error.meta.status, error.body)
        raise (
            nothing_called(index) if error.meta.status == 404 else refusal(error.meta.status, BUSY_WAIT_S, reason(error.body))
        ) from error
    except ValueError as error:  # the client's, of a URL that it cannot use
        raise SourceError("cannot be asked: its URL is no address", "bad_request") from error


def reason(body: Any) -> str:
    """Why Elasticsearch refused, in its own words."""
    match body:
        case {"error": {"root_cause": [{"reason": str(said)}, *_]}}:
            return said
    return ""


def nothing_called(index: str) -> SourceError:
    return SourceError(f"has no index {index}", "bad_answer")
