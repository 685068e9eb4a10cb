"""What the desk and alerts need of Slack, as protocols: `bot.slack.delivery.Delivery` in production, a list in tests."""

from __future__ import annotations

from typing import Protocol

from bot.slack.delivery import Me, Posted
from bot.slack.messages import Message


class Chat(Protocol):
    """Every method raises ChatError and nothing else, and waits with a limit. See Delivery for what each does."""

    def me(self) -> Me: ...

    def zone(self, user: str) -> str | None: ...

    def known_zone(self, user: str) -> str | None: ...

    def upload(self, png: bytes, filename: str, title: str, alt: str) -> str: ...

    def post(self, channel: str, message: Message, thread_ts: str = "", *, without_picture: Message | None = None) -> Posted: ...

    def update(self, channel: str, ts: str, message: Message, *, without_picture: Message | None = None) -> None: ...

    def ephemeral(
        self, channel: str, user: str, message: Message, thread_ts: str = "", *, without_picture: Message | None = None
    ) -> None: ...

    def respond(
        self, response_url: str, message: Message | str, *, replace: bool = False, without_picture: Message | None = None
    ) -> None: ...

    def share(self, channel: str, thread_ts: str, content: bytes, filename: str, title: str) -> str: ...

    def permalink(self, channel: str, ts: str) -> str: ...


class AlertChat(Protocol):
    """What alerts need of it: posts that can be found again, and calls that wait no longer for their turn than they are told."""

    def post(
        self,
        channel: str,
        message: Message,
        thread_ts: str = "",
        *,
        without_picture: Message | None = None,
        key: str = "",
        patience_s: float = ...,
    ) -> Posted: ...

    def update(
        self, channel: str, ts: str, message: Message, *, without_picture: Message | None = None, patience_s: float = ...
    ) -> None: ...

    def find(self, channel: str, key: str, oldest: float, thread_ts: str = "") -> tuple[str, ...]: ...

    def delete(self, channel: str, ts: str) -> None: ...

    def upload(self, png: bytes, filename: str, title: str, alt: str) -> str: ...
