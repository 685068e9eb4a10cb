"""Socket Mode: the same listeners, reached through a WebSocket that the bot opens, where nobody can call it from outside."""

from __future__ import annotations

import json
import logging
import random
import threading
import time
from functools import partial

from slack_bolt import App
from slack_bolt.adapter.socket_mode.builtin import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.socket_mode.builtin import SocketModeClient

log = logging.getLogger(__name__)

WORKERS = 8  # a listener is done in a millisecond
CALL_S = 5  # `apps.connections.open`, at most
GREETING_S = 10.0  # a connection on which Slack has not said hello by then is deaf
WATCH_S = 1.0
PING_S = 10.0  # the client drops a connection that has given no pong for four times as long
LONGEST_PAUSE_S = 30.0
CROWDED = 8  # Slack spreads envelopes over all connections of an app, ten at most; forgotten ones swallow presses


class Socket:
    """Keeps one connection to Slack from `start` to `stop`, whatever happens to it.

    Lost connections are remade here and not by the client, which begins to watch only once a first connection has been made. What
    it still does by itself is to follow Slack's "disconnect"; it then hears nothing for up to 3 s, while a read of its own ends.
    """

    def __init__(self, app: App, app_token: str, api_url: str = "https://slack.com/api/") -> None:
        self._app = app
        self._app_token = app_token
        self._api_url = api_url
        self._handler: SocketModeHandler | None = None  # it starts threads as it is made
        self._greeted = ""  # the session that has heard hello
        self._stopped = threading.Event()

    def start(self) -> None:
        """Returns at once; connects in the background, trying until it can."""
        self._handler = SocketModeHandler(
            self._app,
            self._app_token,
            web_client=WebClient(base_url=self._api_url, timeout=CALL_S, retry_handlers=[], logger=self._app.logger),
            auto_reconnect_enabled=False,
            ping_interval=PING_S,
            concurrency=WORKERS,
        )
        client = self._handler.client
        client.on_message_listeners.append(partial(self._heard, client))
        self._keeper = threading.Thread(target=self._keep, args=(client,), name="socket", daemon=True)
        self._keeper.start()

    def connected(self) -> bool:
        """Whether Slack has said hello on the connection that is open now."""
        if self._handler is None:
            return False
        return self._handler.client.is_connected() and self._handler.client.session_id() == self._greeted

    def stop(self, timeout_s: float = 3.0) -> None:
        """Closes the connection, within `timeout_s`; Slack sends what follows to other replicas."""
        self._stopped.set()
        if self._handler:
            self._keeper.join(timeout_s)

    def _keep(self, client: SocketModeClient) -> None:
        """Connects, watches, and closes: all in one thread, for the client does not bear two of them at once."""
        failures, tried = 0, time.monotonic()
        connect(client)
        while not self._stopped.wait(WATCH_S if client.is_connected() else pause_s(failures)):
            if self.connected():
                failures, tried = 0, time.monotonic()
            elif not client.is_connected() or time.monotonic() - tried > GREETING_S:
                failures, tried = failures + 1, time.monotonic()
                connect(client)
        client.close()

    def _heard(self, client: SocketModeClient, message: str) -> None:
        """Called with every message, on the connection's own thread."""
        if '"hello"' not in message[:200]:
            return
        self._greeted = client.session_id() or ""
        connections = json.loads(message).get("num_connections", 1)
        log.log(logging.WARNING if connections >= CROWDED else logging.INFO, "Slack says hello; connections: %s", connections)


def connect(client: SocketModeClient) -> None:
    """One attempt. Says what it met and never raises: a keeper that ended here would leave the bot deaf."""
    try:
        client.connect_to_new_endpoint(force=True)
    except Exception as error:  # noqa: BLE001 - the client lets through what urllib, ssl and its own races raise
        log.warning("no connection to Slack's Socket Mode: %s", type(error).__name__)


def pause_s(failures: int) -> float:
    """How long to wait before the next attempt: about 1, 2, 4 … 30 s, spread so that replicas do not come all at once."""
    return random.uniform(0.5, 1.0) * min(LONGEST_PAUSE_S, 2.0**failures)
