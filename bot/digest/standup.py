"""The stand-up put together: the thread that makes what is due, the way to Slack, the buttons' desk, and the preview."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final

from bot.alerts.actions import Roles
from bot.config import Config
from bot.digest.book import Book
from bot.digest.calendar import DAY, Plan
from bot.digest.content import Shown
from bot.digest.maker import Answers, Maker, Upload
from bot.digest.plan import plan_of
from bot.digest.runner import Digests, Due
from bot.digest.takes import Takes
from bot.ports import StoreError
from bot.slack.alert_posting import AlertPosting
from bot.slack.alert_shown import Ways
from bot.slack.chat import AlertChat
from bot.slack.digest_desk import DigestDesk
from bot.slack.digest_message import digest_message
from bot.slack.digest_remote import SlackDigests
from bot.slack.messages import Message
from bot.slack.promises import TakesJobs, Tells
from bot.store.database import Database

UNASKED_S: Final = 5.0  # it is looked so often even where nothing is scheduled any more
AGAIN_S: Final = 60.0  # after a fault of paybot's own
STOP_S: Final = 1.0
EARLY: Final = timedelta(minutes=5)  # so long before it is due its questions are asked: a cold archive takes its time
MINUTE: Final = timedelta(minutes=1)
DONE: Final = (date.min, 0)
LEAST: Final = timedelta(hours=1)  # that a preview looks back
PREVIEW: Final = "Only you see this: what the stand-up digest would say now. Its picture and buttons come with it."

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the stand-up shares with the alert system. `ready` says whether the store may be used."""

    config: Config
    database: Database
    analyst: Answers
    chat: AlertChat
    posting: Tells
    lane: TakesJobs
    roles: Roles
    secret: bytes = field(repr=False)
    owner: str
    now: Callable[[], datetime]
    wake: Callable[[], None]
    ready: Callable[[], bool]


class Standup:
    """Nothing is made before `start`; the preview needs none."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._plan = plan_of(parts.config)
        self._book = Book(parts.database, parts.config.env, parts.now)
        self._maker = maker(parts.config, parts.analyst, self._book, parts.chat.upload)
        grace = parts.config.digest.grace
        self._digests = Digests(parts.database, self._plan, grace, self._maker, parts.now, owner=parts.owner, wake=parts.wake)
        self._takes = Takes(parts.database, parts.roles, self._plan.name, parts.wake, parts.now)
        self.desk = DigestDesk(self._takes, parts.secret, parts.lane, parts.posting)
        self._rehearsed: tuple[date, int] | None = None
        self._look = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stand-up", daemon=True)

    def start(self) -> None:
        """Looks from now on whether a digest is due, whenever `look` says so, where the settings want any."""
        if self._parts.config.digest.enabled:
            self._thread.start()

    def look(self) -> None:
        """A digest may be due. Returns at once."""
        self._look.set()

    def stop(self) -> None:
        """Ends that; a digest that is being made then is another process's, or the next start's."""
        self._stopping.set()
        self._look.set()
        if self._thread.ident is not None:
            self._thread.join(STOP_S)

    def remote(self, posting: AlertPosting, ways: Ways) -> SlackDigests:
        """How digests reach Slack; `ways` are the alerts', whose fallback is theirs, too."""
        return remote(self._parts.config, self._parts.chat, posting, self._book, ways, self._parts.secret, self._parts.roles.name)

    def post(self) -> str:
        """Makes today's digest now and owes it; "" where it did, else why not. Raises StoreError."""
        return self._digests.post(self._parts.now().astimezone(self._plan.tz).date())

    def preview(self, zone: str) -> Message:
        """What a digest would say now, for one person, in their zone; without buttons."""
        content, concerns = self._maker.preview(previewed(self._plan, self._parts.now(), zone))
        return digest_message(Shown(content=content, concerns=concerns), name=self._parts.roles.name, notice=PREVIEW)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._look.wait(UNASKED_S)
            self._look.clear()
            try:
                if self._parts.ready() and not self._stopping.is_set():
                    self._digests.run_due()
                    self._takes.write_late()
                    self._rehearse()  # at last: it may take until something is due
            except StoreError as error:
                log.warning("the digest waits for the store", extra={"said": error.said})
            except Exception:  # the top of the thread: told, and tried again
                log.exception("the digest could not be made")
                self._stopping.wait(AGAIN_S)

    def _rehearse(self) -> None:
        """Asks a few minutes early what the digest will ask, once a minute until all have it at hand."""
        now = self._parts.now()
        day = now.astimezone(self._plan.tz).date()
        left = self._plan.due(day) - now
        turn = day, left // MINUTE
        if timedelta(0) < left <= EARLY and self._plan.is_due_on(day) and self._rehearsed not in {turn, DONE}:
            complete = self._maker.rehearse(self._digests.due_at(day, now))
            self._rehearsed = DONE if complete else turn
        elif left > EARLY:
            self._rehearsed = None


def maker(config: Config, analyst: Answers, book: Book, upload: Upload | None) -> Maker:
    """What makes digests here."""
    return Maker(analyst, book.standing, config.env, upload)


def remote(
    config: Config,
    chat: AlertChat,
    posting: AlertPosting,
    book: Book,
    ways: Ways,
    secret: bytes,
    name: Callable[[str], str],
) -> SlackDigests:
    """The digest's way to its own channel, or to the home channel."""
    channel = config.digest.channel or ways.fallback
    return SlackDigests(chat, posting, book, replace(ways, channel=channel), secret, name)


def previewed(plan: Plan, now: datetime, zone: str = "") -> Due:
    """What a digest would tell of that is asked for now: since the last stand-up, or the one before where that is just over."""
    day = plan.newest(now) or now.astimezone(plan.tz).date() - DAY
    start = plan.due(day) if now - plan.due(day) >= LEAST else plan.due(plan.before(day))
    return Due(plan.name, now.astimezone(plan.tz).date(), min(start, now - LEAST), now, zone or plan.zone)
