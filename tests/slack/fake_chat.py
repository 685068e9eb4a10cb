"""A chat that keeps lists of what it was told, and refuses what a test wants refused."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.slack.delivery import Me, Posted
from bot.slack.messages import Message
from bot.slack.refusals import refusal


@dataclass(frozen=True, slots=True)
class Said:
    """One message as it went out: where, to whom ("" for all), in which thread, instead of what."""

    where: str
    message: Message
    user: str = ""
    thread_ts: str = ""
    replaces: str = ""

    @property
    def text(self) -> str:
        return self.message.text

    def pictures(self) -> list[str]:
        return [block["slack_file"]["id"] for block in self.message.blocks if "slack_file" in block]


@dataclass
class FakeChat:
    """`refuses` maps a channel, or the name of a method, to the code it is refused with."""

    zones: dict[str, str] = field(default_factory=dict)
    known: bool = True
    refuses: dict[str, str] = field(default_factory=dict)
    posted: list[Said] = field(default_factory=list)
    edited: list[Said] = field(default_factory=list)
    private: list[Said] = field(default_factory=list)
    uploads: list[tuple[str, bytes]] = field(default_factory=list)
    files: list[tuple[str, str, bytes]] = field(default_factory=list)

    def me(self) -> Me:
        return Me("U0PAYBOT", "T0SHOP", "B0PAYBOT")

    def zone(self, user: str) -> str | None:
        self._maybe_refuse("zone")
        return self.zones.get(user)

    def known_zone(self, user: str) -> str | None:
        return self.zones.get(user) if self.known else None

    def upload(self, png: bytes, filename: str, title: str, alt: str) -> str:
        self._maybe_refuse("upload")
        self.uploads.append((filename, png))
        return f"F{len(self.uploads):08}"

    def post(self, channel: str, message: Message, thread_ts: str = "", *, without_picture: Message | None = None) -> Posted:
        self._maybe_refuse(channel)
        self.posted.append(Said(channel, message, thread_ts=thread_ts))
        return Posted(channel, f"1700000000.{len(self.posted):06}")

    def update(self, channel: str, ts: str, message: Message, *, without_picture: Message | None = None) -> None:
        self._maybe_refuse(channel)
        self.edited.append(Said(channel, message, replaces=ts))

    def ephemeral(
        self, channel: str, user: str, message: Message, thread_ts: str = "", *, without_picture: Message | None = None
    ) -> None:
        self._maybe_refuse(channel)
        self.private.append(Said(channel, message, user, thread_ts))

    def respond(
        self, response_url: str, message: Message | str, *, replace: bool = False, without_picture: Message | None = None
    ) -> None:
        self._maybe_refuse("respond")
        said = Message(message) if isinstance(message, str) else message
        self.private.append(Said(response_url, said, replaces="original" if replace else ""))

    def share(self, channel: str, thread_ts: str, content: bytes, filename: str, title: str) -> str:
        self._maybe_refuse("share")
        self.files.append((channel, thread_ts, content))
        return f"https://files.example.test/{filename}"

    def permalink(self, channel: str, ts: str) -> str:
        self._maybe_refuse("permalink")
        return f"https://shop.example.test/archives/{channel}/p{ts}"

    def _maybe_refuse(self, what: str) -> None:
        if what in self.refuses:
            raise refusal(self.refuses[what])
