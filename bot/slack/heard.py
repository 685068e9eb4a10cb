"""What is heard from Slack, as frozen values that know nothing of Bolt; every text in them is untrusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody spoke: the channel's ID, its name where Slack tells it, and the thread's ts ("" outside threads)."""

    channel: str
    name: str = ""
    thread_ts: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """A slash command. `response_url` takes five private lines in 30 minutes, even where the bot is not a member."""

    text: str
    user: str
    team: str
    place: Place
    response_url: str


@dataclass(frozen=True, slots=True)
class Mention:
    """`@paybot checkout 1h`: `text` without the mention; answered in the thread of `place`, which it may begin itself."""

    text: str
    user: str
    team: str
    place: Place


@dataclass(frozen=True, slots=True)
class Shortcut:
    """Somebody asked of a message what was happening then: `ts` says when it was written, in a form that nobody has checked.

    `place` has the thread that the message stands in, or that it begins.
    """

    ts: str
    user: str
    team: str
    place: Place
    response_url: str


@dataclass(frozen=True, slots=True)
class Opened:
    """Somebody opened the bot's Home."""

    user: str
    team: str


@dataclass(frozen=True, slots=True)
class Press:
    """A button, or a choice in a menu: `action` is its action id ("answer.range.wider"), `value` what the bot once put into it.

    `ts` is the message that holds the button; with `ephemeral` only the presser sees it, and only `response_url` can edit it.
    In App Home there is neither channel nor message nor `response_url`: all three are "".
    `trigger` opens a modal for the presser, within 3 s.
    """

    action: str
    value: str
    user: str
    team: str
    place: Place
    ts: str
    response_url: str
    ephemeral: bool = False
    trigger: str = ""


@dataclass(frozen=True, slots=True)
class Submission:
    """What somebody wrote into a modal and sent: `text`; `kept` is what the bot put into the modal when it opened it."""

    text: str
    kept: str
    user: str
    team: str


class Desk(Protocol):
    """What the listeners hand over to. Every method returns within milliseconds: the work itself is done in a pool."""

    def command(self, heard: Command) -> str:
        """The private line that acknowledges the command ("Checking checkout, last 6 h …", or what is wrong with it)."""
        ...

    def mention(self, heard: Mention) -> None: ...

    def shortcut(self, heard: Shortcut) -> None: ...

    def press(self, heard: Press) -> None: ...


class AppHome(Protocol):
    """What the listeners hand App Home's openings and controls over to; as quick as a Desk."""

    def opened(self, heard: Opened) -> None: ...

    def press(self, heard: Press) -> None: ...


class Alerts(Protocol):
    """What the listeners hand alerts' buttons and modals over to; as quick as a Desk."""

    def press(self, heard: Press) -> None: ...

    def submitted(self, heard: Submission) -> str:
        """What is wrong with what was written, shown under it; "" where it was taken and the modal may close."""
        ...
