"""Child processes that draw: niced, recycled, killed when they hang. They may crash; the bot lives on."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, CancelledError, TimeoutError, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from threading import Lock
from typing import Any

from charts.spec import Picture

Draw = Callable[[Picture, str], bytes]

CHILDREN = 2
RECYCLE_AFTER = 500  # pictures: matplotlib's caches and the allocator's fragments never grow for longer than this
WARMING_S = 30.0  # two imports of matplotlib take a second, on a machine that does much else ten
STARTED_S = 1.0
NICENESS = 10  # an acknowledgement never waits for a picture

# How pebble says that a pool is of no use any more: to those who wait for a picture, and to those who bring another one.
BROKEN = (BrokenProcessPool, RuntimeError)

log = logging.getLogger(__name__)


class DrawingFailed(Exception):
    """There is no picture; the message says why in words that complete "The picture …" and are safe to show."""


def draw_picture(picture: Picture, theme: str) -> bytes:
    """One picture as PNG. Runs in a child: matplotlib never enters the bot's own process."""
    from charts.render import render  # noqa: PLC0415 - matplotlib is loaded in the child alone

    return render(picture, theme)


def settle() -> None:
    """Makes a new child ready: deaf to Ctrl-C (its parent ends it), fonts loaded, then out of the way of acknowledgements."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from charts.render import warm  # noqa: PLC0415

    warm()
    os.nice(NICENESS)


class Renderer:
    """Draws pictures in `children` child processes. Threads may call it at once."""

    def __init__(self, *, children: int = CHILDREN, recycle_after: int = RECYCLE_AFTER, draw: Draw = draw_picture) -> None:
        self._children = children
        self._recycle_after = recycle_after
        self._draw = draw
        self._lock = Lock()
        self._stopped = False
        self._starting: list[Any] = []
        self._pool = self._new_pool()

    def warm(self, timeout_s: float = WARMING_S) -> None:
        """Starts the children and waits for the first to be ready, so that the first ask does not wait for their imports."""
        with suppress(DrawingFailed):  # stopped meanwhile
            self._starting = [self._schedule(os.getpid, ()) for _ in range(self._children)]
            wait(self._starting, timeout_s, FIRST_COMPLETED)

    def draw(self, picture: Picture, theme: str, timeout_s: float) -> bytes:
        """The picture as PNG, within `timeout_s` (waiting for a free child included); raises DrawingFailed."""
        end = time.monotonic() + timeout_s
        try:
            return self._drawn(picture, theme, end)
        except BROKEN:  # a child died while it had nothing to do: another pool is tried once
            log.warning("the drawing children were lost; new ones are started")
        try:
            return self._drawn(picture, theme, end)
        except BROKEN as error:
            raise DrawingFailed("could not be drawn") from error

    def stop(self) -> None:
        """Ends the children; nothing is drawn any more."""
        with self._lock:
            self._stopped = True
        wait(self._starting, STARTED_S)  # a child that is ended half started complains on stderr, past our log
        self._pool.stop()
        self._pool.join(timeout=2)

    def _drawn(self, picture: Picture, theme: str, end: float) -> bytes:
        left_s = max(0.1, end - time.monotonic())
        task = self._schedule(self._draw, (picture, theme), timeout=left_s)
        try:
            return bytes(task.result(timeout=left_s + 0.2))  # the child's own clock starts when it is free
        except BROKEN:
            raise
        except (TimeoutError, CancelledError) as error:
            task.cancel()
            raise DrawingFailed(f"took longer than {left_s:.0f} s") from error
        except Exception as error:  # whatever a child dies of, or raises, is this picture's fault alone
            log.exception("drawing failed")
            raise DrawingFailed("could not be drawn") from error

    def _schedule(self, call: Callable[..., Any], args: tuple[Any, ...], timeout: float | None = None) -> Any:
        with self._lock:
            if self._stopped:
                raise DrawingFailed("was not drawn: paybot is stopping")
            if not self._pool.active:
                self._pool = self._new_pool()
            return self._pool.schedule(call, args=args, timeout=timeout)

    def _new_pool(self) -> Any:
        from pebble import ProcessPool  # noqa: PLC0415 - a tenth of a second that the start of the process does not wait for

        spawn = multiprocessing.get_context("spawn")  # a fork would copy the locks of our threads
        return ProcessPool(max_workers=self._children, max_tasks=self._recycle_after, initializer=settle, context=spawn)
