"""Two `paybot serve` on one PostgreSQL, each with its own way to it, and one company with its Slack."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.engine import make_url

from bot.alerts.actions import AWAY
from bot.alerts.episode import Episode
from bot.alerts.owed import Owing
from bot.config import Slack
from bot.slack.alert_buttons import ACKNOWLEDGE
from bot.slack.alert_value import secret_of, value_of
from bot.store import alerts, audit, leases, outbox, tables
from bot.store.database import Database
from sandbox.workspace.cast import DANA, HOME, MEI, Person
from sandbox.workspace.conversations import Message
from sandbox.workspace.payloads import press_body
from tests.promises.people import People
from tests.promises.serving import Bot, Reply, started, until
from tests.replicas.proxy import Proxy, proxies
from tests.slack.test_alert_message import RATE
from tests.slack.wire import headers_of
from tests.stage import SECRET, TOKEN, Stage, environment, free_port

MARK: Final = secret_of(Slack(bot_token=TOKEN, signing_secret=SECRET, home_channel=HOME.id))
READY_S: Final = 60.0
ACK_S: Final = 3.0  # Slack's limit
UNSEEN: Final = Message(HOME.id, "U0BOT", "An alert.", ts="1795000000.000100")


@dataclass
class Pair:
    """The two, and the test's own eyes: its database and the stage's ledger."""

    bots: tuple[Bot, ...]
    ways: tuple[Proxy, ...]
    stage: Stage
    people: People
    database: Database
    number: int = 0
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(8))

    def both(self, bodies: tuple[bytes, bytes]) -> tuple[Reply, Reply]:
        """Each hears its own at the same moment."""
        first, second = (self.pool.submit(bot.hears, body) for bot, body in zip(self.bots, bodies, strict=True))
        return first.result(15), second.result(15)

    def same(self, body: bytes) -> tuple[Reply, Reply]:
        """Both hear the very same signed request at the same moment."""
        headers = headers_of(body, time.time(), SECRET)
        first, second = (self.pool.submit(bot._request, "POST", "/slack/events", body, headers) for bot in self.bots)
        return first.result(15), second.result(15)

    def alert(self, *, owed: bool = False) -> Episode:
        """One that goes on; with `owed` it is to be told in Slack."""
        self.number += 1
        now = datetime.now(UTC)
        made = replace(
            RATE,
            id=f"{self.number:016x}",
            rule="by hand",
            series=f"prod, {self.number}",
            env="prod",
            since=now,
            opened=now,
            version=1,
        )
        with self.database.begin() as conn:
            alerts.add_episode(conn, made)
            if owed:
                outbox.add(conn, [each for each in Owing(now, {}).fired(made) if (each.target, each.kind) == ("slack", "show")])
        return made

    def press(self, episode: Episode, who: Person, message: Message = UNSEEN) -> bytes:
        """Its button to acknowledge, pressed in that message, as Slack sends it."""
        pressed = {
            "action_id": ACKNOWLEDGE,
            "block_id": "b",
            "type": "button",
            "value": value_of(MARK, episode.id, 1),
            "action_ts": "1.0",
        }
        return press_body(message, pressed, who, self.people._response_url(who, HOME.id))

    def outcomes(self, episode: Episode) -> list[str]:
        """What came of all that was pressed, as the audit has it."""
        with self.database.begin() as conn:
            return sorted(each.outcome for each in audit.entries(conn, episode.id))

    def holders(self) -> Mapping[str, str]:
        with self.database.begin() as conn:
            return leases.holders(conn)

    def sender(self) -> int:
        """Which of the two sends to Slack."""
        owner = self.holders()["send slack"]
        return next(number for number, bot in enumerate(self.bots) if owner.startswith(f"{bot.process.pid}-"))

    def shown(self, words: str) -> list[Message]:
        """The bot's messages in the home channel with these words."""
        return [each for each in self.people.answers() if words in str(each.blocks)]


@contextmanager
def pair(url: str, folder: Path, **more: str) -> Iterator[Pair]:
    """Both are ready."""
    place = make_url(url)
    assert place.port
    with ExitStack() as stack:
        stage = Stage(0, free_port())
        stage.start()
        stack.callback(stage.stop)
        ways = stack.enter_context(proxies(place.port, 2))
        bots = []
        for way in ways:
            own = place.set(port=way.port).render_as_string(hide_password=False)
            env = {**environment(stage.url), "DATABASE_URL": own, **more}
            bots.append(stack.enter_context(started(free_port(), env, folder)))
        database = Database(url)
        database.open()
        stack.callback(database.close)
        for bot in bots:
            until(bot.ready, READY_S)
        made = Pair(tuple(bots), ways, stage, People(stage, stage.url), database)
        stack.callback(made.pool.shutdown)
        yield made


def raced(two: Pair, many: int) -> list[str]:
    """So many alerts, each acknowledged at both processes at the same moment; what was wrong with it."""
    alerts_ = []
    for _ in range(many):
        alerts_.append(each := two.alert())
        two.both((two.press(each, DANA), two.press(each, MEI)))
    until(lambda: all(len(two.outcomes(each)) == 2 for each in alerts_[-20:]), 20)
    said = {each.id: two.outcomes(each) for each in alerts_}
    return [f"{own}: {outcomes}" for own, outcomes in said.items() if outcomes.count("done") != 1 or len(outcomes) != 2]


def cut_off(two: Pair, seconds: float) -> list[str]:
    """Neither reaches its database for so long; what was wrong while it was away, and with what came after."""
    episode, wrong = two.alert(), []
    for way in two.ways:
        way.close()
    back = time.monotonic() + seconds
    until(lambda: not any(bot.ready() for bot in two.bots), 20)
    replies = two.both((two.press(episode, DANA), two.press(episode, MEI)))
    if [each.status for each in replies] != [200, 200] or max(each.took_s for each in replies) > ACK_S:
        wrong.append(f"acknowledged: {replies}")
    if "checkout" not in two.bots[0].hears(two.people.command("help", DANA)).text:
        wrong.append("a command was not answered")
    until(lambda: any(AWAY in each.text for each in two.people.private_lines(DANA)), 20)
    until(lambda: time.monotonic() > back, seconds + 1)
    for way in two.ways:
        way.heal()
    until(lambda: all(bot.ready() for bot in two.bots), 30)
    two.bots[0].hears(two.press(episode, DANA))
    until(lambda: "done" in two.outcomes(episode), 20)
    with two.database.begin() as conn:
        opened = conn.execute(select(tables.episode.c.rule, tables.episode.c.series, tables.episode.c.number)).all()
    return [*wrong, *(f"evaluated twice: {each}" for each, many in Counter(opened).items() if many > 1)]
