"""The front desk: takes what was heard, acknowledges it in a line, and has the work done in the pool.

Everything slow happens in the pool's jobs: the person's time zone, the answer, the upload, the posts.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from typing import Protocol

from bot.answer import Analyst
from bot.config import Config
from bot.observe import Metrics, reference
from bot.ports import ChatError
from bot.slack.buttons import pressed
from bot.slack.chat import Chat
from bot.slack.heard import Command, Mention, Press
from bot.slack.posting import Asker, Posting
from bot.slack.text import escape
from bot.telling import words
from bot.work import Job, Pool
from commands import DEFAULT_SECTION, SECTIONS
from commands.args import BadInput, OnCall, Wish, Words, parse
from commands.words import listed

SLOW_S = 2.5  # after this long a person wants to know what is awaited
ASKING = "Asking PagerDuty who is on call …"
BUSY = "paybot is busy: try again in a moment."
TOLD = 500  # private lines that may wait to be said
JOIN_S = 2.0
FARTHEST = ("Pacific/Kiritimati", "Etc/GMT+12")  # where a day begins first, and where it ends last
RESTARTED = "paybot is restarting, and your answer was not ready in time. Please ask again in a moment."
TELLERS = 16  # private lines at once when the bot stops: all are told within a second or two

log = logging.getLogger(__name__)


class TakesJobs(Protocol):
    """A bounded pool: False at once when it is full. Jobs of one user do not push aside those of others."""

    def submit(self, user: str, job: Job) -> bool: ...


class FrontDesk:
    """Implements `bot.slack.heard.Desk`."""

    def __init__(
        self,
        config: Config,
        analyst: Analyst,
        delivery: Chat,
        posting: Posting,
        pool: TakesJobs,
        metrics: Metrics,
        now: Callable[[], datetime],
        slow_s: float = SLOW_S,
    ) -> None:
        self._config = config
        self._analyst = analyst
        self._delivery = delivery
        self._posting = posting
        self._pool = pool
        self._metrics = metrics
        self._now = now
        self._slow_s = slow_s
        self._tellers = Pool(TELLERS, TOLD, TOLD)
        self._owed: dict[object, Asker] = {}  # who has been promised an answer that has not come yet

    def command(self, heard: Command) -> str:
        """The private line that acknowledges the command."""
        zone = self._delivery.known_zone(heard.user)
        try:
            wish = self._parse(heard.text, zone) if zone else self._parse_somewhere(heard.text)
        except BadInput as error:
            self._metrics.command("none", "bad_input")
            return escape(str(error))
        asker = Asker(heard.user, heard.place, heard.response_url)
        if isinstance(wish, OnCall):
            return ASKING if self._submit(asker, "oncall", partial(self._tell_on_call, asker)) else BUSY
        if not isinstance(wish, Wish):
            self._metrics.command(type(wish).__name__.lower(), "accepted")
            return escape(self._words(wish, zone or self._config.timezone))
        job = partial(self._answer_command, asker, heard.text, wish if zone else None)
        return escape(checking(wish)) if self._submit(asker, wish.ask.section, job) else BUSY

    def mention(self, heard: Mention) -> None:
        asker = Asker(heard.user, heard.place)
        if not self._submit(asker, "mention", partial(self._answer_mention, asker, heard.text)):
            self._tell_busy(asker)

    def press(self, heard: Press) -> None:
        asker = Asker(heard.user, heard.place, heard.response_url)
        if not self._submit(asker, "button", partial(self._answer_press, heard)):
            self._tell_busy(asker)

    def stop(self, timeout_s: float) -> None:
        """Tells those whose answers will not come any more; for when the pool has stopped. Returns after `timeout_s` at most."""
        for asker in tuple(self._owed.values()):
            self._tellers.submit(asker.user, partial(self._posting.tell, asker, RESTARTED))
        self._tellers.stop(timeout_s)

    def _submit(self, asker: Asker, name: str, job: Callable[[], None]) -> bool:
        promise = object()
        self._owed[promise] = asker
        accepted = self._pool.submit(asker.user, partial(self._kept, promise, partial(self._guarded, asker, job)))
        if not accepted:
            del self._owed[promise]
        self._metrics.command(name, "accepted" if accepted else "busy")
        return accepted

    def _tell_busy(self, asker: Asker) -> None:
        """An acknowledgement of a mention or a press has no words: they are said beside it, by threads that nothing else has."""
        log.warning("busy: a mention or a press got no answer")
        self._tellers.submit(asker.user, partial(self._posting.tell, asker, BUSY))

    def _kept(self, promise: object, job: Callable[[], None]) -> None:
        """Runs a job; whatever came of it, its asker has heard."""
        try:
            job()
        finally:
            del self._owed[promise]

    def _guarded(self, asker: Asker, job: Callable[[], None]) -> None:
        """Runs a job: wrong input is told in its own words, Slack's refusals in ours, a fault of ours with a reference."""
        with reference(secrets.token_hex(4)) as known_as:
            try:
                job()
            except BadInput as error:
                self._posting.tell(asker, escape(str(error)))
            except ChatError as error:
                log.warning("Slack refused", extra={"code": error.code})
                self._posting.tell(asker, escape(error.said))
            except Exception:  # the top of the job: anything else is a bug, logged once with its traceback
                log.exception("a job failed")
                self._posting.tell(asker, f"Something went wrong inside paybot. Its log has the reason under `{known_as}`.")

    def _answer_command(self, asker: Asker, text: str, known: Wish | None) -> None:
        wish = known or self._wish(asker, text)
        with self._telling_what_is_awaited(asker, wish):
            answer = self._analyst.answer(wish.ask)
        if wish.only_me:
            self._posting.privately(asker, answer)
        else:
            self._posting.everywhere(asker, answer, csv=wish.csv)

    def _answer_mention(self, asker: Asker, text: str) -> None:
        wish = self._wish(asker, text)
        answer = self._analyst.answer(wish.ask)
        if wish.only_me:
            self._posting.privately(asker, answer)
        else:
            self._posting.in_thread(asker.place, answer, csv=wish.csv)

    def _answer_press(self, heard: Press) -> None:
        wanted = pressed(heard.action, heard.value, self._now(), self._config.env)
        self._posting.edit(heard, self._analyst.answer(wanted.ask), only_me=wanted.only_me, csv=wanted.csv)

    def _words(self, asked: Words, zone: str) -> str:
        return words(asked, self._analyst, self._config, zone, self._now())

    def _tell_on_call(self, asker: Asker) -> None:
        self._posting.tell(asker, escape(self._words(OnCall(), self._zone(asker.user))), instead=True)

    def _parse(self, text: str, zone: str) -> Wish | Words:
        return parse(
            text,
            now=self._now(),
            zone=zone,
            env=self._config.env,
            sections=tuple(SECTIONS),
            default_section=DEFAULT_SECTION,
        )

    def _parse_somewhere(self, text: str) -> Wish | Words:
        """As `_parse`, while the asker's zone is not known: refused is only what is wrong on every side of the date line."""
        try:
            return self._parse(text, self._config.timezone)
        except BadInput:
            for zone in FARTHEST:
                with suppress(BadInput):
                    return self._parse(text, zone)
            raise

    def _wish(self, asker: Asker, text: str) -> Wish:
        """What the person asked, in their own time zone; asked for words, they are told those."""
        zone = self._zone(asker.user)
        wish = self._parse(text, zone)
        if not isinstance(wish, Wish):
            raise BadInput(self._words(wish, zone))
        return wish

    def _zone(self, user: str) -> str:
        try:
            return self._delivery.zone(user) or self._config.timezone
        except ChatError as error:
            log.warning("the asker's time zone is not known", extra={"code": error.code})
            return self._config.timezone

    @contextmanager
    def _telling_what_is_awaited(self, asker: Asker, wish: Wish) -> Iterator[None]:
        """Updates the private line when the sources are slow, and again when they are done."""
        told = threading.Event()
        timer = threading.Timer(self._slow_s, self._tell_what_is_awaited, (asker, wish, told))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            if told.is_set():
                timer.join(JOIN_S)  # what is being said now must not stand behind what is said next
                self._posting.tell(asker, escape(f"Checked {about(wish)}."), instead=True)

    def _tell_what_is_awaited(self, asker: Asker, wish: Wish, told: threading.Event) -> None:
        if awaited := self._analyst.awaited(wish.ask):
            told.set()
            self._posting.tell(asker, escape(f"{checking(wish)} Still waiting for {listed(awaited)}."), instead=True)


def checking(wish: Wish) -> str:
    """ "Checking checkout, last 6 h, against yesterday …" """
    return f"Checking {about(wish)} …"


def about(wish: Wish) -> str:
    """ "checkout, last 6 h, against yesterday" """
    against = f", against {wish.ask.against.words}" if wish.ask.against else ""
    return f"{wish.ask.section}, {wish.ask.window.words}{against}"
