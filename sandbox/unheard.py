"""Half an exchange: what was asked is done, and the connection breaks off before the answer."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.faults import Faults, hang_up


@dataclass(frozen=True)
class Unheard:
    """An ASGI app in front of `app` whose answers nobody hears while `source` gives half an answer."""

    app: ASGIApp
    source: str
    faults: Faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self.faults.partial(self.source):
            await self.app(scope, receive, send)
            return
        await self.app(scope, receive, swallow)
        await hang_up(receive)


async def swallow(message: Message) -> None:
    """Nothing: the answer is lost."""
