"""One WebSocket to Slack, from its opening to its end: what it has heard, when, and whether that is reason to open another."""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from slack_bolt import App, BoltResponse
from slack_bolt.adapter.socket_mode.internals import run_bolt_app, send_response
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.inbox import Inbox
from bot.slack.budget import pause_s
from bot.slack.client import Client

WORKERS: Final = 8  # a listener is done in a millisecond
CALL_S: Final = 5  # each step of `apps.connections.open`
ENDING_S: Final = 3.0  # what a read of the client's own may last
LONGEST_PAUSE_S: Final = 30.0
UNANSWERED: Final = 3  # echoes that Slack took and did not bring, at least: one may be late

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Times:
    """How long what may last, in seconds."""

    watch: float = 0.5  # between two looks at the connections
    ping: float = 10.0
    silent: float = 35.0  # without pong, hello or envelope: three pings went unanswered
    opening: float = 20.0  # from the first step to Slack's hello
    echo: float = 10.0  # between two echoes
    deaf: float = 45.0  # without an envelope, though Slack took echoes
    quiet: float = 90.0  # without an envelope, where nothing is known; times the connections that the app has
    drain: float = 2.0  # an old connection still hears what was on its way
    longest_pause: float = LONGEST_PAUSE_S

    @property
    def detected(self) -> float:
        """Within this a connection that hears nothing is known to."""
        return max(self.silent, self.deaf + self.echo) + self.watch

    @property
    def healed(self) -> float:
        """Within this it is replaced, even if the first connection that should replace it is never greeted."""
        return self.detected + 2 * self.opening + 2 * self.watch + min(self.longest_pause, 2.0**2)


class Line(SocketModeClient):
    """A connection that never reconnects by itself: whoever holds it opens another. `inbox` knows the envelopes that came."""

    def __init__(self, app: App, app_token: str, api_url: str, times: Times, inbox: Inbox, *, takes_over: bool = False) -> None:
        web = Client(None, api_url, CALL_S)
        super().__init__(
            app_token,
            logger=silent(),
            web_client=web,
            auto_reconnect_enabled=False,
            ping_interval=times.ping,
            concurrency=WORKERS,
        )
        self.socket_mode_request_listeners.append(partial(answer, app, inbox))
        self._times = times
        self._own_others = int(takes_over)
        self._opened = threading.Event()
        self._pong: float | None = None
        self.made_at = self.heard_at = time.monotonic()
        self.greeted_at: float | None = None
        self.envelope_at: float | None = None
        self.connections = 0  # of the whole app, as Slack's hello counts them; without the one that this takes over from
        self.unanswered = 0  # echoes that Slack took since the last envelope
        self.dismissed = ""  # why Slack wants it gone
        self.asked_pause_s = 0.0  # how long Slack asked to be left alone

    def open(self) -> None:
        """Returns at once and connects in a thread of its own: a Slack that stalls holds up nobody."""
        threading.Thread(target=self._open, name="socket-opening", daemon=True).start()

    def end(self) -> threading.Thread:
        """Returns at once; says goodbye, so that Slack forgets the connection now, and ends its threads in a few seconds."""
        self.closed = True
        ending = threading.Thread(target=self.close, name="socket-ending", daemon=True)
        ending.start()
        return ending

    def look(self, now: float) -> None:
        """Notes whether a pong came since the last look."""
        pong = self.current_session.last_ping_pong_time if self.current_session else None
        if pong != self._pong:
            self._pong, self.heard_at = pong, now

    def holds(self) -> bool:
        """Whether Slack has said hello on it and it was not lost since."""
        return self.greeted_at is not None and self.is_connected() and not self.closed

    def fault(self, now: float, *, echoes: bool) -> str:
        """Why another is to be opened, in a word; "" while all is well. With `echoes` silence has a meaning."""
        if self._opened.is_set() and not self.is_connected():
            return self.dismissed or "lost"
        if self.dismissed:
            return self.dismissed
        if self.greeted_at is None:
            return "no_hello" if now - self.made_at > self._times.opening else ""
        if now - self.heard_at > self._times.silent:
            return "silent"
        quiet_s = now - (self.envelope_at or self.greeted_at)
        if echoes:
            return "deaf" if self.unanswered >= UNANSWERED and quiet_s > self._times.deaf else ""
        return "quiet" if quiet_s > self._times.quiet * max(1, self.connections) else ""

    def issue_new_wss_url(self) -> str:
        """One request; the client's own waits out a 429 for as long as Slack likes, however long."""
        return str(self.web_client.apps_connections_open(app_token=self.app_token)["url"])

    def enqueue_message(self, message: str) -> None:
        """Notes what was heard, on the connection's own thread, and hands on what is for listeners."""
        said = parsed(message)
        self.heard_at = time.monotonic()
        if said.get("type") == "hello":
            self._greeted(said.get("num_connections"))
        elif said.get("type") == "disconnect":
            self.dismissed = str(said.get("reason"))[:40] or "disconnect"
        elif "envelope_id" in said:
            self.envelope_at, self.unanswered = self.heard_at, 0
            super().enqueue_message(message)

    def disconnect(self) -> None:
        """Whoever else disconnects it at the same time: its own reader does, when it meets the end."""
        with suppress(AttributeError):
            super().disconnect()

    def close(self) -> None:
        """Ends its threads. The client's own way waits for ever for a thread that begins to read just then."""
        self.closed = True
        session, reading = self.current_session, self.current_session_runner
        if session and session.sock:
            with suppress(OSError, AttributeError):  # it may be gone by now
                session.sock.send(b"\x88\x80" + os.urandom(4))  # an empty close frame, masked
                session.sock.shutdown(socket.SHUT_RDWR)
        self.disconnect()
        self.message_queue.put(None)  # wakes the thread that waits for a message
        reading.event.set()
        while reading.is_alive():
            self.current_session_state.terminated = True
            reading.thread.join(0.1)
        super().close()

    def _open(self) -> None:
        try:
            self.wss_uri = self.issue_new_wss_url()
            if not self.closed:
                self.connect()
        except Exception as error:  # noqa: BLE001 - the client lets through what urllib, ssl and its own races raise
            self.asked_pause_s = asked(error)
            log.warning("no connection to Slack's Socket Mode: %s", type(error).__name__)
        if self.closed:
            self.disconnect()
        self._opened.set()

    def _greeted(self, connections: object) -> None:
        self.connections = max(1, connections - self._own_others) if isinstance(connections, int) else 1
        self.greeted_at = self.heard_at


def answer(app: App, inbox: Inbox, line: BaseSocketModeClient, request: SocketModeRequest) -> None:
    """Has the listeners answer an envelope; one that came before, on whatever connection, is acknowledged, and that is all."""
    try:
        reply = run_bolt_app(app, request) if inbox.first(f"envelope:{request.envelope_id}") else BoltResponse(status=200)
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):  # how Bolt's parser meets what is no payload
        log.warning("an envelope that is no payload of Slack")
        reply = BoltResponse(status=200)
    try:
        send_response(line, request, reply, time.time())
    except Exception:
        log.exception("an acknowledgement did not reach Slack")


def silent() -> logging.Logger:
    """The client logs as errors what its own threads meet when a connection is closed; what matters is told here."""
    logger = logging.getLogger("bot.slack.line.client")
    logger.setLevel(logging.CRITICAL)
    return logger


def parsed(message: str) -> dict[str, Any]:
    """The object of a message; {} for all else."""
    try:
        said = json.loads(message)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def asked(error: Exception) -> float:
    """How long a 429 asks to wait; 0 for other errors."""
    if not isinstance(error, SlackApiError) or error.response["error"] != "ratelimited":
        return 0.0
    headers = {str(name).lower(): str(value) for name, value in error.response.headers.items()}
    return pause_s(headers.get("retry-after", ""), headers.get("date", ""))
