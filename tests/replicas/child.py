"""One of several processes: judging, sending and the digest over a shared database, put together as `bot.alerting` does.

usage: python -m tests.replicas.child ORDERS     (JSON; it says "ready" once it works)
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bot.alerts.engine import Beat, Engine, Hooks
from bot.alerts.intent import Remote, Target
from bot.alerts.outbox import Dispatcher
from bot.alerts.watch import Watch
from bot.config import Slack
from bot.digest.book import Book
from bot.digest.maker import Maker
from bot.digest.runner import Digests
from bot.paging.opsgenie import Opsgenie
from bot.paging.pagerduty import PagerDutyEvents
from bot.ports import StoreError
from bot.presence import Presence
from bot.slack.alert_posting import AlertPosting
from bot.slack.alert_remote import Forms, SlackAlerts, Ways
from bot.slack.alert_words import note_text
from bot.slack.delivery import Delivery
from bot.slack.digest_remote import ByKind, SlackDigests
from bot.stopping import stop_signal
from bot.store import schema
from bot.store.database import Database
from bot.work import Pool
from tests.alerts_engine.feed import Feed
from tests.crash import child as crash
from tests.crash.world import CHANNEL, TOKEN
from tests.digest.office import Numbers
from tests.replicas.feed import SECOND, Waves, digest_plan
from tests.slack.alert_office import SECRET
from tests.slack.test_alert_message import HOW

LOOK_S = 0.25
TICK = SECOND


@dataclass(frozen=True, kw_only=True)
class Orders:
    """What a child is told. The feed began at `start` (ISO); `newest` and `steps` are the schema that it is for.

    Slack's pace of one message a second is `haste` times as fast.
    """

    database: str
    world: str
    start: str
    rules: int
    apart_s: float
    bad_s: int
    digest_at: str
    haste: float = 50.0
    newest: str = schema.NEWEST
    steps: str = str(schema.MIGRATIONS)

    def text(self) -> str:
        return json.dumps(asdict(self))

    def waves(self) -> Waves:
        return Waves(datetime.fromisoformat(self.start), self.rules, self.apart_s, self.bad_s)


def main() -> None:
    orders = Orders(**json.loads(sys.argv[1]))
    ending = stop_signal()
    database = Database(orders.database, crash.now, newest=orders.newest, steps=Path(orders.steps))
    pool = Pool(2, 200, 200)
    watch, digests = put_together(orders, database, pool)
    watch.start()
    while not watch.ready() and not ending.wait(0.05):
        pass
    crash.say("ready")
    while not ending.wait(LOOK_S):
        try:
            digests.run_due()
        except StoreError:
            ending.wait(1.0)
    watch.stop()
    pool.stop(0)


def put_together(orders: Orders, database: Database, pool: Pool) -> tuple[Watch, Digests]:
    waves, owner = orders.waves(), f"process {os.getpid()}"
    presence = Presence(database, owner, crash.now, dict, crash.refuse)
    book = Book(database, "prod", crash.now)
    dispatcher = Dispatcher(database, remotes(orders, database, book, pool), crash.now, owner=owner, holds=presence.holds)
    maker = Maker(Numbers(image=None), book.standing, "prod", None)
    digests = Digests(
        database,
        digest_plan(orders.digest_at),
        timedelta(hours=4),
        maker,
        crash.now,
        owner=owner,
        wake=lambda: dispatcher.wake("slack"),
    )
    engine = Engine(
        database,
        {"datadog": Feed(waves.number, step=SECOND)},
        waves.made(),
        Beat("prod", TICK, timedelta(0), owner, bucket=TICK),
        crash.now,
        Hooks(wake=dispatcher.wake, note=note_text),
    )
    return Watch(database, engine, dispatcher, crash.refuse, presence, LOOK_S), digests


def remotes(orders: Orders, database: Database, book: Book, pool: Pool) -> dict[Target, Remote]:
    """The real adapters; a second of Slack's pace is as short as `haste` makes it."""
    slack = Slack(bot_token=TOKEN, api_url=f"{orders.world}/slack/api/", home_channel=CHANNEL)
    delivery = Delivery(
        slack,
        now=lambda: time.monotonic() * orders.haste,
        sleep=lambda seconds: time.sleep(seconds / orders.haste),
    )
    alerts, forms = crash.book_in(database), Forms(how=HOW, now=crash.now)
    ways = Ways(channel=CHANNEL, fallback=CHANNEL, background=lambda job: pool.submit("charts", job))
    digests = SlackDigests(delivery, AlertPosting(delivery, alerts, forms, ways), book, ways, SECRET, str)
    return {
        "slack": ByKind({"digest": digests}, SlackAlerts(delivery, alerts, forms, ways)),
        "pagerduty": PagerDutyEvents(routing_key="R" * 32, events_url=f"{orders.world}/pagerduty"),
        "opsgenie": Opsgenie(api_key="k", api_url=f"{orders.world}/opsgenie"),
    }


if __name__ == "__main__":
    main()
