"""The process that is killed: engine and dispatcher over a real database, with the real adapters.

usage: python -m tests.crash.child DATABASE_URL WORLD_URL START RULES [FAILPOINT:N]
START is when the feed began (ISO); the process kills itself the N-th time that it reaches FAILPOINT.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from bot.alerts.engine import Beat, Engine, Hooks
from bot.alerts.episode import Episode
from bot.alerts.intent import Remote, Target
from bot.alerts.outbox import Dispatcher
from bot.config import Slack
from bot.paging.opsgenie import Opsgenie
from bot.paging.pagerduty import PagerDutyEvents
from bot.slack.alert_buttons import Buttons
from bot.slack.alert_remote import Book, Forms, SlackAlerts, Ways
from bot.slack.alert_value import secret_of
from bot.slack.alert_words import note_text
from bot.slack.delivery import Delivery
from bot.store import alerts as store
from bot.store.database import Database
from tests.alerts_engine.feed import Feed
from tests.crash.feed import SECOND, Plan
from tests.crash.world import CHANNEL, TOKEN

LOOK_S = 0.05
LEASE_S = 15.0


def main() -> None:
    url, world, start, rules = sys.argv[1:5]
    failpoint = killer(sys.argv[5] if sys.argv[5:] else "")
    plan, owner = Plan(datetime.fromisoformat(start), int(rules)), f"process {os.getpid()}"
    database = Database(url, now)
    database.open()
    dispatcher = Dispatcher(database, remotes(database, world), now, owner=owner, lease_s=LEASE_S, failpoint=failpoint)
    hooks = Hooks(wake=dispatcher.wake, failpoint=failpoint, note=note_text)
    beat = Beat("prod", SECOND, timedelta(0), owner, bucket=SECOND)
    engine = Engine(database, {"datadog": Feed(plan.number, step=SECOND)}, plan.made(), beat, now, hooks)
    dispatcher.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        engine.run_due()
        time.sleep(LOOK_S)


def now() -> datetime:
    return datetime.now(UTC)


def remotes(database: Database, world: str) -> dict[Target, Remote]:
    def episode_of(own: str) -> Episode | None:
        with database.begin() as conn:
            return store.episode(conn, own)

    def bundle_of(own: str) -> tuple[Episode, ...]:
        with database.begin() as conn:
            return store.bundle(conn, own)

    def kept(own: str, changes: Mapping[str, str]) -> None:
        with database.begin() as conn:
            store.keep_episode(conn, own, changes)

    slack = Slack(bot_token=TOKEN, api_url=f"{world}/slack/api/", home_channel=CHANNEL, signing_secret="s")
    book = Book(
        episode_of=episode_of,
        bundle_of=bundle_of,
        placed=lambda own, channel, ts: kept(own, {"channel": channel, "ts": ts}),
        charted=lambda own, file: kept(own, {"chart": file}),
    )
    forms = Forms(how=Buttons(secret=secret_of(slack)), now=now)
    return {
        "slack": SlackAlerts(Delivery(slack), book, forms, Ways(channel=CHANNEL, fallback=CHANNEL)),
        "pagerduty": PagerDutyEvents(routing_key="R" * 32, events_url=f"{world}/pagerduty"),
        "opsgenie": Opsgenie(api_key="k", api_url=f"{world}/opsgenie"),
    }


def killer(wanted: str) -> Callable[[str], None]:
    """Ends the process, as the kernel does, the N-th time that it comes to the named point."""
    name, _, number = wanted.partition(":")
    lock, left = threading.Lock(), [int(number or 0)]

    def reached(point: str) -> None:
        if point != name:
            return
        with lock:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return reached


if __name__ == "__main__":
    main()
