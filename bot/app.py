"""The composition root: the only place that chooses real or fake edges and puts the parts together."""

from __future__ import annotations

import gc
import json
import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from bot.answer import DRAWING_S, Analyst, Answer, Draws
from bot.config import Config, Slack
from bot.health import Health, watched
from bot.inbox import Inbox
from bot.observe import Metrics
from bot.ports import ChatError, Source
from bot.rendering import Renderer
from bot.slack.chat import Chat
from bot.slack.delivery import Delivery
from bot.slack.desk import FrontDesk, Tools
from bot.slack.echo import Echo
from bot.slack.guard import Headers
from bot.slack.identity import Identity, Self
from bot.slack.listeners import App, http_handler, make_app
from bot.slack.posting import Posting
from bot.slack.server import Front, Handler, Reply
from bot.slack.shown import NativeCharts
from bot.slack.socket import REPLICAS, Socket
from bot.sources import make
from bot.stopping import STOPPING_S
from bot.telling import words
from bot.work import Pool
from charts.spec import Picture
from commands import DEFAULT_SECTION, SECTIONS
from commands.args import BadInput, Wish, Words, parse

if TYPE_CHECKING:
    from bot.alerting import Alerting
    from bot.digest.standup import Standup

LOOK_S = 1.0
TELLING_S = 1.5  # of the STOPPING_S: those whose answers will not come are told so
ALERTS_S = 1.0  # for presses that are being done when the bot stops
ENDING_S = 1.5  # of them, too: threads, children and the port are let go

log = logging.getLogger(__name__)


def utc_now() -> datetime:
    return datetime.now(UTC)


def build(
    config: Config,
    *,
    sources: Mapping[str, Source] | None = None,
    renderer: Draws | None = None,
    chat: Chat | None = None,
    now: Callable[[], datetime] = utc_now,
    look_s: float = LOOK_S,
) -> Bot:
    """The bot of these settings; every edge that is not given is the real one.

    A `now` that runs faster than real time wants a shorter `look_s`: so often it is looked whether an alert tick is due.
    """
    return Bot(config, sources, renderer, chat, now, look_s)


class Bot:
    """The whole bot, put together; `start` opens it for Slack, `stop` tears everything down in reverse order."""

    def __init__(
        self,
        config: Config,
        sources: Mapping[str, Source] | None,
        renderer: Draws | None,
        chat: Chat | None,
        now: Callable[[], datetime],
        look_s: float = LOOK_S,
    ) -> None:
        self.config = config
        self.metrics = Metrics()
        self._health = Health(now)
        self.sources = watched(make(config, now) if sources is None else sources, self._health)
        self._stack = ExitStack()
        for source in self.sources.values():
            self._stack.callback(source.stop)
        self._renderer = renderer or self._own_renderer()
        self._analyst = Analyst(self.sources, self._renderer, config.answers, self.metrics)
        self._stack.callback(self._analyst.stop)
        self._chat = chat
        self._now = now
        self._look_s = look_s
        self.standup: Standup | None = None
        self._draining = threading.Event()
        self._finishing_s = STOPPING_S - TELLING_S - ENDING_S
        self.fatal = ""  # why the bot ended by itself
        self.failed: Callable[[], None] = lambda: None
        self.warmed = threading.Event()  # set once the first ask waits for nothing but its sources

    def answer(self, text: str, zone: str = "") -> Answer:
        """The answer to a command's text without Slack, times in `zone` (else the settings' zone); raises BadInput."""
        wish = self.heard(text, zone)
        if not isinstance(wish, Wish):
            raise BadInput(self.words(wish, zone))
        return self._analyst.answer(wish.ask)

    def words(self, asked: Words, zone: str = "") -> str:
        """What is said to a question that is answered in words alone."""
        return words(asked, self._analyst, self.config, zone or self.config.timezone, self._now())

    def heard(self, text: str, zone: str = "") -> Wish | Words:
        """What a command's text asks for; raises BadInput."""
        return parse(
            text,
            now=self._now(),
            zone=zone or self.config.timezone,
            env=self.config.env,
            sections=tuple(SECTIONS),
            default_section=DEFAULT_SECTION,
        )

    def start(self, front: Front, inbox: Inbox | None = None) -> None:
        """Opens the bot for Slack behind `front`, whose port is open already; what is slow to load is warmed meanwhile.

        `inbox` is what the front remembers of requests that came: from now on other processes know it, too.
        """
        slack = self.config.slack
        if slack is None:
            raise ValueError("serving needs Slack's settings")
        delivery = self._chat or Delivery(slack, on_call=self.metrics.slack)
        answers = self.config.answers
        pool = Pool(answers.at_once, answers.waiting, answers.per_user)
        posting = Posting(delivery, slack.home_channel, answers.copy_home, NativeCharts(answers.charts == "native"))
        who = self._identity(delivery)
        alerting = self._alerting(slack, delivery, posting, who) if isinstance(delivery, Delivery) else None
        self.standup = alerting.standup if alerting else None
        tools = alerting.tools if alerting else Tools()
        desk = FrontDesk(self.config, self._analyst, delivery, posting, pool, self.metrics, self._now, tools)
        self._stack.callback(desk.stop, TELLING_S)
        self._stack.callback(lambda: pool.stop(self._finishing_s))
        self.metrics.depth(pool.depth)
        inbox = inbox or Inbox()
        if alerting:
            inbox.share(alerting.presence.first)
        app = make_app(desk, inbox, who, alerting.desk if alerting else None, alerting.home if alerting else None)
        ready: dict[str, Callable[[], bool]] = {"settings": lambda: True, **(alerting.ready() if alerting else {})}
        attach = partial(front.attach, metrics=self.metrics.text, draining=self._draining.is_set)
        attach = partial(attach, pager_handler=self._counted(alerting.webhook) if alerting and alerting.webhook else None)
        if slack.app_token:
            socket = self._socket(slack, app, delivery)
            ready["socket"] = socket.connected
            if alerting:
                alerting.self_watch.also("socket", partial(heard_in_words, socket))
            attach(ready=partial(held, ready))
        else:
            attach(ready=partial(held, ready), bolt_handler=self._timed(http_handler(app)), late=partial(told_late, delivery))
        threading.Thread(target=self.warm, name="warm-up", daemon=True).start()
        if alerting:
            alerting.start()
            alerting.self_watch.also("renderer", lambda: "warm" if self.warmed.is_set() else "warming up")
            alerting.watch_itself(partial(held, ready))

    def stop(self, within_s: float = STOPPING_S) -> None:
        """Takes no new work, lets what has begun finish within that time, and ends threads and children."""
        self._draining.set()
        self._finishing_s = max(0.0, within_s - TELLING_S - ENDING_S)
        self._stack.close()
        gc.unfreeze()  # a process that goes on without the bot may forget it

    def _own_renderer(self) -> Renderer:
        renderer = Renderer()
        self._stack.callback(renderer.stop)
        return renderer

    def _identity(self, delivery: Chat) -> Self:
        """Who the bot is, learnt in the background."""
        who = Self(lambda: identity(delivery))
        who.start()
        self._stack.callback(who.stop)
        return who

    def _alerting(self, slack: Slack, delivery: Delivery, posting: Posting, who: Self) -> Alerting:
        """The alert system; it has the bot's sources, words and pictures."""
        from bot.alerting import Alerting, Parts  # noqa: PLC0415 - the database's libraries, behind the open port

        parts = Parts(
            self.config,
            slack,
            self.sources,
            self._analyst,
            delivery,
            posting,
            self.metrics,
            self._now,
            lambda: who().team,
            self._fail,
            self._look_s,
            self._health,
            checks_clock=self._now is utc_now,
        )
        alerting = Alerting(parts)
        self._stack.callback(alerting.stop, ALERTS_S)
        return alerting

    def _fail(self, said: str) -> None:
        """The bot cannot do its work and nobody but its operator can help: it ends with this line."""
        self.fatal = said
        self.failed()

    def _socket(self, slack: Slack, app: App, delivery: Chat) -> Socket:
        """Hears Slack through a connection of the bot's own; a store in a file has one process, and so one connection."""
        socket = Socket(
            app,
            slack.app_token,
            slack.api_url,
            echo=Echo(delivery, slack.probe_channel) if slack.probe_channel else None,
            expected=1 if self.config.database_url.startswith("sqlite") else REPLICAS,
            on_reconnect=self.metrics.reconnect,
        )
        self.metrics.socket(socket.connections, lambda envelope: socket.last_heard_s(envelope=envelope))
        socket.start()
        self._stack.callback(socket.stop)
        return socket

    def _timed(self, handle: Handler) -> Handler:
        """The handler, each acknowledgement timed."""

        def timed(body: bytes, headers: Headers) -> Reply:
            start = time.perf_counter()
            try:
                return handle(body, headers)
            finally:
                self.metrics.ack(time.perf_counter() - start)

        return timed

    def _counted(self, handle: Handler) -> Handler:
        """The handler of webhooks, each answer counted."""

        def counted(body: bytes, headers: Headers) -> Reply:
            reply = handle(body, headers)
            self.metrics.alerts.webhook(reply.status)
            return reply

        return counted

    def drawn(self, picture: Picture) -> bytes:
        """A picture as a PNG. Raises DrawingFailed."""
        return self._renderer.draw(picture, self.config.answers.theme, DRAWING_S)

    def warm(self) -> None:
        """Loads what the first ask would wait for, and takes what is alive then out of the garbage collector's sight."""
        if isinstance(self._renderer, Renderer):
            self._renderer.warm()
        for name, source in self.sources.items():
            try:
                source.warm()
            except Exception:  # a fault of the source's settings is told at its first question, in that question's gap
                log.exception("a source could not be prepared", extra={"source": name})
        gc.collect()
        gc.freeze()
        self.warmed.set()


def identity(delivery: Chat) -> Identity:
    me = delivery.me()
    return Identity(me.user_id, me.bot_id, me.team_id)


def told_late(chat: Chat, body: bytes, reply: Reply) -> None:
    """Says in private what would have been the acknowledgement of a command that came before the bot was loaded."""
    command = parse_qs(body.decode())
    line = json.loads(reply.body).get("text", "") if reply.body and "command" in command else ""
    try:
        if line:
            chat.respond(command["response_url"][0], line, replace=True)
    except ChatError as error:
        log.warning("a late line could not be said", extra={"code": error.code})


def heard_in_words(socket: Socket) -> str:
    """How a connection of Socket Mode does: "connected, 2 connections, heard 4 s ago"."""
    heard_s = socket.last_heard_s(envelope=False)
    heard = f", heard {heard_s:.0f} s ago" if math.isfinite(heard_s) else ""
    return f"{'connected' if socket.connected() else 'not connected'}, {socket.connections()} connections{heard}"


def held(parts: Mapping[str, Callable[[], bool]]) -> dict[str, bool]:
    """Which parts hold now."""
    return {part: holds() for part, holds in parts.items()}
