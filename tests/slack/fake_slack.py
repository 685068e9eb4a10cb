"""A small scripted Slack over real HTTP on loopback: keeps every call, answers as told, else as Slack does when all is well."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

WELL: Mapping[str, Mapping[str, Any]] = {
    "auth.test": {"user_id": "U0BOT", "team_id": "T1", "bot_id": "B1"},
    "users.info": {"user": {"tz": "Europe/Berlin"}},
    "files.completeUploadExternal": {"files": [{"id": "F0123ABCDE", "permalink": "https://slack.example/f"}]},
    "files.info": {"file": {"mimetype": "image/png", "permalink": "https://slack.example/f"}},
    "chat.postMessage": {"channel": "C1", "ts": "1.000001"},
    "chat.getPermalink": {"permalink": "https://slack.example/p1"},
}


@dataclass(frozen=True)
class Call:
    """What arrived: the method, its fields (bytes of an upload under "content"), when by the test's clock, and its token."""

    method: str
    fields: Mapping[str, Any]
    at: float
    token: str


@dataclass(frozen=True)
class Reply:
    """What is answered; `drop` takes the call and closes the connection without a word."""

    status: int = 200
    body: bytes | Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False


def error(code: str, **more: object) -> Reply:
    return Reply(body={"ok": False, "error": code, **more})


def slow_down(**headers: str) -> Reply:
    """A 429; Retry_After="1" becomes the header of that name."""
    return Reply(429, {"ok": False, "error": "ratelimited"}, {name.replace("_", "-"): value for name, value in headers.items()})


NOT_READY = error(
    "invalid_blocks", response_metadata={"messages": ["[ERROR] invalid slack file [json-pointer:/blocks/1/slack_file]"]}
)


class Clock:
    """Time that passes only where somebody sleeps."""

    def __init__(self) -> None:
        self.at = 1_000.0

    def now(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds


class FakeSlack:
    """`script[method]` holds the answers still to give, first one first."""

    def __init__(self, url: str, clock: Clock) -> None:
        self.url = url
        self.clock = clock
        self.calls: list[Call] = []
        self.script: dict[str, list[Reply]] = {}

    def made(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    def answer(self, call: Call) -> Reply:
        self.calls.append(call)
        if waiting := self.script.get(call.method):
            return waiting.pop(0)
        if call.method == "files.getUploadURLExternal":
            return Reply(body={"ok": True, "upload_url": f"{self.url}upload", "file_id": "F0123ABCDE"})
        return Reply(body={"ok": True, **WELL.get(call.method, {})})


@contextmanager
def fake_slack() -> Iterator[FakeSlack]:
    """A Slack of one's own for the length of a test."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.slack = FakeSlack(f"http://127.0.0.1:{server.server_port}/api/", Clock())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.slack
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


class _Server(ThreadingHTTPServer):
    slack: FakeSlack


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        slack = self.server.slack
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        token = self.headers.get("Authorization", "")
        reply = slack.answer(Call(self.path.rsplit("/", 1)[1], self._fields(raw), slack.clock.at, token))
        if reply.drop:
            self.close_connection = True
            return
        body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        for name, value in {"Content-Length": str(len(body)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _fields(self, raw: bytes) -> Mapping[str, Any]:
        kind = self.headers.get("Content-Type", "").partition(";")[0]
        if kind == "application/json":
            return dict(json.loads(raw or b"{}"))
        return dict(parse_qsl(raw.decode())) if kind == "application/x-www-form-urlencoded" else {"content": raw}

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""
