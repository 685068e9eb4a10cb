"""Datadog when it is denied, busy, broken, slow or lying: one SourceError in words for people, in time, and nothing else."""

from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from bot.config import Datadog
from bot.ports import SourceError
from bot.sources.datadog import DatadogEvents, DatadogMetrics
from tests.sources.test_datadog import RATE, fetch, points, rate
from tests.sources.vendor import HANG_UP, NOON, Answer, Vendor, recorded, serving, window

GOOD = points(98)


pytestmark = pytest.mark.usefixtures("no_pauses")


def failing(vendor: Vendor, timeout_s: float = 5, **settings: Any) -> SourceError:
    with pytest.raises(SourceError) as error:
        fetch(vendor, timeout_s=timeout_s, **settings)
    return error.value


def seconds() -> Callable[[], float]:
    """A clock that goes on by a second with each look: pauses take no time here, and end all the same."""
    return map(float, count(1)).__next__


def limited(reset: str | None) -> Answer:
    """A 429 with its headers; built from the documentation: none was ever recorded (FACTS 1.4)."""
    headers = {"X-RateLimit-Limit": "10", "X-RateLimit-Remaining": "0"} | ({"X-RateLimit-Reset": reset} if reset else {})
    return Answer({"errors": ["Rate limit of 10 requests in 10 seconds reached"]}, 429, headers)


@pytest.mark.parametrize("status", [401, 403])
def test_refused_keys_are_denied_at_once(status: int) -> None:
    """FACTS 1.5: asking again cannot help."""
    body = recorded("dd_403_api_key.json")["interactions"][0]["response"]["body"]
    with serving(Answer(body, status)) as vendor:
        error = failing(vendor)
    assert (error.kind, error.said, len(vendor.asked)) == ("denied", f"refused our keys ({status})", 1)


def test_a_refused_question_never_shows_datadogs_text(caplog: pytest.LogCaptureFixture) -> None:
    """FACTS 1.2: a 400 is a list of strings; they go to the log, cut short, and not to people."""
    body = recorded("dd_v2_timeseries_400_type.json")["interactions"][0]["response"]["body"]
    body["errors"].append("x" * 5000)
    with serving(Answer(body, 400)) as vendor:
        error = failing(vendor)
    assert (error.kind, error.said, len(vendor.asked)) == ("bad_request", "refused the question (400)", 1)
    assert "API input validation failed" in caplog.text
    assert len(caplog.text) < 700


def test_errors_may_be_objects_or_plain_text() -> None:
    """FACTS 1.6: some errors are objects, some plain text with another type; the status is what counts."""
    objects = Answer({"errors": [{"status": "400", "title": "Bad", "detail": "…"}]}, 400)
    text = Answer(b"Event too far in the past", 400, {"content-type": "text/plain"})
    for answer in (objects, text):
        with serving(answer) as vendor:
            assert failing(vendor).kind == "bad_request"


def test_a_short_rate_limit_is_waited_for_once() -> None:
    """FACTS 1.4: X-RateLimit-Reset says how many seconds; after them the answer comes."""
    with serving(limited("1"), GOOD) as vendor:
        assert rate(fetch(vendor, clock=seconds())).values == (98,)
    assert len(vendor.asked) == 2


def test_a_second_rate_limit_is_not_waited_for() -> None:
    """At most one pause: others use up the limit too."""
    with serving(limited("1")) as vendor:
        error = failing(vendor, clock=seconds())
    assert (error.kind, error.said, len(vendor.asked)) == ("rate_limited", "asks us to wait 1 s", 2)


@pytest.mark.parametrize(
    ("reset", "said"),
    [
        ("40", "asks us to wait 40 s"),
        ("3600", "asks us to wait 60 min"),
        (None, "asks us to wait"),
        ("soon", "asks us to wait"),
        ("-1", "asks us to wait"),
        ("9" * 40, "asks us to wait"),
    ],
)
def test_a_long_or_odd_rate_limit_is_told_at_once(reset: str | None, said: str) -> None:
    """FACTS 1.5: the client would sleep for as long as the header says; a pause that does not fit is not begun."""
    with serving(limited(reset)) as vendor:
        error = failing(vendor)
    assert (error.kind, error.said, len(vendor.asked)) == ("rate_limited", said, 1)


@pytest.mark.parametrize("passing", [Answer(b"<html>bad gateway", 502), Answer({}, 500), Answer({}, 408), HANG_UP])
def test_a_failure_that_passes_is_asked_again(passing: Answer) -> None:
    """A query is a read: 5xx, 408 and a lost connection are asked again."""
    with serving(passing, GOOD) as vendor:
        assert rate(fetch(vendor)).values == (98,)
    assert len(vendor.asked) == 2


def test_a_failure_that_stays_ends_after_three_attempts() -> None:
    """Attempts are counted: a broken Datadog is not asked for ever."""
    with serving(Answer({}, 503)) as vendor:
        error = failing(vendor)
    assert (error.kind, error.said, len(vendor.asked)) == ("unavailable", "answered with an error of its own (503)", 3)


def test_a_server_that_hangs_up_broke_off() -> None:
    """FACTS 1.5: connection failures are no ApiException; they are translated too."""
    with serving(HANG_UP) as vendor:
        error = failing(vendor)
    assert (error.kind, error.said, len(vendor.asked)) == ("unavailable", "broke off its answer", 3)


def test_nobody_listening_is_unreachable() -> None:
    """A refused connection is said in words."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        error = failing(Vendor([], url=f"http://127.0.0.1:{nobody.getsockname()[1]}"))
    assert (error.kind, error.said) == ("unavailable", "could not be reached")


def test_a_server_without_tls_is_unreachable() -> None:
    """https to a port that speaks plain HTTP is a failed connection, not a crash."""
    with serving(GOOD) as vendor:
        error = failing(Vendor([], url=vendor.url.replace("http:", "https:")))
    assert (error.kind, error.said) == ("unavailable", "could not be reached over TLS")


def test_silence_ends_with_the_time_given() -> None:
    """FACTS 1.5: the client's own timeout is none; ours holds, and a question that timed out is not asked again."""
    with serving(Answer(after_s=2)) as vendor:
        start = time.monotonic()
        error = failing(vendor, timeout_s=0.3)
    assert (error.kind, error.said, len(vendor.asked)) == ("timeout", "did not answer in 0.3 s", 1)
    assert time.monotonic() - start < 1.5


def test_a_trickle_ends_with_the_time_given() -> None:
    """A byte now and then keeps every socket timeout away; the deadline ends it all the same."""
    with serving(Answer(b" " * 100, every_s=0.05)) as vendor:
        start = time.monotonic()
        error = failing(vendor, timeout_s=0.3)
    assert (error.kind, error.said) == ("timeout", "did not answer in 0.3 s")
    assert time.monotonic() - start < 1.0


@pytest.mark.parametrize(
    "body",
    [
        b"<!doctype html><title>Sign in</title>",
        GOOD.raw()[:-20],
        b"",
        b"\xff\xfe\x00",
        b"null",
        b'"text"',
        b"[" * 100_000,
        b"NaN",
        b"1" * 5000,
    ],
)
def test_what_is_no_answer_is_said_to_be_unreadable(body: bytes) -> None:
    """HTML, truncated or deeply nested JSON, bytes that are no text: a 200 is not believed."""
    with serving(Answer(body)) as vendor:
        error = failing(vendor)
    assert (error.kind, error.said, len(vendor.asked)) == ("bad_answer", "sent an answer that paybot cannot read", 1)


def test_a_body_shorter_than_announced_was_broken_off() -> None:
    """Half an answer is a failed connection, however good its first half."""
    with serving(Answer(GOOD.raw(), length=10_000), GOOD) as vendor:
        assert rate(fetch(vendor)).values == (98,)


def test_a_bomb_is_not_unpacked() -> None:
    """100 MB of zeros in 100 kB of gzip are given up at 20 MB; so is plain text of that size."""
    bomb = Answer(gzip.compress(bytes(100_000_000), 1), headers={"content-encoding": "gzip"})
    with serving(bomb) as vendor:
        error = failing(vendor)
    assert (error.kind, error.said) == ("bad_answer", "sent more than 20 MB, which is no answer")


def test_broken_gzip_is_unreadable() -> None:
    """A body that is not what its encoding says."""
    with serving(Answer(b"not gzip", headers={"content-encoding": "gzip"})) as vendor:
        assert failing(vendor).kind == "bad_answer"


def test_a_large_error_page_is_bounded_too() -> None:
    """The client itself would read an error page of any size."""
    with serving(Answer(gzip.compress(bytes(30_000_000), 1), 500, {"content-encoding": "gzip"})) as vendor:
        assert failing(vendor).said == "sent more than 20 MB, which is no answer"


def test_a_redirect_is_not_followed() -> None:
    """Our keys go to nobody else."""
    with serving(GOOD) as elsewhere, serving(Answer({}, 302, {"location": elsewhere.url})) as vendor:
        error = failing(vendor)
    assert (error.kind, elsewhere.asked) == ("bad_answer", [])


def test_a_key_that_no_header_may_hold_is_said_without_showing_it() -> None:
    """A key with a line break never leaves the process, not even in a message."""
    with serving(GOOD) as vendor, pytest.raises(SourceError) as error:
        DatadogMetrics(Datadog(api_key="secret\nkey", app_key="b", host=vendor.url), lambda: NOON).fetch(
            {"rate": RATE}, window(), "prod", 5
        )
    assert error.value.kind == "denied"
    assert "secret" not in error.value.said


def test_a_connection_that_failed_half_way_is_not_used_again() -> None:
    """After a bomb the next question gets its own answer, not the rest of the last one."""
    bomb = Answer(bytes(30_000_000))
    with serving(bomb, GOOD) as vendor:
        source = DatadogMetrics(Datadog(api_key="a", app_key="b", host=vendor.url), lambda: NOON)
        with pytest.raises(SourceError):
            source.fetch({"rate": RATE}, window(), "prod", 5)
        assert rate(source.fetch({"rate": RATE}, window(), "prod", 5)).values == (98,)


def test_probe_tells_a_bad_key_from_a_bad_application_key() -> None:
    """The API key is good, the application key is not: the probe fails with the second request."""
    with serving(Answer({"valid": True}), Answer({"errors": ["Forbidden"]}, 403)) as vendor:
        source = DatadogMetrics(Datadog(api_key="a", app_key="b", host=vendor.url), lambda: NOON)
        with pytest.raises(SourceError, match="refused our keys"):
            source.probe(5)
    assert [asked.path for asked in vendor.asked] == ["/api/v1/validate", "/api/v2/query/timeseries"]


def test_a_probe_of_events_is_a_search() -> None:
    """Keys that may not read events are found out."""
    with serving(Answer({"errors": ["Forbidden"]}, 403)) as vendor, pytest.raises(SourceError) as error:
        DatadogEvents(Datadog(api_key="a", app_key="b", host=vendor.url), lambda: NOON).probe(5)
    assert error.value.kind == "denied"
