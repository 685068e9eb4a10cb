"""What befalls the processes: drawn beforehand from a seed, and carried out in one thread."""

from __future__ import annotations

import heapq
import itertools
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

from tests.replicas.fleet import Fleet, Replica
from tests.replicas.proxy import Proxy

PAUSE_S = (11.0, 15.0)  # longer than a lease lasts
CUT_S = (3.0, 9.0)
CALM_S = 5.0  # after the beginning in which nothing befalls anybody
ALL = 2  # of five cuts cut all off
AIMED = 0.25


@dataclass(frozen=True)
class Storm:
    """How much befalls them."""

    kills: int
    pauses: int
    cuts: int


@dataclass(frozen=True)
class Blow:
    """One event, so long after the beginning. `aimed`: at whoever sends to Slack then, else at the one that was drawn."""

    at_s: float
    what: Literal["kill", "pause", "cut"]
    lasts_s: float
    whom: int
    aimed: bool


def drawn(storm: Storm, seconds: float, many: int, dice: random.Random) -> tuple[Blow, ...]:
    """All blows of a run of so many processes: each kind spread evenly over the time."""

    def blow(at_s: float, what: Literal["kill", "pause", "cut"], lasts: tuple[float, float]) -> Blow:
        return Blow(at_s, what, dice.uniform(*lasts), dice.randrange(many), dice.random() < AIMED)

    return (
        *(blow(at_s, "kill", (0, 0)) for at_s in spread(storm.kills, seconds, dice)),
        *(blow(at_s, "pause", PAUSE_S) for at_s in spread(storm.pauses, seconds - PAUSE_S[1], dice)),
        *(blow(at_s, "cut", CUT_S) for at_s in spread(storm.cuts, seconds - CUT_S[1], dice)),
    )


def spread(many: int, seconds: float, dice: random.Random) -> Iterator[float]:
    """So many moments, one in each of as many equal parts of the time."""
    part = max(0.0, seconds - CALM_S) / max(1, many)
    return (CALM_S + part * (number + dice.random()) for number in range(many))


def befall(made: Fleet, blows: tuple[Blow, ...], dice: random.Random) -> None:
    """All of them at their times; returns when the last is over and every process runs and reaches its database."""
    begin, numbers = time.time(), itertools.count()
    due: list[tuple[float, int, Callable[[], object]]] = []

    def at(moment: float, act: Callable[[], object]) -> None:
        heapq.heappush(due, (moment, next(numbers), act))

    def struck(blow: Blow) -> None:
        after = cut(made, blow, dice) if blow.what == "cut" else hit(made, blow)
        at(time.time() + blow.lasts_s, after)

    for each in blows:
        at(begin + each.at_s, partial(struck, each))
    while due:
        moment, _, act = heapq.heappop(due)
        time.sleep(max(0.0, moment - time.time()))
        act()
    made.rest()


def hit(made: Fleet, blow: Blow) -> Callable[[], object]:
    """A kill or a pause; gives what ends it."""
    sender = made.holder("send slack") if blow.aimed else None
    replica = sender or made.replicas[blow.whom]
    if blow.what == "pause" and replica.stands_still:
        replica = next(each for each in made.replicas if not each.stands_still or each is made.replicas[-1])
    made.hit(blow.what, replica)
    owner = replica.owner
    return lambda: awakened(replica, owner)


def awakened(replica: Replica, owner: str) -> None:
    """Unless another process has taken its place meanwhile."""
    if replica.owner == owner:
        replica.go_on()


def cut(made: Fleet, blow: Blow, dice: random.Random) -> Callable[[], object]:
    """One process, or all of them; with a word or without. Gives what ends it."""
    every, silently = dice.randrange(5) < ALL, dice.random() < 0.5
    ways = [each.proxy for each in (made.replicas if every else made.replicas[blow.whom : blow.whom + 1])]
    for way in ways:
        (Proxy.freeze if silently else Proxy.close)(way)
    made.note("cut of all" if every else "cut of one")

    def healed() -> None:
        for way in ways:
            way.heal()

    return healed
