"""Logs that hold nothing they must not, and metrics that Prometheus reads."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.observe import ACK_S, ANSWER_S, Lines, Metrics, logs, reference

CARD, TOKEN, KEY = "4242 4242 4242 4242", "xoxb-1234567890-abcdefghij", "sk_live_4eC39HqLyjWDarjtT1zdp7dc"
PLANTED = (CARD, "4242424242424242", TOKEN, KEY, "jane.doe@example.com", "hunter2")


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """The log's stream while all logging goes there; afterwards logging is as it was."""
    root, hooks = logging.getLogger(), (sys.excepthook, threading.excepthook)
    handlers, level = root.handlers[:], root.level
    with io.StringIO() as text:
        root.handlers = []  # pytest's own must not be closed
        logs("DEBUG", text)
        yield text
    sys.excepthook, threading.excepthook = hooks
    logging.captureWarnings(False)
    root.handlers, root.level = handlers, level


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_object_of_json_in_utc(stream: io.StringIO) -> None:
    """A message of several lines, with fields of its own, is still one line."""
    logging.getLogger("bot.x").info("two\nlines", extra={"took_s": 0.5, "gaps": 2, "ok": True})
    (line,) = lines(stream)
    assert line.pop("time").endswith("Z")
    assert line == {"level": "INFO", "logger": "bot.x", "message": "two\nlines", "took_s": 0.5, "gaps": 2, "ok": True}


def test_planted_secrets_do_not_come_out(stream: io.StringIO) -> None:
    """Not in a message, an argument, a field, a nested field, a number, a traceback or an uncaught exception."""
    log = logging.getLogger("bot.x")
    log.warning(f"card {CARD} of %s", "jane.doe@example.com", extra={"password": "hunter2", "deep": [{"key": KEY}]})
    log.error("number", extra={"card": 4242424242424242})
    try:
        raise ValueError(f"refused {TOKEN} for {CARD}")  # noqa: TRY301 - the traceback is what is looked at
    except ValueError as error:
        log.exception("failed with %s", KEY)
        sys.excepthook(ValueError, error, error.__traceback__)
    warnings.warn(f"card {CARD}", stacklevel=1)
    assert len(lines(stream)) == 5
    assert [planted for planted in PLANTED if planted in stream.getvalue()] == []


def test_a_traceback_stays_readable(stream: io.StringIO) -> None:
    """Masking leaves the place in the code and the kind of error."""
    try:
        raise KeyError("checkout")  # noqa: TRY301 - the traceback is what is looked at
    except KeyError:
        logging.getLogger("bot.x").exception("failed")
    assert "test_observe.py" in lines(stream)[0]["traceback"]
    assert lines(stream)[0]["traceback"].endswith("KeyError: 'checkout'")


def test_a_line_that_cannot_be_formatted_says_only_where(stream: io.StringIO) -> None:
    """A wrong format string must not put its arguments on stderr."""
    ours = next(handler for handler in logging.getLogger().handlers if isinstance(handler, Lines))
    ours.handle(logging.LogRecord("bot.x", logging.ERROR, __file__, 1, "%d", (TOKEN,), None))
    assert lines(stream)[0]["message"] == "a log line failed"
    assert TOKEN not in stream.getvalue()


@pytest.mark.parametrize("name", ["slack_bolt.App", "listeners.py:App", "slack_sdk.web", "elastic_transport.node", "urllib3"])
def test_libraries_that_log_bodies_are_silent(stream: io.StringIO, name: str) -> None:
    """Even where DEBUG is set, and whatever level the library gives its own logger."""
    logger = logging.getLogger(name)
    logger.setLevel(logging.DEBUG)
    logger.warning("Unhandled request (text=checkout)")
    assert stream.getvalue() == ""


def test_a_long_text_is_cut(stream: io.StringIO) -> None:
    """No answer of a vendor floods the log."""
    logging.getLogger("bot.x").info("x" * 1_000_000, extra={"body": "y" * 1_000_000})
    assert len(stream.getvalue()) < 10_000


def test_an_ask_has_one_reference(stream: io.StringIO) -> None:
    """Every line of an ask carries it; what the ask does within keeps it; afterwards it is gone."""
    with reference("0000aaaa") as outer, reference("1111bbbb") as inner:
        logging.getLogger("bot.x").info("within")
    logging.getLogger("bot.x").info("after")
    assert (outer, inner) == ("0000aaaa", "0000aaaa")
    assert [line.get("reference") for line in lines(stream)] == ["0000aaaa", None]


def sample(metrics: Metrics, name: str, **labels: str) -> float:
    families = text_string_to_metric_families(metrics.text().decode())
    return next(each.value for family in families for each in family.samples if each.name == name and each.labels == labels)


def test_what_happens_is_counted_by_its_labels() -> None:
    """Each call of a method is one more of its metric."""
    metrics = Metrics()
    metrics.command("checkout", "busy")
    metrics.source("datadog", 8.0)
    metrics.gap("datadog", "timeout")
    metrics.render("ok", 0.04)
    metrics.slack("chat.postMessage", "ratelimited", 0.1)
    metrics.answer("checkout", 0.7)
    metrics.ack(0.004)
    metrics.depth(lambda: 3)
    assert sample(metrics, "paybot_commands_total", section="checkout", outcome="busy") == 1
    assert sample(metrics, "paybot_source_errors_total", source="datadog", kind="timeout") == 1
    assert sample(metrics, "paybot_gaps_total", source="datadog") == 1
    assert sample(metrics, "paybot_renders_total", outcome="ok") == 1
    assert sample(metrics, "paybot_slack_calls_total", method="chat.postMessage", outcome="ratelimited") == 1
    assert sample(metrics, "paybot_answer_seconds_count", section="checkout") == 1
    assert sample(metrics, "paybot_ack_seconds_bucket", le="0.005") == 1
    assert sample(metrics, "paybot_queue_depth") == 3


def test_a_source_that_answers_is_no_error() -> None:
    """ "ok" is timed and not counted as an error."""
    metrics = Metrics()
    metrics.source("datadog", 0.2)
    assert sample(metrics, "paybot_source_seconds_count", source="datadog") == 1
    assert b"paybot_source_errors_total{" not in metrics.text()


def test_the_limits_people_feel_are_edges_of_buckets() -> None:
    """How many acks took more than 3 s, and how many asks more than the deadline of 8 s, can be read off exactly."""
    assert 3 in ACK_S
    assert 8 in ANSWER_S


def test_two_bots_in_one_process_do_not_share_counts() -> None:
    """Each has a registry of its own."""
    first, second = Metrics(), Metrics()
    first.gap("datadog", "timeout")
    assert b"Datadog" not in second.text()
