"""An ASGI application on a loopback port, served from a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable

import uvicorn
from starlette.types import ASGIApp

ADDRESS = "127.0.0.1"  # the sandbox is for this machine only
LEAVING_S = 3  # what is on its way may end for so long


class Serving:
    """A port that is open from the start; requests wait until an application is served. Port 0 takes a free one.

    Raises OSError where the port is taken.
    """

    def __init__(self, port: int = 0) -> None:
        self._listener = socket.create_server((ADDRESS, port), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://{ADDRESS}:{self.port}"
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._server: uvicorn.Server | None = None

    def start(self, app: ASGIApp, closing: Callable[[], Awaitable[None]]) -> None:
        """Serves from now on; `closing` is awaited when it ends, while answers still go out."""
        settings = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=LEAVING_S,
        )
        self._server = server = uvicorn.Server(settings)
        self._loop = loop = asyncio.new_event_loop()
        self._closing = closing
        self._thread = threading.Thread(target=self._run, args=(server, loop), name="sandbox-http", daemon=True)
        self._thread.start()

    def call(self, act: Callable[[], None]) -> None:
        """Has something done in the thread that serves, soon."""
        if self._loop:
            self._loop.call_soon_threadsafe(act)

    def stop(self) -> None:
        """Closes the port and ends the thread, within a few seconds."""
        if self._loop and self._thread:
            asyncio.run_coroutine_threadsafe(self._end(), self._loop)
            self._thread.join(LEAVING_S + 2)
        self._listener.close()

    async def _end(self) -> None:
        await self._closing()
        if self._server:
            self._server.should_exit = True

    def _run(self, server: uvicorn.Server, loop: asyncio.AbstractEventLoop) -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(server.serve(sockets=[self._listener]))
