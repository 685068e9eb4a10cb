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
class Press:
    """A button of an answer: `action` is its action id ("answer.range.wider"), `value` what the bot once put into it.

    `ts` is the message that holds the button; with `ephemeral` only the presser sees it, and only `response_url` can edit it.
    """

    action: str
    value: str
    user: str
    team: str
    place: Place
    ts: str
    response_url: str
    ephemeral: bool = False


class Desk(Protocol):
    """What the listeners hand over to. Every method returns within milliseconds: the work itself is done in a pool."""

    def command(self, heard: Command) -> str:
        """The private line that acknowledges the command ("Checking checkout, last 6 h …", or what is wrong with it)."""
        ...

    def mention(self, heard: Mention) -> None: ...

    def press(self, heard: Press) -> None: ...
