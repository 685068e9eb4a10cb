"""A small scripted Slack over real HTTP on loopback: keeps calls and messages, answers as told, else as when all is well."""

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
    """What is answered; `drop` takes the call and closes the connection without a word, `accepted` does what was asked first."""

    status: int = 200
    body: bytes | Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False
    accepted: bool = False


@dataclass
class Kept:
    """A message as it stands, and how often it was edited."""

    channel: str
    ts: str
    thread_ts: str
    fields: Mapping[str, Any]
    edits: int = 0

    @property
    def text(self) -> str:
        return str(self.fields["text"])

    @property
    def blocks(self) -> list[dict[str, Any]]:
        return list(self.fields.get("blocks", ()))

    def as_heard(self) -> dict[str, Any]:
        """As history tells it, with its metadata."""
        thread = {"thread_ts": self.thread_ts} if self.thread_ts else {}
        return {"type": "message", "ts": self.ts, "text": self.text, **thread, "metadata": self.fields.get("metadata", {})}


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
    """`script[method]` holds the answers still to give, first one first; `refuses[channel]` the code of one that takes nothing.

    `second` is when messages arrive, in the whole seconds of their ts; `page` how many a look-up gives at most.
    """

    def __init__(self, url: str, clock: Clock) -> None:
        self.url = url
        self.clock = clock
        self.calls: list[Call] = []
        self.script: dict[str, list[Reply]] = {}
        self.refuses: dict[str, str] = {}
        self.messages: list[Kept] = []
        self.gone: set[str] = set()
        self.second = 1
        self.page = 100
        self._posted = 0

    def made(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    def remove(self, ts: str) -> None:
        """Somebody deletes a message."""
        self.messages = [kept for kept in self.messages if kept.ts != ts]
        self.gone.add(ts)

    def answer(self, call: Call) -> Reply:
        self.calls.append(call)
        if waiting := self.script.get(call.method):
            reply = waiting.pop(0)
            if reply.accepted:
                self._well(call)
            return reply
        return self._well(call)

    def _well(self, call: Call) -> Reply:
        ways = {
            "chat.postMessage": self._post,
            "chat.update": self._update,
            "chat.delete": self._delete,
            "conversations.history": self._history,
            "conversations.replies": self._replies,
        }
        if call.method in ways:
            refused = self.refuses.get(str(call.fields["channel"]))
            return error(refused) if refused else ways[call.method](call)
        if call.method == "files.getUploadURLExternal":
            return Reply(body={"ok": True, "upload_url": f"{self.url}upload", "file_id": "F0123ABCDE"})
        return Reply(body={"ok": True, **WELL.get(call.method, {})})

    def _post(self, call: Call) -> Reply:
        self._posted += 1
        ts, channel = f"{self.second}.{self._posted:06}", str(call.fields["channel"])
        self.messages.append(Kept(channel, ts, str(call.fields.get("thread_ts", "")), call.fields))
        return Reply(body={"ok": True, "channel": channel, "ts": ts})

    def _update(self, call: Call) -> Reply:
        if call.fields["ts"] in self.gone:
            return error("message_not_found")
        for kept in self.messages:
            if kept.ts == call.fields["ts"]:
                kept.fields, kept.edits = {"metadata": kept.fields.get("metadata", {}), **call.fields}, kept.edits + 1
        return Reply(body={"ok": True, "channel": call.fields["channel"], "ts": call.fields["ts"]})

    def _delete(self, call: Call) -> Reply:
        if call.fields["ts"] in self.gone:
            return error("message_not_found")
        self.remove(str(call.fields["ts"]))
        return Reply(body={"ok": True})

    def _history(self, call: Call) -> Reply:
        """Newest first, a page at a time, each begun before the `latest` that is named."""
        latest = float(call.fields.get("latest", "inf"))
        there = [
            kept.as_heard()
            for kept in reversed(self._there(call))
            if not kept.thread_ts and float(call.fields["oldest"]) < float(kept.ts) < latest
        ]
        return Reply(body={"ok": True, "messages": there[: self.page], "has_more": len(there) > self.page})

    def _replies(self, call: Call) -> Reply:
        """Oldest first, the thread's first message too; the cursor counts."""
        thread = call.fields["ts"]
        there = [kept.as_heard() for kept in self._there(call) if thread in (kept.ts, kept.thread_ts)]
        if not there:
            return error("thread_not_found")
        first = int(call.fields.get("cursor", "0"))
        end = first + self.page
        more = {"has_more": True, "response_metadata": {"next_cursor": str(end)}} if len(there) > end else {"has_more": False}
        return Reply(body={"ok": True, "messages": there[first:end], **more})

    def _there(self, call: Call) -> list[Kept]:
        assert call.fields["include_all_metadata"] == "true"
        return [kept for kept in self.messages if kept.channel == call.fields["channel"]]


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
