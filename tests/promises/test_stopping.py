"""SIGTERM at any moment: what was acknowledged is answered, or its asker is told; nothing is left behind."""

from __future__ import annotations

import json
import random
import signal
import threading
from pathlib import Path

import pytest

from bot.slack.desk import RESTARTED
from bot.slack.server import RESTARTING
from sandbox.workspace.cast import Person
from tests.promises.people import People, question_of, somebody
from tests.promises.serving import Bot, Reply, started, until
from tests.stage import Stage, environment

ASKS = 16  # a channel takes three at once and one a second: some are still waiting for their turn at the end


@pytest.mark.parametrize("seed", range(8))
def test_nothing_acknowledged_is_forgotten(seed: int, stage: Stage, people: People, tmp_path: Path) -> None:
    """Exit code 0 within 10 s; every acknowledged command has its answer, or its asker hears that paybot restarts."""
    chance = random.Random(seed)
    with started(stage.bot_port, environment(stage.url), tmp_path) as bot:
        until(bot.listening, 20)
        term = threading.Timer(chance.uniform(0, 1.5), bot.process.send_signal, (signal.SIGTERM,))
        term.start()
        acknowledged = asked_until_it_ends(bot, people, chance)
        term.join()
        assert bot.process.wait(10) == 0, bot.log()
        until(lambda: not bot.family(), 2)
    forgotten = [text for text, (who, reply) in acknowledged.items() if not served_or_told(people, text, who, reply)]
    assert not forgotten, {text: acknowledged[text][1].text for text in forgotten}


def asked_until_it_ends(bot: Bot, people: People, chance: random.Random) -> dict[str, tuple[Person, Reply]]:
    """Commands of different people, and those of their replies that came."""
    acknowledged: dict[str, tuple[Person, Reply]] = {}
    for number in range(ASKS):
        who, text = somebody(), f"checkout 1h{1 + number}m"
        try:
            reply = bot.hears(people.command(text, who))
        except OSError:  # the port is closed: Slack tells the person
            break
        acknowledged[text] = (who, reply)
        threading.Event().wait(chance.uniform(0, 0.15))
    return acknowledged


def served_or_told(people: People, text: str, who: Person, reply: Reply) -> bool:
    """Whether there is one answer, whole as its buttons at the end show, or a line that says why there is none."""
    answers = [said for said in (*people.answers(), *people.private_lines(who)) if question_of(said) == text]
    told = [json.loads(reply.text)["text"], *(line.text for line in people.private_lines(who))]
    return len(answers) == 1 or RESTARTING in told or RESTARTED in told
