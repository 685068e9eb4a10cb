"""Something between the bot and the stage: it refuses calls for their speed, loses replies, or writes other words into them."""

from __future__ import annotations

import http.client
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import urlsplit


class Call(NamedTuple):
    """A call as it arrived: the method, when (monotonic seconds), and whether it was let through."""

    method: str
    at: float
    passed: bool


@dataclass
class Front:
    """`refusing` says how many calls of a method get a 429 first, `losing` how many get through without a reply afterwards.

    `rewriting` holds patterns and what replaces them in replies.
    """

    retry_after_s: int = 1
    refusing: dict[str, int] = field(default_factory=dict)
    losing: dict[str, int] = field(default_factory=dict)
    rewriting: dict[bytes, bytes] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    url: str = ""
    failing: bytes = b""  # where it is set, every reply is a 500 with this body
    lock: threading.Lock = field(default_factory=threading.Lock)

    def counted(self, what: dict[str, int], method: str) -> bool:
        """Whether this call is one of those; one fewer is left then."""
        with self.lock:
            what[method] = what.get(method, 0) - 1
            return what[method] >= 0

    def rewritten(self, reply: bytes) -> bytes:
        for pattern, instead in self.rewriting.items():
            reply = re.sub(pattern, instead, reply)
        return reply


@contextmanager
def fronting(stage_url: str, front: Front) -> Iterator[Front]:
    """The front, in its place until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(urlsplit(stage_url).netloc, front))
    server.daemon_threads = True
    front.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield front
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def handler(stage: str, front: Front) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            method = self.path.rpartition("/")[2]
            refused = front.counted(front.refusing, method)
            front.calls.append(Call(method, time.monotonic(), not refused))
            if refused:
                self.answer(429, b'{"ok": false, "error": "ratelimited"}', {"Retry-After": str(front.retry_after_s)})
                return
            status, reply = (500, front.failing) if front.failing else self.passed_on(body)
            if front.counted(front.losing, method):
                self.close_connection = True
            else:
                self.answer(status, reply, {"Content-Type": "application/json", "X-Elastic-Product": "Elasticsearch"})

        do_GET = do_POST

        def passed_on(self, body: bytes) -> tuple[int, bytes]:
            """The stage's own answer. Its Host header is ours, so that the addresses it gives out lead here too."""
            connection = http.client.HTTPConnection(stage, timeout=10)
            try:
                connection.request(self.command, self.path, body, dict(self.headers.items()))
                answer = connection.getresponse()
                return answer.status, front.rewritten(answer.read())
            finally:
                connection.close()

        def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
