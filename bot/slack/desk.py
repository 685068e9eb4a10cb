"""The front desk: takes what was heard, acknowledges it in a line, and has the work done in the pool.

Everything slow happens in the pool's jobs: the person's time zone, the answer, the upload, the posts.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from bot.answer import Analyst, Answer
from bot.config import Config
from bot.observe import Metrics
from bot.people import USUAL, People, Settings
from bot.ports import ChatError
from bot.slack.buttons import pressed
from bot.slack.chat import Chat
from bot.slack.heard import Command, Mention, Press, Shortcut
from bot.slack.messages import Message
from bot.slack.posting import Asker, Posting
from bot.slack.promises import BUSY, RESTARTED, Promises, TakesJobs
from bot.slack.shortcut import ask_around
from bot.slack.text import escape
from bot.telling import words
from commands import DEFAULT_SECTION, SECTIONS
from commands.args import Alerts, Backtest, BadInput, Digest, OnCall, Status, Wish, Words, parse
from commands.words import listed

__all__ = ["BUSY", "RESTARTED", "FrontDesk", "Tools"]

ASKING = {
    OnCall: "Asking PagerDuty who is on call …",
    Alerts: "Looking up the alerts …",
    Digest: "Looking up what the stand-up digest would say now …",
    Status: "Looking up how paybot does …",
    Backtest: "Looking up what would have fired; this may take a minute …",
}
NOT_ALONE = (
    "`csv` puts a file where the whole channel sees it, and you have set in App Home that answers are for you alone: "
    "add `shared`, or leave out `csv`."
)
JOIN_S = 2.0
FARTHEST = ("Pacific/Kiritimati", "Etc/GMT+12")  # where a day begins first, and where it ends last

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tools:
    """What the desk asks of the alert system; all take the asker's time zone, and without them the words say what there is.

    `open_alerts` gives what is open, with its buttons; `backtest` what a rule would have done, as mrkdwn that is not escaped yet
    (it may raise BadInput); `digest` what a stand-up digest would say now; `people` what they have set for themselves; `status`
    how paybot does.
    """

    open_alerts: Callable[[str], Message] | None = None
    backtest: Callable[[Backtest, str], str] | None = None
    digest: Callable[[str], Message] | None = None
    people: People | None = None
    status: Callable[[str], Message] | None = None


class FrontDesk:
    """Implements `bot.slack.heard.Desk`. After `slow_s` a person is told what is awaited."""

    slow_s = 2.5

    def __init__(
        self,
        config: Config,
        analyst: Analyst,
        delivery: Chat,
        posting: Posting,
        pool: TakesJobs,
        metrics: Metrics,
        now: Callable[[], datetime],
        tools: Tools | None = None,
    ) -> None:
        self._config = config
        self._analyst = analyst
        self._delivery = delivery
        self._posting = posting
        self._promises = Promises(pool, posting)
        self._metrics = metrics
        self._now = now
        self._tools = tools or Tools()

    def command(self, heard: Command) -> str:
        """The private line that acknowledges the command."""
        zone = self._known_zone(heard)
        try:
            wish = self._parse(heard.text, zone) if zone else self._parse_somewhere(heard.text)
        except BadInput as error:
            self._metrics.command("none", "bad_input")
            return escape(str(error))
        asker = Asker(heard.user, heard.place, heard.response_url, heard.team)
        if isinstance(wish, OnCall | Alerts | Digest | Status | Backtest):
            job = partial(self._tell_asked, asker, wish)
            return ASKING[type(wish)] if self._submit(asker, type(wish).__name__.lower(), job) else BUSY
        if not isinstance(wish, Wish):
            self._metrics.command(type(wish).__name__.lower(), "accepted")
            return escape(self._words(wish, zone or self._config.timezone))
        job = partial(self._answer_command, asker, heard.text, wish if zone else None)
        return escape(checking(wish)) if self._submit(asker, wish.ask.section, job) else BUSY

    def mention(self, heard: Mention) -> None:
        asker = Asker(heard.user, heard.place, team=heard.team)
        if not self._submit(asker, "mention", partial(self._answer_mention, asker, heard.text)):
            self._promises.tell_busy(asker)

    def shortcut(self, heard: Shortcut) -> None:
        asker = Asker(heard.user, heard.place, heard.response_url, heard.team)
        if not self._submit(asker, "shortcut", partial(self._answer_shortcut, asker, heard.ts)):
            self._promises.tell_busy(asker)

    def press(self, heard: Press) -> None:
        asker = Asker(heard.user, heard.place, heard.response_url, heard.team)
        if not self._submit(asker, "button", partial(self._answer_press, heard)):
            self._promises.tell_busy(asker)

    def stop(self, timeout_s: float) -> None:
        """Tells those whose answers will not come any more; for when the pool has stopped. Returns after `timeout_s` at most."""
        self._promises.stop(timeout_s)

    def _submit(self, asker: Asker, name: str, job: Callable[[], None]) -> bool:
        accepted = self._promises.submit(asker, job)
        self._metrics.command(name, "accepted" if accepted else "busy")
        return accepted

    def _answer_command(self, asker: Asker, text: str, known: Wish | None) -> None:
        wish = known or self._wish(asker, text)
        for_one = self._for_one(asker, wish)
        with self._telling_what_is_awaited(asker, wish):
            answer = self._analyst.answer(wish.ask)
        if for_one:
            self._posting.privately(asker, self._as_liked(asker.team, asker.user, answer))
        else:
            self._posting.everywhere(asker, answer, csv=wish.csv)

    def _answer_mention(self, asker: Asker, text: str) -> None:
        wish = self._parse(text, self._zone(asker))
        if not isinstance(wish, Wish):
            self._tell_asked(asker, wish)
            return
        for_one = self._for_one(asker, wish)
        answer = self._analyst.answer(wish.ask)
        if for_one:
            self._posting.privately(asker, self._as_liked(asker.team, asker.user, answer))
        else:
            self._posting.in_thread(asker.place, answer, csv=wish.csv)

    def _answer_shortcut(self, asker: Asker, ts: str) -> None:
        """What was happening around a message: in its thread, or to whoever has set that answers are for them alone."""
        answer = self._analyst.answer(ask_around(ts, self._now(), self._zone(asker), self._config.env))
        if self._own(asker.team, asker.user).only_me:
            self._posting.privately(asker, self._as_liked(asker.team, asker.user, answer))
        else:
            self._posting.in_thread_or_words(asker, answer)

    def _answer_press(self, heard: Press) -> None:
        wanted = pressed(heard.action, heard.value, self._now(), self._config.env)
        answer = self._analyst.answer(wanted.ask)
        liked = self._as_liked(heard.team, heard.user, answer) if heard.ephemeral else answer
        self._posting.edit(heard, liked, only_me=wanted.only_me, csv=wanted.csv)

    def _own(self, team: str, user: str) -> Settings:
        """What somebody has set for themselves; may ask the store."""
        return self._tools.people.of(team, user) if self._tools.people else USUAL

    def _for_one(self, asker: Asker, wish: Wish) -> bool:
        """Whether the answer is for its asker alone: by their word, else by their own setting. Raises BadInput for a file."""
        alone = wish.only_me or (not wish.shared and self._own(asker.team, asker.user).only_me)
        if alone and wish.csv:
            raise BadInput(NOT_ALONE)
        return alone

    def _as_liked(self, team: str, user: str, answer: Answer) -> Answer:
        """An answer for one person alone, its picture in the theme that they like."""
        return self._analyst.themed(answer, self._own(team, user).theme)

    def _known_zone(self, heard: Command) -> str:
        """The asker's zone if all that makes it is at hand, else ""; asks nobody."""
        mine = self._tools.people.known(heard.team, heard.user) if self._tools.people else USUAL
        return (mine.zone or self._delivery.known_zone(heard.user) or "") if mine else ""

    def _words(self, asked: Words, zone: str) -> str:
        return words(asked, self._analyst, self._config, zone, self._now())

    def _tell_asked(self, asker: Asker, asked: Words) -> None:
        """To a question that is answered in words, or with the alerts and their buttons: to the asker alone."""
        zone = self._zone(asker)
        if isinstance(asked, Alerts) and self._tools.open_alerts:
            self._show(asker, self._tools.open_alerts(zone))
        elif isinstance(asked, Digest) and self._tools.digest:
            self._show(asker, self._tools.digest(zone))
        elif isinstance(asked, Status) and self._tools.status:
            self._show(asker, self._tools.status(zone))
        elif isinstance(asked, Backtest) and self._tools.backtest:
            self._posting.tell(asker, escape(self._tools.backtest(asked, zone)), instead=True)
        else:
            self._posting.tell(asker, escape(self._words(asked, zone)), instead=True)

    def _show(self, asker: Asker, message: Message) -> None:
        if asker.response_url:
            self._delivery.respond(asker.response_url, message, replace=True)
        else:
            self._delivery.ephemeral(asker.place.channel, asker.user, message, thread_ts=asker.place.thread_ts)

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
        zone = self._zone(asker)
        wish = self._parse(text, zone)
        if not isinstance(wish, Wish):
            raise BadInput(self._words(wish, zone))
        return wish

    def _zone(self, asker: Asker) -> str:
        try:
            own = self._own(asker.team, asker.user).zone
            return own or self._delivery.zone(asker.user) or self._config.timezone
        except ChatError as error:
            log.warning("the asker's time zone is not known", extra={"code": error.code})
            return self._config.timezone

    @contextmanager
    def _telling_what_is_awaited(self, asker: Asker, wish: Wish) -> Iterator[None]:
        """Updates the private line when the sources are slow, and again when they are done."""
        told = threading.Event()
        timer = threading.Timer(self.slow_s, self._tell_what_is_awaited, (asker, wish, told))
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
