"""Heartbeats over real HTTP: they come while all is well, stop when it is not, and come again."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bot.heartbeat import Heartbeat

SECRET = "a3f1c0ffee-4711"


@dataclass
class Listener:
    """Whoever misses the beats; counts them, and answers as it is told."""

    beats: list[str] = field(default_factory=list)
    status: int = 200
    location: str = ""
    trickles: bool = False
    let_go: threading.Event = field(default_factory=threading.Event)
    url: str = ""


@contextmanager
def listening(listener: Listener) -> Iterator[Listener]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            listener.beats.append(self.path)
            while listener.trickles and not listener.let_go.wait(0.01):
                self.wfile.write(b"H")
            self.send_response(listener.status)
            if listener.location:
                self.send_header("Location", listener.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    listener.url = f"http://127.0.0.1:{server.server_port}/ping/{SECRET}"
    try:
        yield listener
    finally:
        listener.let_go.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening(Listener()) as made:
        yield made


@dataclass
class Well:
    """What is wrong now; and what came of the beats."""

    wrong: str = ""
    outcomes: list[str] = field(default_factory=list)

    def __call__(self) -> str:
        return self.wrong


@contextmanager
def beating(listener: Listener, well: Callable[[], str], outcomes: list[str], limit_s: float = 2.0) -> Iterator[Heartbeat]:
    beat = Heartbeat(listener.url, well, outcomes.append, every_s=0.05, look_s=0.01, limit_s=limit_s)
    beat.start()
    try:
        yield beat
    finally:
        beat.stop()


def until(holds: Callable[[], bool], limit_s: float = 5.0) -> None:
    end = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_beats_come_stop_when_something_is_wrong_and_come_again(listener: Listener) -> None:
    """The silence is the alarm: not one beat while anything is not well."""
    well = Well()
    with beating(listener, well, well.outcomes) as beat:
        until(lambda: len(listener.beats) >= 3)
        well.wrong = "not ready: store"
        until(lambda: "silent" in well.outcomes)
        heard = len(listener.beats)
        until(lambda: well.outcomes.count("silent") >= 10)
        assert len(listener.beats) == heard
        assert beat.said == "silent: not ready: store"
        well.wrong = ""
        until(lambda: len(listener.beats) > heard)
        until(lambda: beat.said == "ok")
    assert set(well.outcomes) == {"ok", "silent"}


def test_the_first_beat_does_not_wait_for_its_turn(listener: Listener) -> None:
    """What is not well at the start is looked at again soon, not at the next beat's time."""
    well = Well("no tick was done yet")
    beat = Heartbeat(listener.url, well, well.outcomes.append, every_s=3600, look_s=0.01)
    beat.start()
    until(lambda: "silent" in well.outcomes)
    well.wrong = ""
    until(lambda: bool(listener.beats))
    beat.stop()


def test_a_refusing_address_is_counted_and_its_secret_is_not_told(listener: Listener, caplog: pytest.LogCaptureFixture) -> None:
    """The log says what was wrong, never where."""
    listener.status = 503
    well = Well()
    with caplog.at_level(logging.WARNING), beating(listener, well, well.outcomes):
        until(lambda: well.outcomes.count("failed") >= 2)
    assert "status 503" in caplog.text
    assert SECRET not in caplog.text


def test_no_other_host_is_asked(listener: Listener) -> None:
    """A redirect away from the address is a failure, and the other host hears nothing."""
    with listening(Listener()) as other:
        listener.status, listener.location = 302, other.url
        well = Well()
        with beating(listener, well, well.outcomes):
            until(lambda: well.outcomes.count("failed") >= 2)
    assert other.beats == []


def test_an_address_that_trickles_holds_nothing_up(listener: Listener) -> None:
    """After its limit the beat has failed though bytes still come, and no second one hangs beside the first."""
    listener.trickles = True
    well = Well()
    with beating(listener, well, well.outcomes, limit_s=0.1):
        until(lambda: well.outcomes.count("failed") >= 3)
    assert len(listener.beats) == 1


def test_a_check_that_fails_is_no_beat(listener: Listener) -> None:
    """Whether all is well is not known then."""
    outcomes: list[str] = []

    def broken() -> str:
        raise ZeroDivisionError

    with beating(listener, broken, outcomes):
        until(lambda: len(outcomes) >= 2)
    assert set(outcomes) == {"silent"}
    assert listener.beats == []


def test_without_an_address_nothing_is_started() -> None:
    """And `/pay status` says so."""
    beat = Heartbeat("", lambda: "")
    beat.start()
    beat.stop()
    assert beat.said == "not set up"


def test_a_start_is_no_alarm_in_the_log(listener: Listener, caplog: pytest.LogCaptureFixture) -> None:
    """Silence is told once beats have come, each kind of it once; a first minute without is as it must be."""
    well = Well("not ready: store")
    with caplog.at_level(logging.ERROR), beating(listener, well, well.outcomes):
        until(lambda: "silent" in well.outcomes)
        assert caplog.text == ""
        well.wrong = ""
        until(lambda: "ok" in well.outcomes)
        well.wrong = "not ready: socket"
        many = len(well.outcomes) + 5
        until(lambda: len(well.outcomes) >= many)
    assert [record.getMessage() for record in caplog.records] == ["no heartbeat is sent: not ready: socket"]
