"""The front process neither grows nor hoards files, however much it is asked."""

from __future__ import annotations

import sys
from functools import partial

from tests.promises.people import People, question_of, somebody
from tests.promises.serving import Bot, until

BATCH, FIRST, ALL = 25, 150, 250  # the first hundred and fifty fill the allocator's arenas, one for each worker
GROWTH_MB = 15
FILES = 12  # of connections that wait to be used again


def test_a_hundred_more_answers_cost_no_memory(bot: Bot, people: People) -> None:
    """Between the 150th answer and the 250th, memory grows by less than 15 MB and open files stay as many."""
    asked(bot, people, range(0, FIRST))
    memory_mb, files = bot.memory_mb(), bot.files()
    asked(bot, people, range(FIRST, ALL))
    sys.stdout.write(f"MB after {FIRST} and {ALL}: {memory_mb:.1f}, {bot.memory_mb():.1f}; files: {files}, {bot.files()}\n")
    assert bot.memory_mb() - memory_mb < GROWTH_MB
    assert bot.files() - files <= FILES


def asked(bot: Bot, people: People, numbers: range) -> None:
    """Different questions, each answered in a message of its own, a batch at a time."""
    for start in numbers[::BATCH]:
        older = people.older_answers(BATCH)
        for place, message in enumerate(older):
            body = people.press(message, "answer.refresh", f"checkout {61 + start + place}m", somebody())
            assert bot.hears(body).status == 200
        until(partial(all_answered, people, {message.ts for message in older}), 20)


def all_answered(people: People, asked_in: set[str]) -> bool:
    return asked_in <= {said.ts for said in people.answers() if question_of(said)}
