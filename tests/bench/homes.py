"""Many people who open App Home in the same second: how soon each of them has the numbers and the picture.

usage: python -m tests.bench.homes PEOPLE     (prints the seconds for each, in order)
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from sandbox.workspace import cast
from tests.bench.processes import served
from tests.stage import Stage, environment, free_port

LIMIT_S = 300.0


def opened_together(people: int) -> tuple[float, ...]:
    """Seconds from the openings until each one's Home was whole, in order; one `paybot serve`, sources that answer at once."""
    port, bot_port = free_port(), free_port()
    with crowd(1 + people) as users:
        stage = Stage(port, bot_port)
        stage.start()
        try:
            with served(environment(stage.url), bot_port):
                one, *others = users
                awaited(stage, (one,))  # the archives of the hours before are read by then
                return awaited(stage, others)
        finally:
            stage.stop()


def awaited(stage: Stage, users: Sequence[str]) -> tuple[float, ...]:
    """All of them open it at once."""
    start, left, took = time.monotonic(), set(users), list[float]()
    for user in users:
        stage.inside(partial(stage.workspace.open_home, user))
    while left:
        if time.monotonic() - start > LIMIT_S:
            raise SystemExit(f"{len(left)} of {len(users)} Homes were not whole in {LIMIT_S:g} s")
        there = stage.inside(whole(stage, left))
        took += [time.monotonic() - start] * len(there)
        left -= there
        time.sleep(0.05)
    return tuple(took)


def whole(stage: Stage, users: set[str]) -> Callable[[], set[str]]:
    def look() -> set[str]:
        return {user for user in users if is_whole(stage.workspace.homes.of(user))}

    return look


def is_whole(view: Any) -> bool:
    text = str(view["blocks"]) if view else ""
    return "as of" in text and "awaited" not in text and "'slack_file'" in text


@contextmanager
def crowd(many: int) -> Iterator[list[str]]:
    """The cast and so many more, until the block ends."""
    more = {
        f"U0CROWD{number:04d}": replace(cast.DANA, id=f"U0CROWD{number:04d}", handle=f"crowd{number}") for number in range(many)
    }
    for known in (cast.PEOPLE, cast.EVERYBODY):
        assert isinstance(known, dict)
        known.update(more)
    try:
        yield list(more)
    finally:
        for known in (cast.PEOPLE, cast.EVERYBODY):
            assert isinstance(known, dict)
            for user in more:
                del known[user]


if __name__ == "__main__":
    print(*opened_together(int(sys.argv[1])))
