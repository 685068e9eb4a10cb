"""What has been said where: messages, private lines and memberships, with a feed of every change.

Used from one thread, the server's event loop.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sandbox.workspace.cast import BOT, CHANNELS, EVERYBODY, SLACKBOT

MOST_MESSAGES = 1_000  # per channel; older ones are forgotten, as in Slack's free plan
MOST_TEXT = 40_000

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `ts` names it within its channel; with `private_to` it is a line that only that person sees."""

    channel: str
    user: str
    text: str = ""
    blocks: tuple[Json, ...] = ()
    thread_ts: str = ""
    private_to: str = ""
    files: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    ts: str = ""
    edited: bool = False

    @property
    def thread(self) -> str:
        """The ts of the thread that it stands in ("" for a message of the channel itself)."""
        return "" if self.thread_ts == self.ts else self.thread_ts


@dataclass(frozen=True, slots=True)
class Change:
    """What has happened to a message: "said", "edited" or "gone"."""

    kind: str
    message: Message


class Conversations:
    """The channels' contents. `now` tells the workspace's time; `heard` is told every change at once."""

    def __init__(self, now: Callable[[], datetime], heard: Callable[[Change], None]) -> None:
        self._now = now
        self._heard = heard
        self._messages: dict[str, dict[str, Message]] = {channel: {} for channel in CHANNELS}
        self._order: dict[str, deque[str]] = {channel: deque() for channel in CHANNELS}
        self._members = {channel.id for channel in CHANNELS.values() if channel.invited}
        self._last_us = 0

    def has_bot(self, channel: str) -> bool:
        return channel in self._members

    def invite_bot(self, channel: str, by: str) -> None:
        """Makes the bot a member and says so in the channel."""
        self._members.add(channel)
        self.say(Message(channel, SLACKBOT.id, f"<@{BOT.id}> was added to <#{channel}> by <@{by}>."))

    def say(self, message: Message, at: datetime | None = None) -> Message:
        """Adds the message with a ts of its own (later than all before it) and gives it back."""
        said = replace(message, ts=self._stamp(at or self._now()), text=message.text[:MOST_TEXT])
        self._messages[said.channel][said.ts] = said
        self._order[said.channel].append(said.ts)
        if len(self._order[said.channel]) > MOST_MESSAGES:
            self._messages[said.channel].pop(self._order[said.channel].popleft(), None)
        self._heard(Change("said", said))
        return said

    def edit(
        self, channel: str, ts: str, text: str, blocks: tuple[Json, ...], metadata: Mapping[str, Any] | None = None
    ) -> Message:
        """Replaces what a message says, and its metadata if there are new ones; KeyError when it is not there."""
        old = self._messages[channel][ts]
        kept = old.metadata if metadata is None else metadata
        edited = replace(old, text=text[:MOST_TEXT], blocks=blocks, metadata=kept, edited=True)
        self._messages[channel][ts] = edited
        self._heard(Change("edited", edited))
        return edited

    def remove(self, channel: str, ts: str) -> None:
        """Takes a message away; KeyError when it is not there."""
        self._heard(Change("gone", self._messages[channel].pop(ts)))
        self._order[channel].remove(ts)

    def find(self, channel: str, ts: str) -> Message | None:
        return self._messages.get(channel, {}).get(ts)

    def history(self, channel: str, *, user: str = "") -> tuple[Message, ...]:
        """Everything in the channel and its threads, oldest first: what all see, and the private lines of `user`."""
        return tuple(said for said in self._messages[channel].values() if said.private_to in ("", user))

    def thread(self, channel: str, ts: str) -> tuple[Message, ...]:
        """The message and all replies to it that everybody sees, oldest first."""
        return tuple(said for said in self.history(channel) if ts in (said.ts, said.thread))

    def everything(self, user: str) -> Iterator[Message]:
        """All that `user` can see, channel by channel."""
        person = EVERYBODY.get(user)
        for channel in filter(person.sees, self._messages) if person else self._messages:
            yield from self.history(channel, user=user)

    def _stamp(self, at: datetime) -> str:
        self._last_us = max(int(at.timestamp() * 1_000_000), self._last_us + 1)
        return f"{self._last_us // 1_000_000}.{self._last_us % 1_000_000:06d}"
