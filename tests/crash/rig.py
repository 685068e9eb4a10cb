"""Runs the child, ends it at random or at named points, and compares what the channels hold in the end with the feed.

usage: python -m tests.crash.rig [--kills 200] [--terms 200] [--points 5] [--seed N]     (`make crash`)
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.alerts.outbox import FAILPOINTS
from tests.crash.child import Orders
from tests.crash.feed import APART, BAD, Plan
from tests.crash.oracle import begun_anew, faults
from tests.crash.world import World, serving

ENGINE_POINTS = ("after_tick_claim", "after_fetch", "after_judging", "in_transaction", "before_commit", "after_commit")
POINTS = (*ENGINE_POINTS, *FAILPOINTS)
RARE = ("look", "withdraw", "swe")  # in the names of the points that a process comes to less than once a second
DRAIN_S = 240.0
LIVES_S = (0.2, 2.5)  # how long a process may live before it is ended
BUSY_S = (0.1, 1.5)  # the same for SIGTERM, most of which then meets a call on its way
SHORT_S = 8  # how long a break lasts where processes come back soon
SLOW_S = 3.0  # some replies take longer than a process waits for before it ends
SHARE = 0.05
STOP_S = 10.0  # the longest that SIGTERM may take
REACH_S = 20.0  # how long a process has to come to its point
AWAKE_S = 4.0  # beyond its claim a late owner stands still, and then has for putting things right
POINTS_S = 480.0  # for all points
LAST_LOOK_S = 3.0  # of children that are killed at named points: what was sent twice is found while they live
HARD: dict[str, Any] = {"dropped": 0.25, "failed": 0.1, "late_s": 2.0}  # makes second looks and withdrawals daily bread


@dataclass(frozen=True)
class Verdict:
    """What was found: every line of `faults` is a broken promise."""

    ends: int
    transitions: int
    messages: int
    repaired: int
    faults: tuple[str, ...]


@contextmanager
def child(database: str, world: World, plan: Plan, **orders: Any) -> Iterator[subprocess.Popen[str]]:
    """The process; killed at the end, where it lives so long."""
    told = Orders(
        database=database,
        world=world.url,
        start=plan.start.isoformat(),
        rules=plan.rules,
        breaking=plan.broken,
        apart_s=plan.apart_s,
        bad_s=plan.bad_s,
        opsgenie=plan.opsgenie,
        **orders,
    )
    command = [sys.executable, "-m", "tests.crash.child", told.text()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)


def says(process: subprocess.Popen[str], word: str = "ready") -> bool:
    """Waits for the child's word; False where it ended before."""
    return process.stdout is not None and process.stdout.readline().strip() == word


def random_kills(kills: int, seed: int, database: str) -> Verdict:
    """Kills at any moment, while some of what is accepted looks as if it was not."""
    dice = random.Random(seed)
    with serving(World(seed, dropped=SHARE, failed=SHARE)) as world:
        plan = waves(kills * (sum(LIVES_S) / 2 + 2.0))
        for _ in range(kills):
            with child(database, world, plan) as process:
                if says(process):
                    time.sleep(dice.uniform(*LIVES_S))
        return settled(world, plan, database, kills)


def random_terms(terms: int, seed: int, database: str) -> Verdict:
    """SIGTERM at any moment, while replies take their time: a fault, too, is what does not end well within STOP_S."""
    dice, ends = random.Random(seed), list[str]()
    with serving(World(seed, dropped=2 * SHARE, failed=SHARE, slow_s=SLOW_S)) as world:
        plan = waves(terms * (sum(BUSY_S) / 2 + STOP_S), SHORT_S)
        for _ in range(terms):
            with child(database, world, plan) as process:
                if says(process):
                    time.sleep(dice.uniform(*BUSY_S))
                ends += badly_ended(process)
        found = settled(world, plan, database, terms)
    return replace(found, faults=(*ends, *found.faults))


def badly_ended(process: subprocess.Popen[str]) -> Iterator[str]:
    """What is wrong with how the process takes SIGTERM."""
    process.terminate()
    try:
        if code := process.wait(STOP_S):
            yield f"SIGTERM: exit code {code}"
    except subprocess.TimeoutExpired:
        yield f"SIGTERM: still there after {STOP_S:g} s"


def point_kills(
    times: int, seed: int, database: str, points: tuple[str, ...] = POINTS, limit_s: float = POINTS_S
) -> tuple[Verdict, Counter[str]]:
    """Kills at every named point between two effects, so many times each; which were killed less often within the limit shows."""
    hit, deadline = Counter[str](), time.monotonic() + limit_s
    with serving(World(seed, **HARD)) as world:
        plan = waves(limit_s + REACH_S)
        while (left := [point for point in points if hit[point] < times]) and time.monotonic() < deadline:
            for point in left:
                hit[point] += killed_at(point, hit[point], database, world, plan)
        return settled(world, plan, database, hit.total(), last_look_s=LAST_LOOK_S), hit


def killed_at(point: str, before: int, database: str, world: World, plan: Plan) -> bool:
    """Whether a process came to its point, the first or a later time, and was killed there."""
    nth = 1 if any(part in point for part in RARE) else 1 + before % 3
    with child(database, world, plan, failpoint=f"kill {point} {nth}", last_look_s=LAST_LOOK_S) as process:
        try:
            return process.wait(REACH_S) == -signal.SIGKILL
        except subprocess.TimeoutExpired:
            return False


def late_owners(times: int, seed: int, database: str) -> Verdict:
    """A process stands still on its way to Slack for longer than its claim holds, another does the work, and the first wakes up.

    Only where several share a database. Every other one is then killed before it can put right what it made too late.
    """
    never = list[str]()
    with serving(World(seed)) as world:
        plan = waves(times * (Orders.lease_s + 2 * AWAKE_S + REACH_S))
        for number in range(times):
            with child(database, world, plan, failpoint=f"stop before_send {1 + number % 3}") as first:
                never += [] if stands_still(first) else [f"late owner {number} never came to its point"]
                with child(database, world, plan):
                    time.sleep(Orders.lease_s + AWAKE_S)
                    first.send_signal(signal.SIGCONT)
                    time.sleep(AWAKE_S * (number % 2))
        found = settled(world, plan, database, times)
    return replace(found, faults=(*never, *found.faults))


def stands_still(process: subprocess.Popen[str]) -> bool:
    """Waits until the kernel has stopped it; False where it does not come to its point."""
    end = time.monotonic() + REACH_S
    while time.monotonic() < end:
        if os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT | os.WNOHANG):
            return True
        time.sleep(0.02)
    return False


def waves(seconds: float, bad_s: int = BAD) -> Plan:
    """A plan for so long from now on: a rule breaks every APART seconds."""
    return Plan(datetime.now(UTC).replace(microsecond=0), max(4, int(seconds / APART)), bad_s=bad_s)


def settled(world: World, plan: Plan, database: str, ends: int, *, stood_still: bool = False, **orders: Any) -> Verdict:
    """Lets one last process finish, without faults, and judges what stands."""
    world.dropped = world.failed = world.slow_s = 0.0
    plan = plan.cut(datetime.now(UTC))
    deadline = time.monotonic() + DRAIN_S + max(0.0, (plan.end() - datetime.now(UTC)).total_seconds())
    with child(database, world, plan, **orders) as process:
        says(process)
        while time.monotonic() < deadline and (faults(world, plan) or datetime.now(UTC) < plan.end()):
            time.sleep(0.2)
        time.sleep(1.0)
    anew = tuple(begun_anew(world))
    repaired = sum(1 for each in world.messages if each.deleted) + len(anew) * stood_still
    found = (*faults(world, plan), *(() if stood_still else anew))
    return Verdict(ends, 2 * plan.broken, len(world.visible()), repaired, found)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--terms", type=int, default=200, help="how often it is ended by SIGTERM")
    parser.add_argument("--points", type=int, default=5, help="how often each named point is killed")
    parser.add_argument("--late", type=int, default=8, help="how often a process stands still, where there is a PostgreSQL")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    options = parser.parse_args()
    sys.stdout.write(f"seed {options.seed}\n")
    with tempfile.TemporaryDirectory(prefix="paybot-crash-") as folder:
        bad = [*run(options, Path(folder))]
    sys.exit(bool(sum(bad)))


def run(options: argparse.Namespace, folder: Path) -> Iterator[int]:
    """Every part that was asked for; how many faults each has."""

    def file(name: str) -> str:
        return f"sqlite:///{folder / name}.db"

    if options.points:
        named, hit = point_kills(options.points, options.seed, file("points"))
        yield told("named points", named)
        sys.stdout.write("\n".join(f"  {point}: killed {hit[point]} times" for point in POINTS) + "\n")
        yield sum(hit[point] < options.points for point in POINTS)
    if options.kills:
        yield told("random kills", random_kills(options.kills, options.seed, file("kills")))
    if options.terms:
        yield told("random SIGTERMs", random_terms(options.terms, options.seed, file("terms")))
    if options.late:
        yield told_of_late_owners(options)


def told_of_late_owners(options: argparse.Namespace) -> int:
    from tests.store import postgres

    if reason := postgres.why_not():
        sys.stdout.write(f"late owners: not tried: {reason}\n")
        return 0
    with postgres.running() as server:
        return told("late owners", late_owners(options.late, options.seed, server.clean()))


def told(name: str, verdict: Verdict) -> int:
    sys.stdout.write(
        f"{name}: {verdict.ends} ends, {verdict.transitions} transitions, {verdict.messages} messages stand, "
        f"{verdict.repaired} repaired, {len(verdict.faults)} faults\n"
    )
    sys.stdout.write("".join(f"  {fault}\n" for fault in verdict.faults[:40]))
    sys.stdout.flush()
    return len(verdict.faults)


if __name__ == "__main__":
    main()
