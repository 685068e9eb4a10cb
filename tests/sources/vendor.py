"""A vendor on 127.0.0.1: answers with what the test lays out, and keeps what it was asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from commands.args import Window

RECORDED = Path(__file__).parents[2].parent / "shared" / "contracts" / "data"
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Answer:
    """One answer: `body` as bytes, or a value sent as JSON; with `every_s` byte by byte; `length` is a lie about its length."""

    body: Any = field(default_factory=dict)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    after_s: float = 0.0
    every_s: float = 0.0
    length: int | None = None

    def raw(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


HANG_UP = Answer(status=0)


@dataclass
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Vendor:
    """Gives its answers in turn, the last one for ever."""

    answers: list[Answer]
    headers: Mapping[str, str] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    def next(self) -> Answer:
        return self.answers[min(len(self.asked), len(self.answers)) - 1]


@contextmanager
def serving(*answers: Answer, headers: Mapping[str, str] | None = None) -> Iterator[Vendor]:
    """A vendor that listens until the block ends."""
    vendor = Vendor(list(answers), headers or {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(vendor))
    server.daemon_threads = True
    vendor.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield vendor
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def handler(vendor: Vendor) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            vendor.asked.append(Asked(self.command, self.path, dict(self.headers.items()), body))
            answer = vendor.next()
            if answer is HANG_UP:
                self.close_connection = True
                return
            time.sleep(answer.after_s)
            self._send(answer)

        do_GET = do_POST

        def _send(self, answer: Answer) -> None:
            body = answer.raw()
            self.send_response(answer.status)
            for name, value in {"content-type": "application/json", **vendor.headers, **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body) if answer.length is None else answer.length))
            self.end_headers()
            try:
                self._write(body, answer.every_s)
            except OSError:  # the client had enough
                self.close_connection = True
            if answer.length is not None:
                self.close_connection = True

        def _write(self, body: bytes, every_s: float) -> None:
            for piece in [body[i : i + 1] for i in range(len(body))] if every_s else [body]:
                self.wfile.write(piece)
                time.sleep(every_s)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


def recorded(name: str) -> Any:
    """A recorded answer of the real service; skips the test where `../shared` is absent."""
    return json.loads(recorded_text(name))


def recorded_text(name: str) -> str:
    """The same, as it was written down."""
    path = RECORDED / name
    if not path.exists():
        pytest.skip("the recorded answers in ../shared are not there")
    return path.read_text()


def window(minutes: int = 60, step_s: int = 60, end: datetime = NOON) -> Window:
    """The `minutes` before noon, in buckets of `step_s`."""
    return Window(end - timedelta(minutes=minutes), end, timedelta(seconds=step_s), "UTC", "the last hour", f"{minutes}m")
