"""Children that draw may die at any moment: every ask is answered, and later pictures come again."""

from __future__ import annotations

import itertools
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.promises.people import People, pictured, shows, somebody
from tests.promises.serving import Bot, until

ASKS = 30


def test_killed_painters_cost_pictures_and_nothing_else(bot: Bot, people: People) -> None:
    """Every ask gets its answer, with the picture or with a line that says why not; afterwards pictures come again."""
    older = people.older_answers(ASKS + 1)
    with painters_killed(bot) as killed:
        for number, message in enumerate(older[:-1]):
            assert bot.hears(people.press(message, "answer.refresh", f"checkout {61 + number}m", somebody())).status == 200
        until(lambda: len(people.answers()) == ASKS, 12)
    assert len(killed) >= 3
    assert all(pictured(answer) or shows(answer, "The picture ") for answer in people.answers())
    assert bot.hears(people.press(older[-1], "answer.refresh", "checkout 2h")).status == 200
    until(lambda: any(pictured(answer) for answer in people.answers() if answer.ts == older[-1].ts), 10)


@contextmanager
def painters_killed(bot: Bot) -> Iterator[list[int]]:
    """Every 0.2 s one child that draws gets SIGKILL; the list holds those that did."""
    killed: list[int] = []
    over = threading.Event()

    def kill() -> None:
        for turn in itertools.count():
            if over.wait(0.2):
                return
            painters = bot.painters()
            with suppress(IndexError, ZeroDivisionError, ProcessLookupError):
                victim = painters[turn % len(painters)]
                os.kill(victim, signal.SIGKILL)
                killed.append(victim)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    try:
        yield killed
    finally:
        over.set()
        killer.join()
