"""What an operator sees from outside: structured logs with a reference per ask, and Prometheus metrics."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TextIO

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.registry import Collector
from pythonjsonlogger.json import JsonFormatter

from bot.alerts.counts import AlertCounts
from bot.slack.text import masked

if TYPE_CHECKING:
    from types import TracebackType

# Slack gives up on an acknowledgement after 3 s; a healthy one takes milliseconds.
ACK_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3)
# All sources of an ask share 8 s; drawing and posting come on top.
ANSWER_S = (0.25, 0.5, 1, 2, 4, 6, 8, 10, 15, 30)
RENDER_S = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10)

# Why a connection of Socket Mode is replaced: found by ourselves, then asked for by Slack.
RECONNECTS = {"lost", "no_hello", "silent", "deaf", "quiet"} | {
    "warning",
    "refresh_requested",
    "link_disabled",
    "too_many_websockets",
}

TEXT_LIMIT = 4_000  # characters of one text in a log line
TRACE_LIMIT = 12_000  # of a traceback: its end says most
# Libraries that put requests or answers into their log lines, with the level from which they do not.
QUIET = {
    "slack_bolt": logging.CRITICAL,  # the bodies of refused and of unhandled requests, as INFO, WARNING and ERROR
    "slack_sdk": logging.CRITICAL,  # messages of the socket that it could not process; all its errors come to us as exceptions
    "urllib3": logging.ERROR,
    "elastic_transport": logging.ERROR,
    "elasticsearch": logging.ERROR,
    "datadog_api_client": logging.ERROR,
    "apscheduler": logging.ERROR,  # each run of the one job
    "alembic": logging.ERROR,
    "sqlalchemy": logging.ERROR,
    "stamina": logging.ERROR,  # each retry, with what was asked; the outcome is told by the source
    "botocore": logging.WARNING,
    "matplotlib": logging.WARNING,
    "PIL": logging.WARNING,
    "waitress": logging.WARNING,
}
_reference: ContextVar[str] = ContextVar("reference", default="")

log = logging.getLogger(__name__)


@contextmanager
def reference(token: str) -> Iterator[str]:
    """Every log line within carries this reference; within another reference that one stays, so that an ask has only one."""
    known_as = _reference.get() or token
    reset = _reference.set(known_as)
    try:
        yield known_as
    finally:
        _reference.reset(reset)


class Metrics:
    """What is counted and timed, in a registry of its own. Threads may call it at once."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._commands = Counter("paybot_commands", "Asks by section and outcome", ["section", "outcome"], registry=registry)
        self._ack = Histogram("paybot_ack_seconds", "From a request of Slack's to its answer", buckets=ACK_S, registry=registry)
        self._answer = Histogram(
            "paybot_answer_seconds", "From an ask to its answer, drawn", ["section"], buckets=ANSWER_S, registry=registry
        )
        self._source = Histogram(
            "paybot_source_seconds", "One question to a source", ["source"], buckets=ANSWER_S, registry=registry
        )
        self._errors = Counter(
            "paybot_source_errors", "Questions without a usable answer, by kind", ["source", "kind"], registry=registry
        )
        self._gaps = Counter("paybot_gaps", "Gaps that answers named", ["source"], registry=registry)
        self._renders = Counter("paybot_renders", "Pictures by outcome", ["outcome"], registry=registry)
        self._render = Histogram("paybot_render_seconds", "One picture", buckets=RENDER_S, registry=registry)
        self._slack = Counter(
            "paybot_slack_calls",
            "Calls of Slack's Web API; a 429 is the outcome ratelimited",
            ["method", "outcome"],
            registry=registry,
        )
        self._slack_s = Histogram("paybot_slack_seconds", "One call of Slack's Web API", ["method"], registry=registry)
        self._depth = Gauge("paybot_queue_depth", "Asks that wait for a free place", registry=registry)
        self._reconnects = Counter(
            "paybot_socket_reconnects", "Connections of Socket Mode that were replaced, by reason", ["reason"], registry=registry
        )
        self.alerts = AlertCounts(registry)

    def command(self, section: str, outcome: str) -> None:
        """An ask was heard: "accepted", "busy" (refused, the pool is full) or "bad_input"."""
        self._commands.labels(section, outcome).inc()

    def ack(self, seconds: float) -> None:
        self._ack.observe(seconds)

    def answer(self, section: str, seconds: float) -> None:
        self._answer.labels(section).observe(seconds)

    def source(self, name: str, seconds: float) -> None:
        """A source was asked, and gave an answer or an error in the end: late ones too."""
        self._source.labels(name).observe(seconds)

    def gap(self, source: str, kind: str) -> None:
        """A question had no usable answer by the deadline; `kind` is that of its SourceError, "timeout" or "bug"."""
        self._errors.labels(source, kind).inc()
        self._gaps.labels(source).inc()

    def render(self, outcome: str, seconds: float) -> None:
        self._renders.labels(outcome).inc()
        self._render.observe(seconds)

    def slack(self, method: str, outcome: str, seconds: float) -> None:
        """A method of the Web API was called; `outcome` is "ok" or the code of its ChatError."""
        self._slack.labels(method, outcome).inc()
        self._slack_s.labels(method).observe(seconds)

    def depth(self, read: Callable[[], int]) -> None:
        """From now on the queue's depth is read from this, whenever the metrics are."""
        self._depth.set_function(read)

    def socket(self, connections: Callable[[], float], last_heard_s: Callable[[bool], float]) -> None:
        """From now on these are read whenever the metrics are; `last_heard_s` of envelopes alone (True), or of anything."""
        name, told = "paybot_socket_connections", "Connections of the app, as Slack's last hello counted them"
        Gauge(name, told, registry=self._registry).set_function(connections)
        name, told = "paybot_socket_last_heard_seconds", "Since Slack was last heard; NaN without a connection"
        heard = Gauge(name, told, ["what"], registry=self._registry)
        heard.labels("anything").set_function(lambda: last_heard_s(False))
        heard.labels("envelope").set_function(lambda: last_heard_s(True))

    def also(self, collector: Collector) -> None:
        """From now on these are read, too, whenever the metrics are."""
        self._registry.register(collector)

    def reconnect(self, reason: str) -> None:
        """A connection of Socket Mode was replaced. Slack's own reasons are counted under its words, unknown ones as "other"."""
        self._reconnects.labels(reason if reason in RECONNECTS else "other").inc()

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self._registry)


def logs(level: str, stream: TextIO | None = None) -> None:
    """From now on everything that is logged, warned of or not caught goes out as one masked line of JSON each."""
    handler = Lines(stream or sys.stderr)
    handler.setFormatter(MaskedJson())
    handler.addFilter(spoken)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    sys.excepthook = uncaught
    threading.excepthook = lambda fault: uncaught(fault.exc_type, fault.exc_value, fault.exc_traceback)


def spoken(record: logging.LogRecord) -> bool:
    """Whether a line may go out: those that carry bodies may not, whatever level is set.

    Bolt names an app's logger after the file that made it ("listeners.py:App") and gives its loggers the root's level.
    """
    root, _, _ = record.name.partition(".")
    quiet = "slack_bolt" if record.name.endswith(":App") else root
    return record.levelno >= QUIET.get(quiet, logging.NOTSET)


def uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    """Tells of an exception that nobody caught, as any other line, but for Ctrl-C."""
    if not issubclass(kind, KeyboardInterrupt | SystemExit):
        log.critical("an exception was not caught", exc_info=(kind, error or kind(), trace))


class MaskedJson(JsonFormatter):
    """One JSON object a line: time (UTC), level, logger, message, reference, what else was given; masked and bounded."""

    def __init__(self) -> None:
        super().__init__(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            datefmt="%Y-%m-%dT%H:%M:%S",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger", "exc_info": "traceback"},
            json_ensure_ascii=False,
        )
        self.converter = time.gmtime
        self.default_msec_format = "%s.%03dZ"

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        return f"{super().formatTime(record, datefmt)}.{int(record.msecs):03d}Z"

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        found = super().process_log_record(log_data)
        if _reference.get():
            found["reference"] = _reference.get()
        return {key: value if key in {"time", "level"} else safe(key, value) for key, value in found.items()}


def safe(key: str, value: object) -> object:
    """A value as it may stand in a log line: masked as a whole and as "key=value", bounded.

    Twice the limit is masked and then cut to it, so that the cut never leaves one half of a secret in view.
    """
    if value is None or isinstance(value, bool | float):
        return value
    if key == "traceback":
        return masked(str(value)[-2 * TRACE_LIMIT :])[-TRACE_LIMIT:]
    text = masked(f"{key}={str(value)[: 2 * TEXT_LIMIT]}").removeprefix(f"{key}=")
    if isinstance(value, int) and text == str(value):
        return value
    return text if len(text) <= TEXT_LIMIT else f"{text[:TEXT_LIMIT]}…"


class Lines(logging.StreamHandler[TextIO]):
    """Writes lines; one that cannot be formatted is named by its place in the code, never by what it would have said."""

    def handleError(self, record: logging.LogRecord) -> None:
        self.stream.write(f'{{"level": "ERROR", "message": "a log line failed", "logger": "{record.name}:{record.lineno}"}}\n')
