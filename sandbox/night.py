"""A night in a minute and a half: the clock runs fast until the next stand-up is over, and things go wrong on the way."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from bot.digest.calendar import DAY, Plan
from sandbox.clock import FASTEST
from sandbox.scenarios import SCENARIOS
from sandbox.world import World

EVENING = time(18)
USUAL = (("issuer-outage", time(2, 10), timedelta(minutes=50)), ("renderer-down", time(5), timedelta(minutes=40)))
# One of them, in the evening. At this speed ticks come minutes apart, and only Datadog tells the minutes between: late webhooks,
# of which Elasticsearch tells, would not be seen to be well again before the morning.
MIXED = ("retry-storm", "expiry-wave")
FIRST_MIXED, LAST_MIXED, MIXED_LASTS = timedelta(hours=1, minutes=30), timedelta(hours=4), timedelta(minutes=40)
# What is asked for the stand-up takes seconds: from five minutes before it is due until it stands there time goes more slowly.
LEGS = ((timedelta(minutes=-5), FASTEST), (timedelta(0), 20.0), (timedelta(minutes=1), 10.0), (timedelta(minutes=5), 60.0))
LOOK_S = 0.5
SHORT = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Mishap:
    """A scenario that begins by itself."""

    scenario: str
    at: datetime
    lasting: timedelta


@dataclass(frozen=True, slots=True)
class Night:
    """From `begin`, to which the clock jumps, in `legs`, each a time and how fast the clock runs until then."""

    begin: datetime
    mishaps: tuple[Mishap, ...]
    legs: tuple[tuple[datetime, float], ...]

    @property
    def end(self) -> datetime:
        return self.legs[-1][0]


def night(now: datetime, plan: Plan, seed: int) -> Night:
    """The one before the next stand-up, or what is left of it; before it, its evening is where it begins."""
    today = now.astimezone(plan.tz).date()
    morning = next(day for day in (today + number * DAY for number in range(400)) if plan.is_due_on(day) and plan.due(day) > now)
    begin = max(now, at(morning - DAY, EVENING, plan))
    due = plan.due(morning)
    mishaps = tuple(each for each in mishaps_of(morning, plan, seed) if each.at >= begin)
    return Night(begin, mishaps, tuple((due + after, speed) for after, speed in LEGS))


def mishaps_of(morning: date, plan: Plan, seed: int) -> Iterator[Mishap]:
    """What goes wrong in the night before that morning: the usual, and by the seed something of the evening."""
    dice = random.Random(f"{seed} {morning}")
    minutes = dice.randint(FIRST_MIXED // timedelta(minutes=1), LAST_MIXED // timedelta(minutes=1))
    yield Mishap(dice.choice(MIXED), at(morning - DAY, EVENING, plan) + timedelta(minutes=minutes), MIXED_LASTS)
    for scenario, begin, lasting in USUAL:
        yield Mishap(scenario, at(morning, begin, plan), lasting)


def at(day: date, time_: time, plan: Plan) -> datetime:
    """That local time."""
    return datetime.combine(day, time_, plan.tz).astimezone(UTC)


class Nights:
    """Runs one night at a time; `changed` is told when its clock changes, from any thread.

    `rehearse` is called before one begins that is not SHORT: what has to be read would hold up its ticks while time runs fast.
    """

    def __init__(self, world: World, plan: Plan, changed: Callable[[], None], rehearse: Callable[[], None]) -> None:
        self._world = world
        self._rehearse = rehearse
        self._plan = plan
        self._changed = changed
        self._night: Night | None = None
        self._ended = threading.Event()
        self._lock = threading.Lock()

    def next(self) -> Night:
        """The night that would begin now."""
        return night(self._world.clock.now(), self._plan, self._world.seed)

    def begin(self) -> None:
        """Runs one in a thread of its own; one that is on goes on."""
        with self._lock:
            if self._night is None:
                self._night = found = self.next()
                self._ended = threading.Event()
                threading.Thread(target=self._run, args=(found, self._ended), name="night", daemon=True).start()

    def end(self) -> None:
        """Leaves the rest of it to the clock as it runs then; what is still to go wrong goes wrong."""
        with self._lock:
            self._ended.set()
            self._night = None

    def run(self, night_: Night, ended: threading.Event | None = None) -> None:
        """Returns when that night is over, and the clock runs at its ordinary speed, or when it has been `ended`."""
        self._run(night_, ended or threading.Event())

    def state(self) -> dict[str, Any]:
        """Whether one is on, until when it lasts, and what goes wrong in it, as the page shows it."""
        night_ = self._night or self.next()
        mishaps = [{"title": SCENARIOS[each.scenario].title, "at": each.at.timestamp()} for each in night_.mishaps]
        return {"on": self._night is not None, "until": night_.end.timestamp(), "mishaps": mishaps}

    def _run(self, night_: Night, ended: threading.Event) -> None:
        clock = self._world.clock
        if night_.end - clock.now() > SHORT:
            self._rehearse()
        clock.jump(max(night_.begin - clock.now(), timedelta(0)))
        for each in night_.mishaps:
            self._world.start(each.scenario, each.at, each.lasting)
        for until, speed in night_.legs:
            if until > clock.now() and self._set(speed, ended):
                self._wait(until, speed, ended)
        if self._set(1.0, ended):
            self.end()
        self._changed()

    def _set(self, speed: float, ended: threading.Event) -> bool:
        """Lets the clock run so fast, unless the night has been ended; whether it did."""
        with self._lock:
            if ended.is_set():
                return False
            self._world.clock.run(speed)
        self._changed()
        return True

    def _wait(self, until: datetime, speed: float, ended: threading.Event) -> None:
        while (left := until - self._world.clock.now()) > timedelta(0):
            if ended.wait(min(left.total_seconds() / speed, LOOK_S)):
                return
