"""A simulated company that stands still at a Sunday afternoon, and a loopback server for its vendors."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount

from sandbox.clock import Clock
from sandbox.scenarios import Episode
from sandbox.world import World

NOW = datetime(2026, 11, 22, 14, 0, 30, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


_RECORDED = Path(__file__).parents[2] / "../shared/contracts/data"


def recorded(name: str) -> Any:
    """What a vendor really answered; skips the test where the recordings are not at hand."""
    path = _RECORDED / name
    if not path.exists():
        pytest.skip(f"{name} is not beside this project")
    return json.loads(path.read_text())


def ms(time_: datetime) -> int:
    return round(time_.timestamp() * 1000)


def still(at: datetime = NOW) -> Clock:
    """A clock that only jumps."""
    return Clock(at, speed=0)


def fresh(
    seed: int = 7, history: timedelta = 6 * HOUR, past: Sequence[Episode] | None = (), at: datetime = NOW, env: str = "prod"
) -> World:
    """A world of one's own, calm unless its past says otherwise."""
    return World(seed, still(at), history, env, past)


@cache
def usual() -> World:
    """Two days with the usual past. Shared: only to be read."""
    return fresh(history=2 * DAY + HOUR, past=None)


@cache
def calm() -> World:
    """Nine days in which nothing is wrong. Shared: only to be read."""
    return fresh(history=9 * DAY)


@contextmanager
def served(routes: Sequence[BaseRoute], prefix: str) -> Iterator[str]:
    """The URL at which the routes answer on loopback."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=[Mount(prefix, routes=routes)]), log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}{prefix}"
    finally:
        server.should_exit = True
        thread.join(10)
