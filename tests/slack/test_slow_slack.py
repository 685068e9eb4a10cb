"""A Slack that is slow or says nothing: acknowledgements do not wait for it, and no call waits for ever."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import pytest

from bot.answer import Analyst
from bot.config import Answers, Config, Slack
from bot.observe import Metrics
from bot.ports import ChatError
from bot.slack.delivery import Delivery
from bot.slack.desk import FrontDesk
from bot.slack.messages import Message
from bot.slack.posting import Posting
from bot.work import Pool
from tests.bot.test_answer import sources
from tests.fakes import NOW, FakeRenderer
from tests.slack.socket_slack import FakeSlack, envelope, hearing
from tests.slack.wire import command

SLOW_S = 2.9
POSTED = b'{"ok": true, "channel": "C0HOME", "ts": "1.000001", "user": {"tz": "UTC"}}'


@contextmanager
def slow_slack(pause_s: float, status: int = 200, drop_s: float = 0.0) -> Iterator[str]:
    """The base URL of a Web API that takes every call, and answers it after that time or when the block ends.

    With `drop_s` an answer comes byte by byte, so far apart.
    """
    over = Event()

    class Api(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            over.wait(pause_s)
            self.send_response(status)
            self.send_header("Content-Length", str(len(POSTED)))
            self.end_headers()
            for byte in POSTED if drop_s else ():
                self.wfile.write(bytes((byte,)))
                over.wait(drop_s)
            self.wfile.write(POSTED if not drop_s else b"")

        def log_message(self, *_: object) -> None:
            """Keeps quiet."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Who asked has gone, which is the point."""

    server = Server(("127.0.0.1", 0), Api)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/api/"
    over.set()
    server.shutdown()
    server.server_close()


def delivery_to(api_url: str) -> Delivery:
    return Delivery(Slack(bot_token="xoxb-planted", home_channel="C0HOME", api_url=api_url))


def timed(call: Callable[[], object]) -> tuple[str, float]:
    """How it ended, and the seconds it took."""
    begun = time.monotonic()
    try:
        call()
    except ChatError as error:
        return error.code, time.monotonic() - begun
    return "ok", time.monotonic() - begun


def test_calls_have_a_limit_and_what_is_only_slow_is_waited_for() -> None:
    """A post, an edit and a private line that meet silence end in 5 s, unrepeated; an answer after 2.9 s is an answer."""
    with slow_slack(60) as silent_url, slow_slack(SLOW_S) as slow_url, ThreadPoolExecutor() as at_once:
        silent, slow, message = delivery_to(silent_url), delivery_to(slow_url), Message("x")
        given_up = [
            at_once.submit(timed, lambda: silent.post("C0HOME", message)),
            at_once.submit(timed, lambda: silent.update("C0HOME", "1.1", message)),
            at_once.submit(timed, lambda: silent.respond(f"{silent_url}respond", "x")),
        ]
        waited_for = at_once.submit(timed, lambda: slow.post("C0HOME", message))
        assert waited_for.result()[0] == "ok"
        for call in given_up:
            code, took_s = call.result()
            assert code == "timeout"
            assert took_s < 6


@pytest.mark.parametrize("status", [200, 500])
def test_an_answer_that_trickles_in_is_given_up_too(status: int) -> None:
    """Each byte comes within the limit of a step; the whole of it does not."""
    with slow_slack(0, status, drop_s=0.4) as url, ThreadPoolExecutor() as at_once:
        slack, message = delivery_to(url), Message("x")
        calls = [
            at_once.submit(timed, lambda: slack.post("C0HOME", message)),
            at_once.submit(timed, lambda: slack.update("C0HOME", "1.1", message)),
            at_once.submit(timed, lambda: slack.respond(f"{url}respond", "x")),
        ]
        for call in calls:
            code, took_s = call.result()
            assert code == "timeout"
            assert took_s < 7


def test_acknowledgements_do_not_wait_for_slack_s_api() -> None:
    """Thirty commands while every call hangs: each is acknowledged in a fraction of Slack's 3 s."""
    slack, metrics = FakeSlack(), Metrics()
    with slow_slack(60) as api_url:
        delivery, pool = delivery_to(api_url), Pool(2, 4, 2)
        analyst = Analyst(sources(), FakeRenderer(), Answers(), metrics)
        desk = FrontDesk(Config(timezone="UTC"), analyst, delivery, Posting(delivery, "C0HOME", True), pool, metrics, lambda: NOW)
        with hearing(slack, desk):
            connection = slack.connection()
            slowest = 0.0
            for number in range(30):
                begun = time.monotonic()
                connection.send(envelope("slash_commands", command(user_id=f"U{number:03}"), f"e{number}"))
                assert slack.acknowledgement()["envelope_id"] == f"e{number}"
                slowest = max(slowest, time.monotonic() - begun)
        assert slowest < 0.5
    pool.stop(0)
    desk.stop(0)
    analyst.stop()
