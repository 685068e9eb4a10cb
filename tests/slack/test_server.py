"""The HTTP front, over real sockets: open from the first moment, guarded, and polite to whatever comes."""

from __future__ import annotations

import http.client
import json
import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any, NamedTuple

import pytest

from bot.inbox import Inbox
from bot.slack.guard import MAX_BODY, Guard, Headers
from bot.slack.server import EARLY, RESTARTING, STARTING, Front, Handler, Late, Reply, Server, catch_up, said
from tests.slack.wire import FORM, SECRET, command, form, headers_of, interactive, mention, press


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class FakeBolt:
    """Says "done" to every body and keeps it."""

    def __init__(self, bug: Exception | None = None) -> None:
        self.bodies: list[bytes] = []
        self.bug = bug

    def __call__(self, body: bytes, headers: Headers) -> Reply:
        self.bodies.append(body)
        if self.bug:
            raise self.bug
        return said(200, {"text": "done"})


@contextmanager
def serving(front: Front) -> Iterator[Server]:
    server = Server(front, "127.0.0.1", 0)
    server.start()
    try:
        yield server
    finally:
        server.stop(1.0)


def guarded() -> Front:
    return Front(Guard(SECRET, Inbox()))


def attached(bolt: Handler, *, draining: bool = False, ready: bool = True) -> Front:
    front = guarded()
    attach(front, bolt, draining=draining, ready=ready)
    return front


def attach(
    front: Front,
    bolt: Handler,
    *,
    draining: bool = False,
    ready: bool = True,
    late: Late = lambda body, reply: None,
) -> None:
    front.attach(
        ready=lambda: {"store": ready},
        metrics=lambda: b"acks_total 1\n",
        draining=lambda: draining,
        bolt_handler=bolt,
        late=late,
    )


def call(server: Server, verb: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    try:
        connection.request(verb, path, body, dict(headers or {}))
        answer = connection.getresponse()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def send(server: Server, body: bytes, content_type: str = FORM) -> Answer:
    return call(server, "POST", "/slack/events", body, headers_of(body, time.time(), content_type=content_type))


def raw(server: Server, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(4096), b""))


def test_a_signed_command_reaches_bolt_as_its_raw_bytes() -> None:
    """What Slack signed is what Bolt gets, and Bolt's answer goes back."""
    bolt, body = FakeBolt(), form(command())
    with serving(attached(bolt)) as server:
        answer = send(server, body)
    assert (answer.status, answer.json()) == (200, {"text": "done"})
    assert bolt.bodies == [body]


def test_a_forged_or_replayed_request_runs_nothing() -> None:
    """Both get a 401, and Bolt never sees them."""
    bolt, body = FakeBolt(), form(command())
    headers = headers_of(body, time.time())
    with serving(attached(bolt)) as server:
        answers = [call(server, "POST", "/slack/events", body, headers).status for _ in range(3)]
        forged = call(server, "POST", "/slack/events", body + b"x", headers)
    assert answers == [200, 401, 401]
    assert (forged.status, forged.json()) == (401, {"error": "wrong signature"})
    assert bolt.bodies == [body]


def test_a_signature_header_sent_twice_is_refused() -> None:
    """A proxy and we must not pick different ones of two signatures."""
    bolt, body = FakeBolt(), form(command())
    good = headers_of(body, time.time())
    lines = [
        *good.items(),
        ("x-slack-signature", good["x-slack-signature"]),
        ("content-length", str(len(body))),
        ("connection", "close"),
    ]
    head = "".join(f"{name}: {value}\r\n" for name, value in lines)
    with serving(attached(bolt)) as server:
        answer = raw(server, f"POST /slack/events HTTP/1.1\r\nhost: paybot\r\n{head}\r\n".encode() + body)
    assert answer.startswith(b"HTTP/1.1 401")
    assert not bolt.bodies


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"POST /slack/events HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n" % (MAX_BODY + 1), b"413"),
        (b"POST /slack/events HTTP/1.1\r\nx: ".ljust(16 * 1024, b"y"), b"431"),
        (b"POST /slack/events HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip\r\n\r\n", b"400"),
        (b"POST /slack/events HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),
        (b"POST /slack/events HTTP/1.1\r\nhost: a\r\nx-slack-signature: \xff\xfe\r\nconnection: close\r\n\r\n", b"401"),
    ],
)
def test_what_is_hardly_http_gets_a_4xx_in_json(request_bytes: bytes, status: bytes) -> None:
    """No bytes make a 5xx, and no answer names the server's software."""
    with serving(attached(FakeBolt())) as server:
        head, _, body = raw(server, request_bytes).partition(b"\r\n\r\n")
    assert head.split(b" ")[1] == status
    assert "error" in json.loads(body)
    assert b"server:" not in head.lower()
    assert b"waitress" not in head + body


def test_the_port_answers_before_the_bot_is_there() -> None:
    """Alive at once, ready only when everything is."""
    front = guarded()
    with serving(front) as server:
        assert call(server, "GET", "/healthz").status == 200
        before = call(server, "GET", "/readyz")
        attach(front, FakeBolt())
        after = call(server, "GET", "/readyz")
    assert (before.status, before.json()["ready"]) == (503, False)
    assert (after.status, after.json()) == (200, {"ready": True, "parts": {"store": True, "bot": True}})


def test_a_command_that_comes_too_early_is_acknowledged_and_done_once_the_bot_is_there() -> None:
    """The person reads at once that the answer follows, and it does; what the bot says to it is told late."""
    front, bolt, body = guarded(), FakeBolt(), form(command())
    told: SimpleQueue[tuple[bytes, Reply]] = SimpleQueue()
    with serving(front) as server:
        early = send(server, body)
        attach(front, bolt, late=lambda *what: told.put(what))
        about, reply = told.get(timeout=5)
    assert (early.status, early.json()["text"]) == (200, STARTING)
    assert (about, json.loads(reply.body), bolt.bodies) == (body, {"text": "done"}, [body])


def test_an_early_press_is_done_too_and_an_early_event_is_left_for_slack_to_bring_again() -> None:
    """Slack brings events again, presses never."""
    front, bolt = guarded(), FakeBolt()
    done: SimpleQueue[bytes] = SimpleQueue()
    pressed, event = interactive(press()), json.dumps(mention()).encode()
    with serving(front) as server:
        statuses = [send(server, pressed).status, send(server, event, "application/json").status]
        attach(front, bolt, late=lambda body, _: done.put(body))
        assert done.get(timeout=5) == pressed
    assert statuses == [200, 503]
    assert bolt.bodies == [pressed]


def test_early_requests_are_guarded_like_all_others() -> None:
    """A forged command is not kept for later."""
    front, bolt, body = guarded(), FakeBolt(), form(command())
    with serving(front) as server:
        assert call(server, "POST", "/slack/events", body + b"x", headers_of(body, time.time())).status == 401
        attach(front, bolt)
    assert bolt.bodies == []


def test_early_commands_are_bounded() -> None:
    """A start that hangs does not collect commands without end; people are asked to come again."""
    with serving(guarded()) as server:
        texts = [send(server, form(command())).json()["text"] for _ in range(EARLY + 1)]
    assert (texts[0], texts[-1]) == (STARTING, RESTARTING)


@pytest.mark.parametrize(
    ("verb", "path", "status"),
    [
        ("GET", "/", 404),
        ("POST", "/slack/events/", 404),
        ("GET", "/slack/events", 405),
        ("POST", "/healthz", 405),
        ("HEAD", "/healthz", 200),
        ("GET", "/readyz?verbose=1", 200),
        ("GET", "/metrics", 200),
    ],
)
def test_each_address_answers_its_verbs(verb: str, path: str, status: int) -> None:
    """What is not there is a 404, a verb that does not fit a 405; HEAD has no body."""
    with serving(attached(FakeBolt())) as server:
        answer = call(server, verb, path)
    assert answer.status == status
    assert bool(answer.body) == (verb != "HEAD")


def test_metrics_are_prometheus_text() -> None:
    """The scraper gets the text with its content type."""
    with serving(attached(FakeBolt())) as server:
        answer = call(server, "GET", "/metrics")
    assert answer.body == b"acks_total 1\n"
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")


def test_a_part_that_is_not_ready_is_named() -> None:
    """Not ready is a 503 that says why."""
    with serving(attached(FakeBolt(), ready=False)) as server:
        answer = call(server, "GET", "/readyz")
    assert (answer.status, answer.json()["parts"]["store"]) == (503, False)


def test_a_bot_that_ends_says_so_to_people_and_hands_events_back() -> None:
    """While draining, a command is answered in words and the rest is left for Slack to bring again."""
    bolt = FakeBolt()
    with serving(attached(bolt, draining=True)) as server:
        told, pressed = send(server, form(command())), send(server, interactive(press()))
        ready = call(server, "GET", "/readyz")
    assert (told.status, told.json()["text"]) == (200, RESTARTING)
    assert (pressed.status, ready.status) == (503, 503)
    assert not bolt.bodies


def test_without_http_mode_slack_has_no_address_here() -> None:
    """In Socket Mode health and metrics are served, and commands are not."""
    front = Front()
    front.attach(ready=dict, metrics=bytes)
    with serving(front) as server:
        assert send(server, form(command())).status == 404
        assert call(server, "GET", "/readyz").status == 200


def test_bolt_is_never_attached_unguarded() -> None:
    """A handler without a guard is a mistake in the program."""
    with pytest.raises(ValueError, match="unguarded"):
        Front().attach(ready=dict, metrics=bytes, bolt_handler=FakeBolt())


def test_a_bug_is_logged_once_under_the_reference_that_the_caller_gets(caplog: pytest.LogCaptureFixture) -> None:
    """A 500 tells nothing but a reference."""
    with serving(attached(FakeBolt(bug=KeyError("secret")))) as server, caplog.at_level(logging.ERROR):
        answer = send(server, form(command()))
    assert (answer.status, "secret" in str(answer.body)) == (500, False)
    assert caplog.text.count(answer.json()["reference"]) == 1


def test_a_port_in_use_is_an_oserror() -> None:
    """The command line can tell that somebody else has the port."""
    with serving(Front()) as server, pytest.raises(OSError, match="in use"):
        Server(Front(), "127.0.0.1", server.port).start()


def test_a_stop_lets_the_request_in_hand_finish_and_closes_the_port() -> None:
    """Nothing that was begun is cut off, and nobody new gets in."""
    begun, go_on, answers = threading.Event(), threading.Event(), []

    def slow(body: bytes, headers: Headers) -> Reply:
        begun.set()
        go_on.wait(5)
        return said(200, {"text": "done"})

    server = Server(attached(slow), "127.0.0.1", 0)
    server.start()
    caller = threading.Thread(target=lambda: answers.append(send(server, form(command()))))
    caller.start()
    assert begun.wait(5)
    threading.Timer(0.1, go_on.set).start()
    server.stop(5.0)
    caller.join(5)
    assert [answer.status for answer in answers] == [200]
    with pytest.raises(ConnectionRefusedError):
        call(server, "GET", "/healthz")


def test_the_front_loads_without_the_heavy_libraries() -> None:
    """The port can open before Bolt, matplotlib and the rest are imported."""
    heavy = ("slack_bolt", "slack_sdk", "matplotlib", "pydantic")
    code = f"import sys, bot.slack.server; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert found.stdout.strip() == "[]"


def test_what_came_early_is_taken_on_before_anybody_is_told() -> None:
    """A stop right after the start finds every early command in the pool, not behind slow private lines."""
    seen: list[str] = []

    def handle(body: bytes, _: Mapping[str, str]) -> Reply:
        seen.append("taken on")
        return Reply(200, (), body)

    catch_up([(b"1", {}), (b"2", {})], handle, lambda *_: seen.append("told"))
    assert seen == ["taken on", "taken on", "told", "told"]


def hearing(*, draining: bool = False) -> tuple[Front, list[bytes]]:
    """A front behind which PagerDuty is heard, and what it said."""
    bodies: list[bytes] = []

    def pager(body: bytes, headers: Headers) -> Reply:
        bodies.append(body)
        return said(202, {"signature": headers["x-pagerduty-signature"]})

    front = Front()
    front.attach(ready=dict, metrics=bytes, draining=lambda: draining, pager_handler=pager)
    return front, bodies


def test_a_pagers_webhook_reaches_its_handler_as_its_raw_bytes() -> None:
    """The signature is one of the bytes as they came; Slack's guard has no say in it."""
    front, bodies = hearing()
    with serving(front) as server:
        answer = call(server, "POST", "/webhooks/pagerduty", b'{ "event": 1}', {"X-PagerDuty-Signature": "v1=aa,v1=bb"})
        other = call(server, "GET", "/webhooks/pagerduty")
    assert (answer.status, answer.json()) == (202, {"signature": "v1=aa,v1=bb"})
    assert (bodies, other.status) == ([b'{ "event": 1}'], 405)


def test_a_pagers_webhook_that_comes_too_early_or_too_late_is_brought_again() -> None:
    """PagerDuty sends again for 48 hours what is answered with 503."""
    front, bodies = hearing(draining=True)
    with serving(front) as server:
        ending = call(server, "POST", "/webhooks/pagerduty", b"{}")
    with serving(guarded()) as server:
        starting = call(server, "POST", "/webhooks/pagerduty", b"{}")
    assert (ending.status, starting.status, bodies) == (503, 503, [])


def test_without_a_handler_pagers_have_no_address_here() -> None:
    """Nothing hears what nobody checks."""
    with serving(attached(FakeBolt())) as server:
        assert call(server, "POST", "/webhooks/pagerduty", b"{}").status == 404


def test_a_pagers_webhook_is_bounded_in_size() -> None:
    """As every request here."""
    front, bodies = hearing()
    request = b"POST /webhooks/pagerduty HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n" % (MAX_BODY + 1)
    with serving(front) as server:
        assert raw(server, request).startswith(b"HTTP/1.1 413")
    assert bodies == []
