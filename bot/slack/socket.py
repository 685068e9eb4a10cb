"""Socket Mode: the same listeners, reached through a WebSocket that the bot opens, where nobody can call it from outside.

How deafness is noticed, and what cannot be: docs/decisions/0015-a-deaf-socket-is-replaced.md.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from functools import partial

from slack_bolt import App

from bot.inbox import Inbox
from bot.slack.line import ENDING_S, LONGEST_PAUSE_S, Line, Times

__all__ = ["REPLICAS", "Socket", "Times"]

log = logging.getLogger(__name__)

REPLICAS = 4  # more connections than this are hardly all ours: Slack spreads envelopes over all, forgotten ones swallow them
GOING = {"warning", "refresh_requested", "quiet"}  # why a connection that still hears is replaced
STEADY_S = 60.0  # a connection that lasted is no part of a storm


class Socket:
    """Keeps Slack heard from `start` to `stop`: one connection, and a second only while it takes over from the first.

    `echo` asks Slack for an envelope and says whether Slack took that; without one, a connection on which no envelope comes for
    long is replaced on suspicion. `on_reconnect` hears why each connection was replaced. `expected` is how many connections the
    app has when none is forgotten and none is being replaced.
    """

    def __init__(
        self,
        app: App,
        app_token: str,
        api_url: str = "https://slack.com/api/",
        *,
        times: Times | None = None,
        echo: Callable[[], bool] | None = None,
        expected: int = REPLICAS,
        on_reconnect: Callable[[str], None] = lambda _why: None,
    ) -> None:
        self._times = times or Times()
        self._inbox = Inbox()
        self._make = partial(Line, app, app_token, api_url, self._times, self._inbox)
        self._echo = echo
        self._expected = expected
        self._on_reconnect = on_reconnect
        self._lines: tuple[Line, ...] = ()  # the newest last; never more than two
        self._told: Line | None = None  # the last one whose hello was logged
        self._given_up: Line | None = None  # the last one whose fault was logged
        self._deaf_at: float | None = None  # when one was found deaf; nothing since then, until an envelope comes
        self._failures = 0
        self._not_before = 0.0
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._keep, name="socket", daemon=True)]
        if echo:
            self._threads.append(threading.Thread(target=self._ask, name="socket-echo", daemon=True))

    def start(self) -> None:
        """Returns at once; connects in the background, trying until it can."""
        for thread in self._threads:
            thread.start()

    def connected(self) -> bool:
        """Whether Slack is heard: hello was said on an open connection that is neither silent nor deaf."""
        now = time.monotonic()
        heard = (line.holds() and line.fault(now, echoes=bool(self._echo)) in {"", *GOING} for line in self._lines)
        return self._deaf_at is None and any(heard)

    def connections(self) -> int:
        """How many connections the app has, as Slack's last hello says; forgotten ones count, one being replaced does not."""
        return next((line.connections for line in reversed(self._lines) if line.connections), 0)

    def last_heard_s(self, *, envelope: bool) -> float:
        """Seconds since the last envelope, or since the last sign of life; not a number while there is no connection."""
        heard = [line.envelope_at if envelope else line.heard_at for line in self._lines if line.holds()]
        return min((time.monotonic() - at for at in heard if at is not None), default=float("nan"))

    def stop(self, timeout_s: float = 3.0) -> None:
        """Closes the connection, within `timeout_s`; Slack sends what follows to other replicas."""
        self._stopped.set()
        if self._threads[0].ident:
            self._threads[0].join(timeout_s)

    def _keep(self) -> None:
        """Looks at the connections until the stop: the only thread that opens and ends them."""
        while True:
            try:
                self._look(time.monotonic())
            except Exception:  # a keeper that ended here would leave the bot deaf
                log.exception("the keeper of the connection to Slack failed, and goes on")
            if self._stopped.wait(self._times.watch):
                break
        for ending in [line.end() for line in self._lines]:
            ending.join(ENDING_S)

    def _look(self, now: float) -> None:
        for line in self._lines:
            line.look(now)
            if self._deaf_at and (line.envelope_at or 0) > self._deaf_at:
                self._deaf_at = None
        self._take_over(now)
        newest = self._lines[-1] if self._lines else None
        why = newest.fault(now, echoes=bool(self._echo)) if newest else ""
        if not why:
            self._given_up = None  # it may have come round by itself, and fail anew
        elif newest and newest is not self._given_up:
            self._give_up(newest, why, now)
        if (newest is None or why) and now >= self._not_before:
            self._open()

    def _take_over(self, now: float) -> None:
        """Once the newest was greeted, what came before it is ended; a moment later if that still hears."""
        newest = self._lines[-1] if self._lines else None
        if newest is None or newest.greeted_at is None:
            return
        if newest is not self._told:
            self._told = newest
            self._tell(newest.connections)
        if len(self._lines) > 1 and (not self._lines[0].holds() or now - newest.greeted_at > self._times.drain):
            self._lines[0].end()
            self._lines = self._lines[1:]

    def _tell(self, connections: int) -> None:
        """Connections beyond the expected are forgotten ones: they swallow a share of all commands and presses."""
        many = connections > self._expected
        log.log(logging.WARNING if many else logging.INFO, "Slack says hello; connections: %s", connections)

    def _give_up(self, line: Line, why: str, now: float) -> None:
        """Says why, and when the next may be opened: at once after one that lasted, else later each time."""
        self._given_up = line
        lasted = line.greeted_at is not None and (why in GOING or line.envelope_at) and now - line.greeted_at > STEADY_S
        self._failures = 0 if lasted else self._failures + 1
        self._not_before = now + max(line.asked_pause_s, pause_s(self._failures - 1, self._times.longest_pause))
        self._deaf_at = now if why == "deaf" else self._deaf_at
        self._on_reconnect(why)
        log.log(logging.INFO if why in GOING else logging.WARNING, "another connection to Slack is opened: %s", why)

    def _open(self) -> None:
        """Keeps the newest that still stands, and ends the others first: there are never more than two."""
        kept = next((line for line in reversed(self._lines) if line.holds()), None)
        for line in self._lines:
            if line is not kept:
                line.end()
        line = self._make(takes_over=kept is not None)
        self._lines = (kept, line) if kept else (line,)
        line.open()

    def _ask(self) -> None:
        """Echoes while a connection stands. What Slack did not take says nothing about the connection."""
        while self._echo and not self._stopped.wait(self._times.echo):
            newest = self._lines[-1] if self._lines else None
            if newest and newest.holds():
                newest.unanswered += 1  # before it is asked for: the envelope may be here before the call's answer
                if not self._echo():
                    newest.unanswered = max(0, newest.unanswered - 1)


def pause_s(failures: int, longest_s: float = LONGEST_PAUSE_S) -> float:
    """How long to wait before the next attempt: about 1, 2, 4 … 30 s, spread so that replicas do not come all at once."""
    return random.uniform(0.5, 1.0) * min(longest_s, 2.0 ** min(failures, 10))  # an outage of hours overflows a float
