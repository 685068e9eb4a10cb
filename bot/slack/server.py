"""The HTTP front: its port is open within milliseconds of the process's start, long before the rest of the bot is loaded."""

from __future__ import annotations

import json
import logging
import os
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import create_server
from waitress.task import ErrorTask

from bot.slack.guard import MAX_BODY, Guard, Headers

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

log = logging.getLogger(__name__)

THREADS = 8  # a listener is done in a millisecond; more threads would only take turns
EARLY = 200  # commands and presses that are kept until the bot is loaded
QUIET_S = 10  # a connection that says nothing for so long is closed
RESTARTING = "paybot is restarting. Please try again in a moment."
STARTING = "paybot has just been started. Your answer follows in a moment."
FORM = "application/x-www-form-urlencoded"
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


class Reply(NamedTuple):
    """An answer over HTTP."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


Handler = Callable[[bytes, Headers], Reply]
Late = Callable[[bytes, Reply], None]


class Parts(NamedTuple):
    """What stands behind the front once the bot is loaded."""

    ready: Callable[[], Mapping[str, bool]]
    metrics: Callable[[], bytes]
    draining: Callable[[], bool]
    bolt_handler: Handler | None
    late: Late
    pager_handler: Handler | None


def said(status: int, content: Mapping[str, Any], *headers: tuple[str, str]) -> Reply:
    """An answer in JSON."""
    return Reply(status, (("Content-Type", "application/json"), *headers), json.dumps(content).encode())


def later(reason: str) -> Reply:
    return said(503, {"error": reason}, ("Retry-After", "2"))


def private(body: bytes, line: str) -> Reply | None:
    """The line for whoever sent a command; None for what is no command."""
    if "command" not in parse_qs(body.decode()):
        return None
    return said(200, {"response_type": "ephemeral", "text": line})


class Front:
    """A WSGI application that answers from the first moment on.

    What Slack sends passes `guard`; without one (Socket Mode) `/slack/events` does not exist. Commands and presses that come
    before `attach` are acknowledged at once and done as soon as the bot is there.
    """

    def __init__(self, guard: Guard | None = None) -> None:
        self._guard = guard
        self._parts: Parts | None = None
        self._early: list[tuple[bytes, Headers]] = []
        self._catching_up: threading.Thread | None = None
        self._lock = threading.Lock()
        self._was_ready = False
        self._routes: dict[str, tuple[str, Callable[[WSGIEnvironment], Reply]]] = {
            "/slack/events": ("POST", self._slack),
            "/webhooks/pagerduty": ("POST", self._pager),
            "/healthz": ("GET", lambda _: said(200, {"healthy": True})),
            "/readyz": ("GET", lambda _: self._ready()),
            "/startup": ("GET", lambda _: self._started()),
            "/metrics": ("GET", lambda _: self._metrics()),
        }

    def attach(
        self,
        *,
        ready: Callable[[], Mapping[str, bool]],
        metrics: Callable[[], bytes],
        draining: Callable[[], bool] = lambda: False,
        bolt_handler: Handler | None = None,
        late: Late = lambda body, reply: None,
        pager_handler: Handler | None = None,
    ) -> None:
        """Puts the bot behind the front.

        `ready` names the parts and says which are ready, `metrics` gives Prometheus' text, `draining` is true once no new work
        is taken, and `late` is told what the bot replied to a request that had been acknowledged before. `pager_handler` hears
        PagerDuty's webhooks and checks their signatures itself; without it `/webhooks/pagerduty` does not exist.
        """
        if (self._guard is None) != (bolt_handler is None):
            raise ValueError("guard and bolt_handler come together: nothing reaches Bolt unguarded")
        with self._lock:
            self._parts = Parts(ready, metrics, draining, bolt_handler, late, pager_handler)
            early, self._early = self._early, []
        if early and bolt_handler:
            self._catching_up = threading.Thread(target=catch_up, args=(early, bolt_handler, late), name="early", daemon=True)
            self._catching_up.start()

    def caught_up(self, timeout_s: float) -> bool:
        """Waits until what came before `attach` has been handed on; whether that came about in time."""
        if self._catching_up:
            self._catching_up.join(timeout_s)
        return self._catching_up is None or not self._catching_up.is_alive()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        status, headers, body = self._answer(environ)
        start_response(f"{status} {HTTPStatus(status).phrase}", [*headers, ("Content-Length", str(len(body)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _answer(self, environ: WSGIEnvironment) -> Reply:
        verb, route = self._routes.get(environ.get("PATH_INFO", ""), ("", None))
        if route is None:
            return said(404, {"error": "there is nothing at this address"})
        allowed = ("GET", "HEAD") if verb == "GET" else (verb,)
        if environ["REQUEST_METHOD"] not in allowed:
            return said(405, {"error": f"only {verb} is answered here"}, ("Allow", ", ".join(allowed)))
        try:
            return route(environ)
        except Exception:
            reference = os.urandom(4).hex()
            log.exception("a request failed, reference %s", reference)
            return said(500, {"error": "something went wrong", "reference": reference})

    def _slack(self, environ: WSGIEnvironment) -> Reply:
        if self._guard is None:
            return said(404, {"error": "this bot hears Slack through Socket Mode"})
        headers, body = received(environ)
        refused = self._guard(headers, body)
        if refused:
            return said(refused.status, {"error": refused.reason})
        with self._lock:
            parts = self._parts
            if parts is None:
                return self._kept(body, headers)
        if parts.draining():  # Slack brings events again on a 503 but never a command: that person is told
            return private(body, RESTARTING) or later("restarting")
        return parts.bolt_handler(body, headers) if parts.bolt_handler else later("starting")

    def _pager(self, environ: WSGIEnvironment) -> Reply:
        """PagerDuty brings again for 48 hours what is answered with 503, so that nothing has to be kept."""
        parts = self._parts
        if parts is None or (parts.pager_handler and parts.draining()):
            return later("starting" if parts is None else "restarting")
        if parts.pager_handler is None:
            return said(404, {"error": "this bot does not hear PagerDuty"})
        headers, body = received(environ)
        return parts.pager_handler(body, headers)

    def _kept(self, body: bytes, headers: Headers) -> Reply:
        """Acknowledges a command or a press and keeps it; an event is left for Slack to bring again."""
        if len(self._early) >= EARLY or not headers["content-type"].startswith(FORM):
            return private(body, RESTARTING) or later("starting")
        self._early.append((body, headers))
        return private(body, STARTING) or Reply(200, (), b"")

    def _ready(self) -> Reply:
        if self._parts is None:
            return said(503, {"ready": False, "parts": {"bot": False}})
        parts = {**self._parts.ready(), "bot": not self._parts.draining()}
        ready = all(parts.values())
        self._was_ready = self._was_ready or ready
        return said(200 if ready else 503, {"ready": ready, "parts": parts})

    def _started(self) -> Reply:
        """Whether it was ever ready: a start has gone well then, however long it took, and what comes later is `/readyz`'s."""
        return said(200, {"started": True}) if self._was_ready else self._ready()

    def _metrics(self) -> Reply:
        return later("starting") if self._parts is None else Reply(200, (("Content-Type", PROMETHEUS),), self._parts.metrics())


def catch_up(early: list[tuple[bytes, Headers]], bolt_handler: Handler, late: Late) -> None:
    """Does what was acknowledged before the bot was loaded. Its senders are told once all is taken on: that takes time."""
    replies: list[tuple[bytes, Reply]] = []
    for body, headers in early:
        with logged():
            replies.append((body, bolt_handler(body, headers)))
    for body, reply in replies:
        with logged():
            late(body, reply)


@contextmanager
def logged() -> Iterator[None]:
    """One early request's fault is nobody else's."""
    try:
        yield
    except Exception:
        log.exception("an early request failed")


def received(environ: WSGIEnvironment) -> tuple[dict[str, str], bytes]:
    """A request's headers, names in lower case, and its raw body. waitress has read it whole and within its limit."""
    headers = {key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key.startswith("HTTP_")}
    headers["content-type"] = environ.get("CONTENT_TYPE", "")
    return headers, environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))


class Malformed(ErrorTask):  # type: ignore[misc]  # waitress has no types
    """waitress' answer to what is not HTTP: in JSON, without its name, and never 5xx, for the fault is the sender's."""

    def execute(self) -> None:
        status = self.request.error.code if self.request.error.code < 500 else 400
        reply = said(status, {"error": HTTPStatus(status).phrase.lower()})
        self.status = f"{status} {HTTPStatus(status).phrase}"
        self.response_headers.extend(reply.headers)
        self.set_close_on_finish()
        self.content_length = len(reply.body)
        self.write(reply.body)


class Channel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    error_task_class = Malformed


class Server:
    """Serves an application with waitress in threads of its own, from `start` to `stop`. Port 0 takes a free one."""

    def __init__(self, application: Any, host: str, port: int) -> None:
        self._application = application
        self._address = (host, port)
        self.port = port

    def start(self) -> None:
        """Opens the port before it returns. Raises OSError where that cannot be (in use, not allowed)."""
        family = socket.AF_INET6 if ":" in self._address[0] else socket.AF_INET
        listener = socket.create_server(self._address, family=family, backlog=2048)
        self.port = listener.getsockname()[1]
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # it warns of every request of a burst, which costs as much
        self._waitress = create_server(
            self._application,
            sockets=[listener],
            threads=THREADS,
            backlog=2048,
            connection_limit=connections(),
            asyncore_use_poll=True,
            channel_timeout=QUIET_S,
            cleanup_interval=5,
            max_request_header_size=16 * 1024,
            max_request_body_size=MAX_BODY + 1,  # waitress refuses from this size on
            log_socket_errors=False,
            expose_tracebacks=False,
            ident=None,
        )
        self._waitress.channel_class = Channel
        self._thread = threading.Thread(target=self._waitress.run, name="http", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Closes the port at once, lets what has begun finish for `timeout_s`, then closes the rest."""
        end = time.monotonic() + timeout_s
        self._in_loop(self._close_port)
        while self._waitress.active_channels and time.monotonic() < end:
            self._in_loop(self._close_idle)
            time.sleep(0.01)
        self._waitress.task_dispatcher.shutdown(timeout=max(0.1, end - time.monotonic()))
        self._in_loop(lambda: wasyncore.close_all(self._waitress._map, ignore_all=True))
        self._thread.join(1.0)

    def _in_loop(self, work: Callable[[], None]) -> None:
        """Does `work` in waitress' own thread, the only one that may touch its sockets; nothing where it has closed them all."""
        with suppress(OSError):  # it closes everything when its port meets an error
            self._waitress.trigger.pull_trigger(work)

    def _close_port(self) -> None:
        wasyncore.dispatcher.close(self._waitress)

    def _close_idle(self) -> None:
        self._waitress.maintenance(time.time() + QUIET_S + 1)


def connections() -> int:
    """At most so many at once: half of the files this process may open, so that the sources always get theirs."""
    return min(2048, max(64, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2))
