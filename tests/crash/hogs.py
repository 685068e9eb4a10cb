"""Uses up what the process may have: memory until it may take no more, files until it may open no more."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable
from pathlib import Path

ROOM = 8_000_000  # bytes beyond what the process has when the ceiling comes down
STEP = 200_000
FILES = 64
HELD_S = 7.0


def memory(full: Callable[[], None]) -> None:
    """Brings the ceiling down and fills what is below it, and what others let go, until the process is killed."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * resource.getpagesize() + ROOM
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    held: list[bytearray] = []
    told = False
    while True:
        try:
            held.append(bytearray(STEP))
        except MemoryError:
            if not told:
                told = True
                full()
            time.sleep(0.01)


def files(full: Callable[[], None]) -> None:
    """Opens all that the process may, keeps taking what others let go for a while, and then lets go of all."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))
    held: list[int] = []
    told, end = False, time.monotonic() + HELD_S
    while time.monotonic() < end:
        try:
            held.append(os.open("/dev/null", os.O_RDONLY))
        except OSError:
            if not told:
                told = True
                full()
            time.sleep(0.01)
    for each in held:
        os.close(each)


HOGS = {"memory": memory, "files": files}
