"""Slack, PagerDuty and Opsgenie as far as alerts need them, with a ledger of all they accepted, and faults by the dice.

They run in the process that judges, never in one that is killed. What was accepted may still lose its reply, or be answered as
if it had failed: then only looking tells; and what lost its reply may stand a while later than it was accepted.
"""

from __future__ import annotations

import itertools
import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN, CHANNEL = "xoxb-crash", "C0CRASH0001"
ACCEPTING = frozenset({"chat.postMessage", "chat.update", "enqueue", "alerts"})  # calls that may be taken and yet look failed
PACE_S = 1.0  # between two messages of a channel


@dataclass
class Message:
    """A message as it stands: posted `at`, seen from `since` on; `blocks` are all its blocks as one text."""

    ts: str
    text: str
    key: str
    thread_ts: str = ""
    blocks: str = ""
    at: float = 0.0
    since: float = 0.0
    deleted: bool = False

    def stands(self) -> bool:
        return not self.deleted and self.since <= time.time()


@dataclass
class World:
    """What the vendors hold. `dropped` and `failed` are the shares of accepted calls whose reply is lost or says 500.

    Half of the messages whose reply is lost stand `late_s` later; a reply takes up to `slow_s`; `paced`: Slack takes one message
    a second, and counts in `early` who did not wait for as long as it had said.
    """

    seed: int = 1
    dropped: float = 0.0
    failed: float = 0.0
    late_s: float = 0.0
    slow_s: float = 0.0
    paced: bool = False
    early: int = 0
    down: frozenset[str] = frozenset()
    messages: list[Message] = field(default_factory=list)
    events: list[tuple[float, str, str]] = field(default_factory=list)  # PagerDuty: when, action, deduplication key
    alerts: list[tuple[str, str]] = field(default_factory=list)  # Opsgenie: action, alias
    calls: list[tuple[float, str]] = field(default_factory=list)
    url: str = ""
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)
        self._numbers = itertools.count(1)
        self._free = 0.0  # when the channel takes the next message
        self._asked = 0.0  # until when it asked to wait

    def fate(self, method: str) -> str:
        """What becomes of the reply to an accepted call: "told", "dropped" or "failed"."""
        with self.lock:
            throw = self._dice.random()
        if method not in ACCEPTING or throw >= self.dropped + self.failed:
            return "told"
        return "dropped" if throw < self.dropped else "failed"

    def pause(self) -> None:
        """How long a reply takes: most are quick."""
        with self.lock:
            throw = self._dice.random()
        time.sleep(self.slow_s * throw**3)

    def lose(self, ts: object) -> None:
        """Nobody hears of this message's making; perhaps it stands only later."""
        with self.lock:
            found = next((each for each in self.messages if each.ts == ts), None)
            if found and self.late_s and self._dice.random() < 0.5:
                found.since = time.time() + self.late_s

    def too_fast(self, method: str) -> bool:
        """Whether a message comes before the channel takes the next one."""
        with self.lock:
            now = time.time()
            if not self.paced or method != "chat.postMessage":
                return False
            self.early += now < self._asked
            if now < self._free:
                self._asked = now + PACE_S
                return True
            self._free = now + PACE_S
            return False

    def slack(self, method: str, sent: dict[str, Any]) -> dict[str, Any]:
        """One call of the Web API."""
        with self.lock:
            match method:
                case "chat.postMessage":
                    return self._posted(sent)
                case "chat.update" | "chat.delete":
                    return self._changed(method, sent)
                case "conversations.history":
                    return self._listed([each for each in self.messages if not each.thread_ts])
                case "conversations.replies":
                    ts = str(sent.get("ts"))
                    return self._listed([each for each in self.messages if ts in (each.ts, each.thread_ts)])
        own = {"ok": True, "user_id": "U0BOT00001", "team_id": "T0CRASH0001", "bot_id": "B0BOT00001"}
        return own | self._file(method, str(sent.get("file")))

    def _file(self, method: str, file: str) -> dict[str, Any]:
        """What a call about files adds to an answer."""
        if method == "files.getUploadURLExternal":
            return {"upload_url": f"{self.url}/slack/upload", "file_id": f"F{next(self._numbers):08d}"}
        return {"file": {"id": file, "mimetype": "image/png"}} if method == "files.info" else {}

    def _posted(self, sent: dict[str, Any]) -> dict[str, Any]:
        metadata = sent.get("metadata") or {}
        held = json.loads(metadata) if isinstance(metadata, str) else metadata
        key = str(held.get("event_payload", {}).get("key", ""))
        ts, now = f"{time.time():.0f}.{next(self._numbers):06d}", time.time()
        thread = str(sent.get("thread_ts") or "")
        self.messages.append(Message(ts, str(sent.get("text", "")), key, thread, json.dumps(sent.get("blocks")), now, now))
        return {"ok": True, "channel": CHANNEL, "ts": ts}

    def _changed(self, method: str, sent: dict[str, Any]) -> dict[str, Any]:
        found = next((each for each in self.messages if each.ts == sent.get("ts") and not each.deleted), None)
        if found is None:
            return {"ok": False, "error": "message_not_found"}
        if method == "chat.delete":
            found.deleted = True
        else:
            found.text, found.blocks = str(sent.get("text", "")), json.dumps(sent.get("blocks"))
        return {"ok": True, "channel": CHANNEL, "ts": found.ts}

    def _listed(self, found: list[Message]) -> dict[str, Any]:
        listed = [
            {
                "type": "message",
                "ts": each.ts,
                "text": each.text,
                "bot_id": "B0BOT00001",
                **({"thread_ts": each.thread_ts} if each.thread_ts else {}),
                "metadata": {"event_type": "paybot_alert", "event_payload": {"key": each.key}},
            }
            for each in found
            if each.stands()
        ]
        return {"ok": True, "messages": listed[::-1], "has_more": False}

    def visible(self) -> list[Message]:
        """What people see in the channel, threads apart."""
        with self.lock:
            return [each for each in self.messages if not each.thread_ts and each.stands()]

    def notes(self, ts: str) -> list[Message]:
        with self.lock:
            return [each for each in self.messages if each.thread_ts == ts and each.stands()]


class Server(ThreadingHTTPServer):
    """Says nothing of askers that were killed while they were being answered."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None: ...


@contextmanager
def serving(world: World) -> Iterator[World]:
    """The vendors, until the block ends."""
    server = Server(("127.0.0.1", 0), handler(world))
    world.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield world
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def handler(world: World) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            self.answered(body)

        def do_GET(self) -> None:
            self.answered(b"")

        def answered(self, body: bytes) -> None:
            path = urlsplit(self.path)
            vendor, method = path.path.split("/")[1], path.path.rstrip("/").rpartition("/")[2]
            world.calls.append((time.time(), method))
            if vendor in world.down:
                self.close_connection = True
                return
            status, answer = self.taken(
                vendor, path.path, method, sent_in(body, path.query, self.headers.get("content-type", ""))
            )
            fate = world.fate(method) if status < 300 else "told"
            world.pause()
            if fate == "dropped":
                world.lose(answer.get("ts"))
                self.close_connection = True
            elif fate == "failed":
                self.reply(500, {"ok": False, "error": "internal_error"})
            else:
                self.reply(status, answer)

        def taken(self, vendor: str, path: str, method: str, sent: dict[str, Any]) -> tuple[int, dict[str, Any]]:
            if vendor == "slack" and world.too_fast(method):
                return 429, {"ok": False, "error": "ratelimited"}
            if vendor == "slack":
                return 200, world.slack(method, sent)
            if vendor == "pagerduty":
                with world.lock:
                    world.events.append((time.time(), str(sent["event_action"]), str(sent["dedup_key"])))
                return 202, {"status": "success", "message": "Event processed", "dedup_key": sent["dedup_key"]}
            if "/requests/" in path:
                return 200, {"data": {"isSuccess": True, "status": "done", "success": True}, "took": 0.1, "requestId": method}
            alias = str(sent.get("alias") or path.split("/")[-2])
            with world.lock:
                world.alerts.append((method if method in ("close", "acknowledge") else "create", alias))
            return 202, {"result": "Request will be processed", "took": 0.1, "requestId": "r1"}

        def reply(self, status: int, answer: dict[str, Any]) -> None:
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            if status == 429:
                self.send_header("Retry-After", f"{PACE_S:.0f}")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *words: object) -> None:
            """Says nothing."""

    return Handler


def sent_in(body: bytes, query: str, kind: str) -> dict[str, Any]:
    """What a request carries: JSON, a form, or the query; the bytes of a file are left."""
    if "octet-stream" in kind:
        return {}
    if "json" in kind and body:
        found = json.loads(body)
        return found if isinstance(found, dict) else {}
    return {key: values[0] for key, values in parse_qs(body.decode() or query).items()}
