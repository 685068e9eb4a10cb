"""Slack's side of Socket Mode on loopback: real HTTP for the address, real WebSockets for the envelopes, and a proxy between."""

from __future__ import annotations

import json
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from bot.inbox import Inbox
from bot.slack.heard import Alerts, Desk
from bot.slack.identity import Identity
from bot.slack.line import Times
from bot.slack.listeners import make_app
from bot.slack.socket import Socket

HELLO = {"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A0PAY"}}
QUICK = Times(watch=0.05, drain=0.2, longest_pause=0.3)


class FakeSlack:
    """Gives out the address of its WebSocket, says `hello` on it, and keeps what it is asked and told.

    While `away` no address is given; `stalls` is how many requests for one get no answer. Every edit of a message comes back as
    an envelope on the newest connection, unless `deaf`.
    """

    def __init__(self) -> None:
        self.away = False
        self.stalls = 0
        self.busy_s = 0  # of a 429 that the next request gets
        self.deaf = False
        self.hello: dict[str, Any] = HELLO
        self.through: Callable[[str], str] = lambda address: address
        self.asked: list[str] = []  # the Authorization of each apps.connections.open
        self.asked_at: list[float] = []
        self.connections: queue.Queue[ServerConnection] = queue.Queue()
        self.told: queue.Queue[dict[str, Any]] = queue.Queue()
        self.open: list[ServerConnection] = []
        self.most_open = 0
        self.goodbyes: list[int] = []  # the close codes that came
        self.ended = threading.Event()

    def reply(self, method: str, authorization: str, address: str) -> tuple[int, dict[str, Any], dict[str, str]]:
        if method == "chat.postMessage":
            return 200, {"ok": True, "channel": "C0PROBE", "ts": "1.000001"}, {}
        if method == "chat.update":
            self._echo()
            return 200, {"ok": True, "channel": "C0PROBE", "ts": "1.000001"}, {}
        self.asked.append(authorization)
        self.asked_at.append(time.monotonic())
        if self.busy_s:
            busy_s, self.busy_s = self.busy_s, 0
            return 429, {"ok": False, "error": "ratelimited"}, {"Retry-After": str(busy_s)}
        if self.stalls:
            self.stalls -= 1
            self.ended.wait(10)
        return 200, {"ok": False, "error": "internal_error"} if self.away else {"ok": True, "url": self.through(address)}, {}

    def talk(self, connection: ServerConnection) -> None:
        self.open.append(connection)
        self.most_open = max(self.most_open, len(self.open))
        try:
            connection.send(json.dumps(self.hello))
            self.connections.put(connection)
            for message in connection:
                self.told.put(json.loads(message))
            self.goodbyes.append(connection.close_code or 0)
        except ConnectionClosed:
            return
        finally:
            self.open.remove(connection)

    def connection(self) -> ServerConnection:
        return self.connections.get(timeout=10)

    def acknowledgement(self) -> dict[str, Any]:
        return self.told.get(timeout=10)

    def _echo(self) -> None:
        event = {"type": "message", "subtype": "message_changed", "channel": "C0PROBE", "ts": "1.1", "message": {"text": "…"}}
        payload = {"type": "event_callback", "event_id": f"Ev{time.monotonic_ns()}", "team_id": "T0SHOP", "event": event}
        if not self.deaf and self.open:
            with suppress(ConnectionClosed):
                self.open[-1].send(envelope("events_api", payload, f"echo{time.monotonic_ns()}"))


@contextmanager
def at_slack(slack: FakeSlack) -> Iterator[str]:
    """The base URL of a running FakeSlack's Web API."""

    class Api(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, answer, headers = slack.reply(self.path.rpartition("/")[2], self.headers["Authorization"], address)
            body = json.dumps(answer).encode()
            with suppress(OSError):  # who asked may be gone
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keeps quiet."""

    with serve(slack.talk, "127.0.0.1", 0, close_timeout=0.1) as sockets, ThreadingHTTPServer(("127.0.0.1", 0), Api) as api:
        address = f"ws://127.0.0.1:{sockets.socket.getsockname()[1]}/link?ticket=1"
        threading.Thread(target=sockets.serve_forever, daemon=True).start()
        threading.Thread(target=api.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{api.server_port}/api/"
        slack.ended.set()
        api.shutdown()


@contextmanager
def hearing(
    slack: FakeSlack,
    desk: Desk,
    *,
    alerts: Alerts | None = None,
    times: Times = QUICK,
    echo: Callable[[str], Callable[[], bool]] | None = None,
    **more: Any,
) -> Iterator[Socket]:
    """A bot that hears this Slack; `echo` makes the echo, from the Web API's base URL."""
    app = make_app(desk, Inbox(), lambda: Identity("U0PAYBOT", "B0PAYBOT", "T0SHOP"), alerts)
    with at_slack(slack) as api_url:
        bot = Socket(app, "xapp-planted", api_url, times=times, echo=echo(api_url) if echo else None, **more)
        bot.start()
        try:
            yield bot
        finally:
            bot.stop(1.0)


class Proxy:
    """Passes bytes on between Slack and the bot, until `swallow`: then what is open stays open and hears nothing, either way."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._swallowed: list[threading.Event] = []

    def address(self, real: str) -> str:
        """The same address, by way of the proxy."""
        port = real.split(":")[2].partition("/")[0]
        threading.Thread(target=self._pass_one, args=(int(port),), daemon=True).start()
        return real.replace(port, str(self._server.getsockname()[1]))

    def swallow(self) -> None:
        """From now on the connections that are open are black holes; later ones are not."""
        for swallowed in self._swallowed:
            swallowed.set()

    def _pass_one(self, port: int) -> None:
        near, _ = self._server.accept()
        far = socket.create_connection(("127.0.0.1", port))
        swallowed = threading.Event()
        self._swallowed.append(swallowed)
        for source, target in ((near, far), (far, near)):
            threading.Thread(target=self._pump, args=(source, target, swallowed), daemon=True).start()

    @staticmethod
    def _pump(source: socket.socket, target: socket.socket, swallowed: threading.Event) -> None:
        with suppress(OSError):
            while some := source.recv(4096):
                if not swallowed.is_set():
                    target.sendall(some)
            if not swallowed.is_set():
                target.shutdown(socket.SHUT_WR)


def envelope(kind: str, payload: dict[str, Any], number: str = "e1") -> str:
    return json.dumps(
        {"envelope_id": number, "type": kind, "payload": payload, "accepts_response_payload": kind == "slash_commands"}
    )


def within(seconds: float, true: Callable[[], bool]) -> bool:
    """Whether it comes true in that time; asked again and again."""
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return true()
