"""Live updates for the pages that are open, as server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

WAITING = 500  # events; a page that lags behind further is let go, connects again and asks for everything
QUIET_S = 15.0  # a comment after so long keeps the connection alive

Ear = asyncio.Queue[str | None]


class Feed:
    """Everyone who listens. Used from the event loop's thread."""

    def __init__(self) -> None:
        self._ears: dict[Ear, str] = {}

    def tell(self, event: dict[str, Any], hears: Callable[[str], bool] = lambda user: True) -> None:
        """Sends an event to every open page whose person `hears` of it; never waits."""
        line = f"data: {json.dumps(event)}\n\n"
        for ear, user in tuple(self._ears.items()):
            if ear.qsize() >= WAITING:
                self._ears.pop(ear)
                ear.put_nowait(None)
            elif hears(user):
                ear.put_nowait(line)

    def close(self) -> None:
        """Ends every connection."""
        for ear in tuple(self._ears):
            ear.put_nowait(None)

    async def listen(self, user: str) -> AsyncIterator[str]:
        """What `user` may see from now on, until the feed is closed."""
        ear: Ear = asyncio.Queue()
        self._ears[ear] = user
        try:
            yield "retry: 1000\n\n"
            while (line := await self._next(ear)) is not None:
                yield line
        finally:
            self._ears.pop(ear, None)

    @staticmethod
    async def _next(ear: Ear) -> str | None:
        try:
            return await asyncio.wait_for(ear.get(), QUIET_S)
        except TimeoutError:
            return ": still here\n\n"
