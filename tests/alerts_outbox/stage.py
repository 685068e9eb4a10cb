"""A clock that is a value, channels that keep a ledger and fail as they are told, and the real store behind the dispatcher."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select

from bot.alerts.intent import Intent, Kind, Remote, SendError, Target
from bot.alerts.outbox import Dispatcher
from bot.ports import StoreError
from bot.store import outbox, tables
from bot.store.database import Database

START = datetime(2026, 3, 2, 14, 2, tzinfo=UTC)
LEASE_S = 15.0


class Clock:
    """Goes on only when it is told to."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Killed(BaseException):
    """The process ended at a failpoint."""


@dataclass(frozen=True)
class Made:
    """A message that stands, or will from `at` on: whose it is, and which state of its episode it shows."""

    id: str
    key: str
    episode: str
    seq: int
    at: datetime
    shows: int
    repeated: bool


@dataclass(frozen=True)
class Call:
    """What arrived at the channel, and when."""

    method: str
    key: str
    at: datetime


@dataclass
class FakeSlack:
    """Keeps what stands. Each send, look and withdrawal does the next step of its list.

    "well" · "refused", "later 7" (429), "down" and "lost": nothing was made · "accepted": it was made, and the reply lost
    · "arrives 5": as lost, but 5 s later it is there · "odd": raises what no channel may.
    """

    clock: Clock
    sends: deque[str] = field(default_factory=deque)
    looks: deque[str] = field(default_factory=deque)
    withdrawals: deque[str] = field(default_factory=deque)
    always: str = "well"  # for what no step is left
    failing: Mapping[str, str] = field(default_factory=dict)  # what always happens to some keys
    made: list[Made] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    state: Counter[str] = field(default_factory=Counter)  # of each episode, as it would be rendered
    during: Callable[[Intent], None] = lambda intent: None  # happens on the way to the channel
    until: datetime = START  # no call may come before, as the last 429 said
    early: int = 0
    limit_s: float = 10.0  # how long a call may take

    def send(self, intent: Intent) -> str:
        self.during(intent)
        step, seconds = self._step("send", intent, self.sends)
        if step == "lost":
            raise SendError("it did not answer", "unknown")
        made = Made(
            id=f"{len(self.made):04}",
            key=intent.key,
            episode=intent.episode,
            seq=intent.seq,
            at=self.clock.now() + timedelta(seconds=seconds),
            shows=self.state[intent.episode],
            repeated="may_repeat" in intent.payload,
        )
        self.made.append(made)
        if step in {"accepted", "arrives"}:
            raise SendError("it did not answer", "unknown")
        return made.id

    def look(self, intent: Intent) -> tuple[str, ...]:
        self._step("look", intent, self.looks)
        return tuple(each.id for each in self.standing() if each.key == intent.key)

    def withdraw(self, intent: Intent, remote_id: str) -> None:
        self._step("withdraw", intent, self.withdrawals)
        self.made = [replace(each, key="") if each.id == remote_id else each for each in self.made]

    def standing(self) -> list[Made]:
        """What a person would see now, in the order in which it came."""
        return sorted(
            (each for each in self.made if each.key and each.at <= self.clock.now()), key=lambda each: (each.at, each.id)
        )

    def seen(self) -> list[str]:
        return [each.key for each in self.standing()]

    def count(self, method: str) -> int:
        return sum(call.method == method for call in self.calls)

    def _step(self, method: str, intent: Intent, steps: deque[str]) -> tuple[str, float]:
        now = self.clock.now()
        self.calls.append(Call(method, intent.key, now))
        self.early += now < self.until
        step, _, seconds = (self.failing.get(intent.key) or (steps.popleft() if steps else self.always)).partition(" ")
        if step == "refused":
            raise SendError("it was refused", "refused")
        if step == "later":
            self.until = now + timedelta(seconds=float(seconds))
            raise SendError("it wants time", "later", float(seconds))
        if step == "down":
            raise SendError("it could not be reached", "later")
        if step == "odd":
            raise KeyError("4242 4242 4242 4242")
        if method != "send" and step != "well":
            raise SendError("it did not answer", "unknown")
        return step, float(seconds or 0)


class FakePager(FakeSlack):
    """One incident for each key, however often it is sent."""

    idempotent = True
    limit_s = 5.0

    def incidents(self) -> list[str]:
        return list(dict.fromkeys(self.seen()))


class Tally:
    """Counts in plain counters."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.waiting: dict[str, int] = {}

    def intent(self, target: Target, outcome: str) -> None:
        self.outcomes[outcome] += 1

    def repaired(self, target: Target) -> None:
        self.outcomes["repaired"] += 1

    def unrepaired(self, target: Target) -> None:
        self.outcomes["unrepaired"] += 1

    def repeated(self, target: Target) -> None:
        self.outcomes["repeated"] += 1

    def depth(self, target: Target, waiting: int) -> None:
        self.waiting[target] = waiting

    def store_failed(self, target: Target) -> None:
        self.outcomes["store failed"] += 1


class Flaky(Database):
    """The real database, whose next transactions fail as often as `failures` says."""

    failures = 0
    retriable = True

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        if self.failures:
            self.failures -= 1
            raise StoreError("is locked by another program", retriable=self.retriable)
        with super().begin() as conn:
            yield conn


def once_at(name: str, act: Callable[[], None]) -> Callable[[str], None]:
    """A failpoint at which something else happens, the first time only."""
    left = [name]

    def failpoint(at: str) -> None:
        if at in left:
            left.remove(at)
            act()

    return failpoint


def once_during(act: Callable[[], None]) -> Callable[[Intent], None]:
    """Something that happens while the first message is on its way."""
    paused = once_at("during", act)
    return lambda _: paused("during")


class Stage:
    """Everything that a test of the dispatcher needs, over one SQLite file."""

    def __init__(self, database: Flaky) -> None:
        self.database = database
        self.clear()

    def clear(self) -> None:
        """As on the first day."""
        self.clock = Clock()
        self.slack = FakeSlack(self.clock)
        self.pager = FakePager(self.clock)
        self.tally = Tally()
        self.database.failures, self.database.retriable = 0, True
        with self.database.begin() as conn:
            conn.execute(delete(tables.outbox))

    def dispatcher(self, owner: str = "first", failpoint: Callable[[str], None] = lambda name: None) -> Dispatcher:
        remotes: dict[Target, Remote] = {"slack": self.slack, "pagerduty": self.pager}
        return Dispatcher(
            self.database, remotes, self.clock.now, owner=owner, lease_s=LEASE_S, failpoint=failpoint, metrics=self.tally
        )

    def owe(self, *intents: Intent) -> None:
        """In one transaction, as the engine does; a show is a change of its episode."""
        self.slack.state.update(each.episode for each in intents if each.kind == "show")
        with self.database.begin() as conn:
            outbox.add(conn, [replace(each, created=self.clock.now()) for each in intents])

    def run(self, dispatcher: Dispatcher, seconds: float = 0.0, target: Target = "slack", step_s: float = 0.5) -> None:
        """Turns until nothing is left to do, again and again while the clock goes on."""
        end = self.clock.now() + timedelta(seconds=seconds)
        while True:
            while dispatcher.once(target):
                pass
            if self.clock.now() >= end:
                return
            self.clock.advance(step_s)

    def row(self, key: str) -> Any:
        """All columns of an intent."""
        with self.database.begin() as conn:
            return conn.execute(select(tables.outbox).where(tables.outbox.c.key == key)).one()

    def rows(self) -> list[Any]:
        with self.database.begin() as conn:
            return list(conn.execute(select(tables.outbox).order_by(tables.outbox.c.episode, tables.outbox.c.seq)))

    def statuses(self) -> set[str]:
        return {row.status for row in self.rows()}


def intent(
    episode: str = "e1", seq: int = 1, kind: Kind = "note", priority: int = 2, target: Target = "slack", key: str = ""
) -> Intent:
    return Intent(
        key=key or f"{target}.{episode}.{seq}",
        episode=episode,
        seq=seq,
        target=target,
        kind=kind,
        priority=priority,
        created=START,
        payload={"text": "a line"},
    )
