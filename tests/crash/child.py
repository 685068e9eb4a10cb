"""The process that is killed: judging and sending over a real database, with the real adapters, started and stopped as `paybot`.

usage: python -m tests.crash.child ORDERS     (JSON; it says "ready" once it works, and "full" once it has nothing left to use)
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from bot.alerts.engine import Beat, Engine, Hooks
from bot.alerts.episode import Episode
from bot.alerts.intent import Remote, Target
from bot.alerts.outbox import Dispatcher
from bot.alerts.shelf import Shelf
from bot.alerts.watch import Watch
from bot.config import Slack
from bot.paging.opsgenie import Opsgenie
from bot.paging.pagerduty import PagerDutyEvents
from bot.presence import Presence
from bot.slack.alert_buttons import Buttons
from bot.slack.alert_remote import Book, Forms, SlackAlerts, Ways
from bot.slack.alert_value import secret_of
from bot.slack.alert_words import note_text
from bot.slack.delivery import Delivery
from bot.stopping import stop_signal
from bot.store.database import Database
from bot.work import Pool
from tests.alerts_engine.feed import Feed
from tests.crash.feed import APART, BAD, SECOND, Plan
from tests.crash.hogs import HOGS
from tests.crash.world import CHANNEL, TOKEN

PNG = b"\x89PNG a picture"
OPEN_S = 0.01


@dataclass(frozen=True, kw_only=True)
class Orders:
    """What a child is told. The feed began at `start` (ISO).

    `failpoint` is "kill NAME N" or "stop NAME N": what happens the N-th time there, stopping only on the way to Slack. `draw`
    says what charts do; a `hog` uses up what the process may have of something.
    """

    database: str
    world: str
    start: str
    rules: int
    breaking: int
    apart_s: int = APART
    bad_s: int = BAD
    opsgenie: int = 2
    tick_s: int = 1
    look_s: float = 0.05
    lease_s: float = 15.0
    last_look_s: float = 600.0
    failpoint: str = ""
    draw: Literal["none", "well", "hang"] = "none"
    hog: str = ""

    def text(self) -> str:
        return json.dumps(asdict(self))

    def plan(self) -> Plan:
        return Plan(datetime.fromisoformat(self.start), self.rules, self.breaking, self.apart_s, self.bad_s, self.opsgenie)


def main() -> None:
    orders = Orders(**json.loads(sys.argv[1]))
    ending = stop_signal()
    database = Database(orders.database, now)
    pool = Pool(2, 200, 200)
    watch = watched(orders, database, pool)
    watch.start()
    while not watch.ready():
        time.sleep(OPEN_S)
    say("ready")
    if orders.hog:
        HOGS[orders.hog](lambda: say("full"))
    ending.wait()
    watch.stop()
    pool.stop(0)


def watched(orders: Orders, database: Database, pool: Pool) -> Watch:
    """Judging and sending as `bot.alerting` puts them together, over a feed that is arithmetic."""
    plan, owner, failpoint = orders.plan(), f"process {os.getpid()}", ender(orders.failpoint)
    presence = Presence(database, owner, now, dict, refuse)
    dispatcher = Dispatcher(
        database,
        remotes(orders, database, pool),
        now,
        owner=owner,
        lease_s=orders.lease_s,
        last_look_s=orders.last_look_s,
        failpoint=failpoint,
        holds=presence.holds,
    )
    hooks = Hooks(wake=dispatcher.wake, failpoint=failpoint, note=note_text)
    tick = SECOND * orders.tick_s
    beat = Beat("prod", tick, timedelta(0), owner, bucket=tick)
    engine = Engine(database, {"datadog": Feed(plan.number, step=SECOND)}, plan.made(), beat, now, hooks)
    return Watch(database, engine, dispatcher, refuse, presence, orders.look_s)


def refuse(said: str) -> None:
    """A store that cannot be used ends the process at once."""
    say(said)
    os._exit(2)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def now() -> datetime:
    return datetime.now(UTC)


def remotes(orders: Orders, database: Database, pool: Pool) -> dict[Target, Remote]:
    world = orders.world
    slack = Slack(bot_token=TOKEN, api_url=f"{world}/slack/api/", home_channel=CHANNEL, signing_secret="s")
    forms = Forms(how=Buttons(secret=secret_of(slack)), now=now)
    ways = Ways(
        channel=CHANNEL,
        fallback=CHANNEL,
        draw={"none": lambda episode: None, "well": lambda episode: (PNG, "a rate"), "hang": hang}[orders.draw],
        background=lambda job: pool.submit("charts", job),
    )
    return {
        "slack": SlackAlerts(Delivery(slack), book_in(database), forms, ways),
        "pagerduty": PagerDutyEvents(routing_key="R" * 32, events_url=f"{world}/pagerduty"),
        "opsgenie": Opsgenie(api_key="k", api_url=f"{world}/opsgenie"),
    }


def hang(episode: Episode) -> None:
    """A picture that is never done."""
    threading.Event().wait()


def book_in(database: Database) -> Book:
    shelf = Shelf(database)
    return Book(episode_of=shelf.episode, bundle_of=shelf.bundle, placed=shelf.placed, charted=shelf.charted, open_now=shelf.open)


def ender(wanted: str) -> Callable[[str], None]:
    """Ends the process, as the kernel does, or stops it, as a machine that stands still, the N-th time at the named point."""
    how, name, number = wanted.split() if wanted else ("", "", "0")
    lock, left = threading.Lock(), [int(number)]

    def reached(point: str) -> None:
        if point != name or (how == "stop" and threading.current_thread().name != "paybot-slack"):
            return
        with lock:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL if how == "kill" else signal.SIGSTOP)

    return reached


if __name__ == "__main__":
    main()
