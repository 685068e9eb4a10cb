"""Runs the child, kills it at random or at named points, and compares what the channels hold in the end with the feed.

usage: python -m tests.crash.rig [--kills 200] [--seed N] [--points 5] [--database URL]     (`make crash`)
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.alerts.outbox import FAILPOINTS
from tests.crash.feed import APART, Plan
from tests.crash.world import World, serving

ENGINE_POINTS = ("after_tick_claim", "after_fetch", "after_judging", "in_transaction", "before_commit", "after_commit")
READY_S = 20.0
DRAIN_S = 240.0
LIVES_S = (0.2, 2.5)  # how long a process may live before it is killed
SHARE = 0.05


@dataclass(frozen=True)
class Verdict:
    """What was found: every line of `faults` is a broken promise."""

    kills: int
    transitions: int
    messages: int
    repaired: int
    faults: tuple[str, ...]


@contextmanager
def child(database: str, world: World, plan: Plan, failpoint: str = "") -> Iterator[subprocess.Popen[str]]:
    words = [database, world.url, plan.start.isoformat(), str(plan.rules), *([failpoint] if failpoint else [])]
    command = [sys.executable, "-m", "tests.crash.child", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)


def until_ready(process: subprocess.Popen[str]) -> bool:
    """Waits for the child's word that it works; False where it was killed before."""
    return bool(process.stdout) and process.stdout.readline().strip() == "ready"  # type: ignore[union-attr]


def random_kills(kills: int, seed: int, database: str) -> Verdict:
    """Kills at any moment, while some of what is accepted looks as if it was not."""
    dice = random.Random(seed)
    usual_s = sum(LIVES_S) / 2 + 1.0
    with serving(World(seed, dropped=SHARE, failed=SHARE)) as world:
        plan = Plan(datetime.now(UTC).replace(microsecond=0), max(4, int(kills * usual_s / APART)))
        for _ in range(kills):
            with child(database, world, plan) as process:
                if until_ready(process):
                    time.sleep(dice.uniform(*LIVES_S))
        return settled(world, plan, database, kills)


def point_kills(
    times: int, seed: int, database: str, points: tuple[str, ...] = (*ENGINE_POINTS, *FAILPOINTS)
) -> tuple[Verdict, Counter[str]]:
    """Kills at every named point between two effects, so many times each where it is reached at all."""
    hit: Counter[str] = Counter()
    with serving(World(seed, dropped=SHARE, failed=SHARE)) as world:
        plan = Plan(datetime.now(UTC).replace(microsecond=0), max(8, times * len(points)))
        for turn in range(times):
            for point in points:
                with child(database, world, plan, f"{point}:{1 + turn % 3}") as process:
                    try:
                        process.wait(12 if point in ENGINE_POINTS or "send" in point or "claim" in point else 8)
                    except subprocess.TimeoutExpired:
                        continue
                    hit[point] += 1
        return settled(world, plan, database, sum(hit.values())), hit


def settled(world: World, plan: Plan, database: str, kills: int) -> Verdict:
    """Lets one last process finish, without faults, and judges what stands."""
    world.dropped = world.failed = 0.0
    deadline = time.monotonic() + DRAIN_S + max(0.0, (plan.end() - datetime.now(UTC)).total_seconds())
    with child(database, world, plan) as process:
        until_ready(process)
        while time.monotonic() < deadline and (faults(world, plan) or datetime.now(UTC) < plan.end()):
            time.sleep(1.0)
        time.sleep(32.0 if world_is_doubtful(world) else 1.0)  # the sweeper's first look comes after two leases
    repaired = sum(1 for each in world.messages if each.deleted)
    transitions = 2 * plan.rules
    return Verdict(kills, transitions, len(world.visible()), repaired, tuple(faults(world, plan)))


def world_is_doubtful(world: World) -> bool:
    return len(world.visible()) != len({each.text.split()[1] for each in world.visible()})


def faults(world: World, plan: Plan) -> list[str]:
    """What is lost, said twice or made up, by channel."""
    wanted = {f"r{number:03d}" for number in range(plan.rules)}
    return [*slack_faults(world, wanted), *pager_faults(world, plan)]


def slack_faults(world: World, wanted: set[str]) -> Iterator[str]:
    seen = defaultdict(list)
    for message in world.visible():
        seen[next((name for name in wanted if f"Rule {name}" in message.text), "?")].append(message)
    yield from (f"lost: no message for {name}" for name in sorted(wanted - seen.keys()))
    yield from (f"made up: {message.text[:80]}" for message in seen.pop("?", []))
    for name, messages in sorted(seen.items()):
        if len(messages) > 1:
            yield f"twice: {len(messages)} messages for {name}"
        if not any("esolved" in message.text for message in messages):
            yield f"stale: {name} is not shown as resolved: {messages[0].text[:80]}"
        notes = [note for message in messages for note in world.notes(message.ts) if "esolved" in note.text]
        if len(notes) != 1:
            yield f"notes: {len(notes)} lines say that {name} is resolved"


def pager_faults(world: World, plan: Plan) -> Iterator[str]:
    by_key = defaultdict(list)
    for _, action, key in world.events:
        by_key[key].append(action)
    if len(by_key) != plan.rules:
        yield f"PagerDuty: {len(by_key)} incidents for {plan.rules} episodes"
    for key, actions in by_key.items():
        if (
            actions[0] != "trigger" or actions[-1] != "resolve" or "trigger" in actions[actions.index("resolve") :]
            if "resolve" in actions
            else True
        ):
            yield f"PagerDuty: {key}: {', '.join(actions)}"
    aliases = defaultdict(list)
    for action, alias in world.alerts:
        aliases[alias].append(action)
    if len(aliases) != plan.rules // 2:
        yield f"Opsgenie: {len(aliases)} alerts for {plan.rules // 2} episodes"
    yield from (f"Opsgenie: {alias}: {', '.join(actions)}" for alias, actions in aliases.items() if actions[-1] != "close")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--points", type=int, default=5, help="how often each named point is killed")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    options = parser.parse_args()
    sys.stdout.write(f"seed {options.seed}\n")
    with tempfile.TemporaryDirectory(prefix="paybot-crash-") as folder:
        verdict = random_kills(options.kills, options.seed, f"sqlite:///{Path(folder, 'random.db')}")
        told("random kills", verdict)
        named, hit = point_kills(options.points, options.seed, f"sqlite:///{Path(folder, 'points.db')}")
        told("named points", named)
    sys.stdout.write("\n".join(f"  {point}: killed {hit[point]} times" for point in (*ENGINE_POINTS, *FAILPOINTS)) + "\n")
    sys.exit(bool(verdict.faults or named.faults))


def told(name: str, verdict: Verdict) -> None:
    sys.stdout.write(
        f"{name}: {verdict.kills} kills, {verdict.transitions} transitions, {verdict.messages} messages stand, "
        f"{verdict.repaired} repaired, {len(verdict.faults)} faults\n"
    )
    sys.stdout.write("".join(f"  {fault}\n" for fault in verdict.faults[:40]))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
