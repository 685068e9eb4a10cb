"""What an alert's message shows and where it stands, as far as the store knows."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from bot.alerts.episode import Episode
from bot.alerts.intent import Intent, SendError
from bot.slack.alert_message import REPEATED
from bot.slack.delivery import moment

REPEAT: Final = "may_repeat"  # in the payload of what is sent although it may have arrived
LOCKS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """What is known of episodes, and where is kept what Slack makes of them. Every function may raise StoreError.

    `placed(id, channel, ts)` says where an episode's message stands, `charted(id, file)` names its chart; neither changes a
    version, so that presses on the message stay valid. `open_now` gives the episodes that go on, the oldest first.
    """

    episode_of: Callable[[str], Episode | None]
    bundle_of: Callable[[str], tuple[Episode, ...]]
    placed: Callable[[str, str, str], None]
    charted: Callable[[str, str], None]
    open_now: Callable[[], tuple[Episode, ...]] = tuple


def undrawn(episode: Episode) -> tuple[bytes, str] | None:
    """There is no chart."""
    return None


def at_once(job: Callable[[], None]) -> None:
    """Does it here and now."""
    job()


def unheard(bad: bool) -> None:
    """Nobody wants to know whether the token is bad."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """Where alerts stand (`channel`, and `fallback` for what that does not take), and who else takes part.

    `draw` gives a chart and its alt text ("" for the usual one), `background` runs what nothing may wait for, and `token_bad`
    hears after each intent whether Slack refused the bot's token.
    """

    channel: str
    fallback: str
    draw: Callable[[Episode], tuple[bytes, str] | None] = undrawn
    background: Callable[[Callable[[], None]], object] = at_once
    token_bad: Callable[[bool], None] = unheard
    seconds: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def other(self, channel: str) -> str:
        """Where that goes which this channel does not take."""
        return self.fallback if channel == self.channel else self.channel


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message stands; as text it is what the outbox keeps: "C0123/1700000000.000100"."""

    channel: str
    ts: str

    def __str__(self) -> str:
        return f"{self.channel}/{self.ts}"

    @property
    def moment(self) -> tuple[float, str]:
        """By what messages are sorted in time."""
        return moment(self.ts)


@dataclass(frozen=True, slots=True)
class Shown:
    """What one message shows: an episode, or all of a bundle. `key` is how the message is found again."""

    episodes: tuple[Episode, ...]
    key: str
    bundled: bool = False
    notice: str = ""

    @property
    def place(self) -> Place | None:
        """Where it stands; None while it stands nowhere."""
        return next((Place(each.channel, each.ts) for each in self.episodes if each.ts), None)

    def with_notice(self, notice: str) -> Shown:
        """The same with a line for the readers of this copy."""
        return replace(self, notice=notice)

    def placed(self, place: Place, book: Book) -> None:
        """From now on it stands there."""
        for episode in self.episodes:
            book.placed(episode.id, place.channel, place.ts)


def shown_by(intent: Intent, book: Book) -> Shown:
    """What the intent's message shows, as the store has it now. Raises SendError where that is known no longer."""
    notice = REPEATED if is_repeat(intent) else ""
    if bundle := intent.payload.get("bundle"):
        if episodes := book.bundle_of(bundle):
            return Shown(episodes, bundle, bundled=True, notice=notice)
    elif episode := book.episode_of(intent.episode):
        return Shown((episode,), intent.key, notice=notice)
    raise SendError("This alert is no longer known.", "refused")


def is_repeat(intent: Intent) -> bool:
    """Whether it is sent although it may have arrived."""
    return REPEAT in intent.payload


@dataclass(frozen=True, slots=True)
class Locks:
    """A lock for each message, held from reading its episodes until Slack has them: nothing older may follow something newer."""

    all: tuple[threading.Lock, ...] = field(default_factory=lambda: tuple(threading.Lock() for _ in range(LOCKS)))

    def of(self, intent: Intent) -> threading.Lock:
        return self.named(intent.payload.get("bundle") or intent.episode)

    def named(self, known_as: str) -> threading.Lock:
        """The lock of an episode's own message, or of a bundle's."""
        return self.all[hash(known_as) % len(self.all)]
