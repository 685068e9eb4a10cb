"""A bot that only listens and answers by a script, and a small Slack served on loopback for it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import urllib3
from starlette.applications import Starlette

from sandbox.faults import Faults
from sandbox.serving import Serving
from sandbox.workspace import api, console, page
from sandbox.workspace.cast import DANA, HOME, Person
from sandbox.workspace.wire import Wire
from sandbox.workspace.workspace import Workspace

TOKEN, SECRET = "xoxb-for-tests", "signing-secret-for-tests"
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MISHAPS = [{"title": "Issuer outage", "at": NOON.timestamp() + 50_000}]
ENDS = "It is killed."
Json = dict[str, Any]
HTTP = urllib3.PoolManager(retries=False, timeout=10.0)


@dataclass(frozen=True, slots=True)
class Heard:
    """One request that came to the bot."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return {key: values[0] for key, values in parse_qs(self.body.decode(), keep_blank_values=True).items()}

    @property
    def payload(self) -> Json:
        """The payload of a press, or the event."""
        told: Json = json.loads(self.form["payload"] if self.body.startswith(b"payload=") else self.body)
        return told


@dataclass
class StubBot:
    """Answers each request with what `answer` gives: a status and a body."""

    answer: Callable[[Heard], tuple[int, bytes]] = lambda _: (200, b"")
    heard: list[Heard] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def hear(self, heard: Heard) -> tuple[int, bytes]:
        with self.arrived:
            self.heard.append(heard)
            self.arrived.notify_all()
        return self.answer(heard)

    def await_heard(self, count: int) -> list[Heard]:
        """What has been heard, once it is at least so much; fails after five seconds."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.heard) >= count, 5), f"heard only {len(self.heard)}"
            return list(self.heard)


@contextmanager
def listening(bot: StubBot) -> Iterator[str]:
    """Serves the bot; gives its URL."""

    class Ear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with suppress(ConnectionError):  # Slack does not wait for late answers
                self.answer(*bot.hear(Heard(dict(self.headers), body)))

        def answer(self, status: int, answer: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Tests print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Ear)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/slack/events"
    server.shutdown()
    server.server_close()


class FixedSwitches:
    """Switches that only remember."""

    def __init__(self) -> None:
        self.on: set[str] = set()
        self.kind = "ok"
        self.jumped_s = 0.0
        self.times = 1.0
        self.nightly = False
        self.bots = {1: True}
        self.alone = "PostgreSQL is not installed here."
        self.posted = 0

    def state(self) -> Json:
        kinds = [{"kind": kind, "title": kind} for kind in ("ok", "slow", "down")]
        return {
            "clock": {"now": NOON.timestamp() + self.jumped_s, "speed": self.times, "speeds": [1, 60]},
            "scenarios": [{"name": "outage", "title": "Outage", "does": "Cards are declined.", "on": "outage" in self.on}],
            "faults": [{"source": "datadog", "title": "Datadog", "kind": self.kind, "kinds": kinds}],
            "night": {"on": self.nightly, "until": NOON.timestamp() + 76_800, "mishaps": MISHAPS},
            "bots": [{"number": number, "title": f"paybot {number}", "on": on, "ends": ENDS} for number, on in self.bots.items()],
            "alone": self.alone,
        }

    def scenario(self, name: str, on: bool) -> None:
        if name != "outage":
            raise KeyError(name)
        (self.on.add if on else self.on.discard)(name)

    def fault(self, source: str, kind: str) -> None:
        if source != "datadog":
            raise KeyError(source)
        self.kind = kind

    def jump(self, seconds: float) -> None:
        self.jumped_s += seconds

    def speed(self, times: float) -> None:
        self.times = times

    def standup(self) -> str:
        self.posted += 1
        return "Posted." if self.posted == 1 else "Not posted: it has been posted already."

    def night(self, on: bool) -> None:
        self.nightly = on

    def bot(self, number: int, on: bool) -> None:
        self.bots = self.bots | {number: on}


class Pagers:
    """Pages that a test sets down, and what people did about them."""

    def __init__(self) -> None:
        self.pages: list[Json] = []
        self.handled: list[tuple[str, str, str, str]] = []

    def listed(self) -> list[Json]:
        return self.pages

    def handle(self, service: str, id_: str, action: str, by: Person) -> None:
        page = next((page for page in self.pages if (page["service"], page["id"]) == (service, id_)), None)
        if page is None:
            raise KeyError(id_)
        page["status"] = {"acknowledge": "acknowledged", "resolve": "resolved"}[action]
        self.handled.append((service, id_, action, by.id))


class SmallSlack:
    """A workspace on a loopback port, driven over HTTP as the bot and the page drive it. Its monotonic clock is `seconds`."""

    def __init__(self, bot: StubBot, bot_url: str, limit_s: float) -> None:
        self.bot = bot
        self.seconds = 1_000.0
        self.faults = Faults(latency_ms=0)
        self.switches = FixedSwitches()
        self.pagers = Pagers()
        wire = Wire(SECRET, lambda: NOON, limit_s)
        wire.urls = (bot_url,)
        self.workspace = Workspace(wire, lambda: NOON, token=TOKEN, seconds=lambda: self.seconds, retry_waits_s=(0, 0, 0))
        self.serving = Serving()
        self.url = self.serving.url
        routes = [
            *api.routes(self.workspace, self.faults),
            *console.routes(self.workspace, self.switches, self.pagers.listed, self.pagers.handle),
            *page.page_routes(),
            *page.file_routes(self.workspace),
        ]
        self.serving.start(Starlette(routes=routes), self.workspace.close)

    def call(self, method: str, *, token: str = TOKEN, **args: Any) -> Json:
        """A call of the Web API with a JSON body."""
        told: Json = self.raw(method, token=token, **args).json()
        return told

    def raw(self, method: str, *, token: str = TOKEN, **args: Any) -> urllib3.BaseHTTPResponse:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return HTTP.request("POST", f"{self.url}/slack/api/{method}", json=args, headers=headers)

    def post(self, **args: Any) -> Json:
        """A message of the bot, in #eng-commerce unless told otherwise."""
        return self.call("chat.postMessage", **({"channel": HOME.id, "text": "words"} | args))

    def do(self, path: str, *, headers: Mapping[str, str] | None = None, **body: Any) -> Json:
        """Something that the page does; `headers` are those that a browser would add."""
        told: Json = HTTP.request("POST", f"{self.url}/sandbox/{path}", json=body, headers=headers).json()
        return told

    def say(self, text: str, user: str = DANA.id, channel: str = HOME.id, thread_ts: str = "") -> Json:
        return self.do("say", user=user, channel=channel, text=text, thread_ts=thread_ts)

    def seen(self, user: str = DANA.id) -> list[Json]:
        """The messages that the person can see."""
        state = HTTP.request("GET", f"{self.url}/sandbox/state?user={user}").json()
        return list(state["messages"])

    def upload(self, name: str = "chart.png", content: bytes = b"\x89PNG") -> str:
        """Uploads a file and completes it; gives its ID. It is not ready yet."""
        asked = self.call("files.getUploadURLExternal", filename=name, length=len(content))
        HTTP.request("POST", asked["upload_url"], body=content)
        self.call("files.completeUploadExternal", files=json.dumps([{"id": asked["file_id"], "title": name}]))
        return str(asked["file_id"])


@contextmanager
def small_slack(bot: StubBot | None = None, limit_s: float = 3.0) -> Iterator[SmallSlack]:
    """A small Slack with a stub of a bot."""
    bot = bot or StubBot()
    with listening(bot) as url:
        slack = SmallSlack(bot, url, limit_s)
        try:
            yield slack
        finally:
            slack.serving.stop()


def plain(message: Json) -> str:
    """What a message's text reads like."""
    return "".join(span["text"] for span in message["text"])
