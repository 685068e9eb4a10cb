"""A way to a server that can be cut, as networks are: at once, or so that nobody notices for a while."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

CHUNK: Final = 65_536


class Proxy:
    """Carries connections on loopback to `to_port`; `port` is its own. Threads may cut and heal it at any time."""

    def __init__(self, loop: asyncio.AbstractEventLoop, to_port: int) -> None:
        self._loop = loop
        self._to_port = to_port
        self._open = True
        self._flows = asyncio.Event()
        self._flows.set()
        self._ends: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def listen(self) -> None:
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Every connection ends at once, and none is taken."""
        self._loop.call_soon_threadsafe(self._cut)

    def freeze(self) -> None:
        """Nothing comes through any more, in either direction, and nobody is told."""
        self._loop.call_soon_threadsafe(self._flows.clear)

    def heal(self) -> None:
        """As before; what was held back comes through now."""
        self._loop.call_soon_threadsafe(self._mend)

    def _cut(self) -> None:
        self._open = False
        for end in tuple(self._ends):
            end.transport.abort()

    def _mend(self) -> None:
        self._open = True
        self._flows.set()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.add(writer)
        there: asyncio.StreamWriter | None = None
        try:
            await self._flows.wait()
            if self._open:
                back, there = await asyncio.open_connection("127.0.0.1", self._to_port)
                self._ends.add(there)
                await asyncio.gather(self._pump(reader, there), self._pump(back, writer))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            for end in (writer, there):
                if end:
                    self._ends.discard(end)
                    end.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK):
            await self._flows.wait()
            writer.write(data)
            await writer.drain()
        with suppress(OSError, RuntimeError):
            writer.close()


async def ended() -> None:
    """Whatever this loop still does is given up."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for each in others:
        each.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@contextmanager
def proxies(to_port: int, many: int) -> Iterator[tuple[Proxy, ...]]:
    """So many ways to one server, until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="proxies", daemon=True)
    thread.start()
    made = tuple(Proxy(loop, to_port) for _ in range(many))
    try:
        for each in made:
            asyncio.run_coroutine_threadsafe(each.listen(), loop).result(5)
        yield made
    finally:
        asyncio.run_coroutine_threadsafe(ended(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
