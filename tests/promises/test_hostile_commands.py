"""Whatever a person types, signed by Slack: a short plain answer in time, with nothing live in it."""

from __future__ import annotations

import json
import random
import sys
from concurrent.futures import ThreadPoolExecutor

from sandbox.workspace import mrkdwn
from tests.promises.people import People, somebody, texts
from tests.promises.serving import Bot, Reply, until

COMMANDS = 1_000
SPITE = (
    "<!channel>",
    "<!here|here>",
    "<@U0DANAWEBER>",
    "<#C0COMMERCE1|x>",
    "<!subteam^S012345>",
    "<https://evil.example|click>",
    "https://evil.example",
    "mailto:a@b.example",
    "@channel",
    "@everyone",
    "&lt;!channel&gt;",
    "&amp;lt;!here&amp;gt;",
    "&#60;!here&#62;",
    "\x00",
    "\u202e",
    "\u2066",
    "\ufeff",
    "\u200d",
    "\ud7ff",
    "🧨",
    "👩‍👩‍👧",
    "á" * 40,
    "ـ",
    "١٢h",
    "９９９９h",
    "``` ```",
    "*_~`",
    "\r\n",
    "\t",
    "%s%n{0}${x}",
    "'; --",
    "../../etc",
    "1e999h",
    "-5h",
    "0m",
    "99999999999999d",
    "2026-02-30",
    "vs",
    "env:",
    "env:<!channel>",
    "only-me",
    "checkout",
    "6h",
    "chekout",
    "csv",
    "14:00..13:00",
    "since 25:00",
    "x" * 300,
)


def spiteful(chance: random.Random) -> str:
    """A command's text of up to 4,000 characters."""
    words = chance.choices(SPITE, k=chance.choice((1, 2, 3, 5, 8, 60)))
    return chance.choice(("", " ", "\u00a0")).join(words)[:4000]


def test_hostile_commands_get_plain_answers(bot: Bot, people: People) -> None:
    """A thousand of them: never a 5xx, every acknowledgement within 3 s, nothing live in them or in what is posted."""
    chance = random.Random(7)
    asker = somebody()
    bodies = [people.command(spiteful(chance), asker) for _ in range(COMMANDS)]
    with ThreadPoolExecutor(4) as senders:
        replies = list(senders.map(bot.hears, bodies))
    slowest = sorted(reply.took_s for reply in replies)
    sys.stdout.write(f"acknowledgements: p50 {1e3 * slowest[500]:.0f} ms, p99 {1e3 * slowest[990]:.0f} ms\n")
    assert {reply.status for reply in replies} == {200}
    assert slowest[-1] < 3
    assert [line for line in map(line_of, replies) if mrkdwn.live(line)] == []
    until(people.answers, 10)
    assert [
        text for said in (*people.answers(), *people.private_lines(asker)) for text in texts(said.blocks) if stray(text)
    ] == []


def line_of(reply: Reply) -> str:
    return str(json.loads(reply.text)["text"])


def stray(text: str) -> tuple[mrkdwn.Span, ...]:
    """What is live in a text, but for the links to the same data that an answer is meant to have."""
    return tuple(span for span in mrkdwn.live(text) if not (span.kind == "link" and "evil" not in span.target))
