"""One person floods the bot while everybody asks: nobody else is told that it is busy."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

from bot.slack.desk import BUSY
from sandbox.workspace.cast import INCIDENT
from tests.promises.people import People, somebody
from tests.promises.serving import Bot, until

PEOPLE, FLOOD = 60, 200


def test_a_flood_takes_the_bot_from_nobody(bot: Bot, people: People) -> None:
    """Sixty people are all promised an answer within 3 s while one sends two hundred commands, most of which are turned away."""
    flooder = somebody()
    flood = [people.command(f"checkout {61 + number}m", flooder) for number in range(FLOOD)]
    others = [people.command(f"checkout {301 + number}m", somebody(), INCIDENT.id) for number in range(PEOPLE)]
    with ThreadPoolExecutor(8) as senders:
        flooded = senders.map(bot.hears, flood)
        asked = [senders.submit(bot.hears, body) for body in others]
        replies = [reply.result() for reply in asked]
        lines = [json.loads(reply.text)["text"] for reply in flooded]
    assert max(reply.took_s for reply in replies) < 3
    assert all(json.loads(reply.text)["text"].startswith("Checking") for reply in replies)
    assert lines.count(BUSY) >= FLOOD // 2


def test_a_latecomer_does_not_wait_behind_a_flood(bot: Bot, people: People) -> None:
    """Asked elsewhere while one person's commands queue up, a question is answered before most of those."""
    flooder = somebody()
    for number in range(25):
        bot.hears(people.command(f"checkout {61 + number}m", flooder))
    assert bot.hears(people.command("checkout 5h", somebody(), INCIDENT.id)).status == 200
    until(lambda: people.answers(INCIDENT.id), 10)
    assert len(people.answers()) < 15
