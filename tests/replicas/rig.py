"""Lets three processes run on one PostgreSQL, kills them, lets them stand still, cuts their database off, and counts.

usage: python -m tests.replicas.rig [--kills 100] [--pauses 50] [--cuts 20] [--episodes 2500] [--seed N]     (`make replicas`)
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.crash.world import serving
from tests.replicas.child import Orders
from tests.replicas.feed import SECOND, Waves, in_a_while
from tests.replicas.fleet import Fleet, Hit, fleet, ready
from tests.replicas.ledger import SENDING, Ledger
from tests.replicas.oracle import faults
from tests.replicas.storm import Storm, befall, drawn
from tests.store import postgres

REPLICAS = 3
SHARE = 0.02  # of accepted calls, each, whose reply is lost, or says 500
DRAIN_S = 300.0
AT_ONCE_S = 0.3  # in which what a killed process has said may still arrive
TAKEOVER_S = 15.0
SEEN_TWICE_S = 10.0
GONE_S = 20.0
BAD_S = 40


@dataclass(frozen=True)
class Times:
    """How long something took, each time."""

    seconds: tuple[float, ...]

    def at(self, share: float) -> float:
        return sorted(self.seconds)[min(len(self.seconds) - 1, int(share * len(self.seconds)))] if self.seconds else 0.0

    def __str__(self) -> str:
        return f"{len(self.seconds)} times, p50 {self.at(0.5):.1f} s, p99 {self.at(0.99):.1f} s, max {self.at(1):.1f} s"


@dataclass(frozen=True)
class Verdict:
    """What was found: every line of `faults` is a broken promise."""

    transitions: int
    messages: int
    befallen: Mapping[str, int]
    made_twice: Times
    takeovers: Times
    pauses: Times
    ticks: Times
    faults: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        yield f"{self.transitions} transitions, {self.messages} messages stand; " + ", ".join(
            f"{many} {what}" for what, many in self.befallen.items()
        )
        yield f"made twice and repaired: {self.made_twice}"
        yield f"from the kill of a channel's holder to the next send: {self.takeovers}"
        yield f"from the pause of a channel's holder to the next send: {self.pauses}"
        yield f"from any kill to the next tick: {self.ticks}"
        yield f"{len(self.faults)} faults"
        yield from (f"  {fault}" for fault in self.faults[:60])


def run(url: str, waves: Waves, storm: Storm, seed: int, share: float = SHARE, many: int = REPLICAS) -> Verdict:
    """The whole run. The database at `url` has paybot's tables, or none."""
    world = Ledger(seed, dropped=share, failed=share)
    with serving(world):
        orders = Orders(
            database="",
            world=world.url,
            start=waves.start.isoformat(),
            rules=waves.rules,
            apart_s=waves.apart_s,
            bad_s=waves.bad_s,
            digest_at=in_a_while(waves.lasts_s() / 2),
        )
        with fleet(url, orders, many) as made:
            made.start()
            ready(made)
            dice = random.Random(seed)
            end = waves.start.timestamp() + waves.lasts_s() - waves.bad_s
            befall(made, drawn(storm, end - time.time(), many, dice), dice)
            world.dropped = world.failed = 0.0
            drained(lambda: faults(world, waves), waves)
            return judged(made, world, waves)


def drained(left: Callable[[], object], waves: Waves) -> None:
    """Waits until nothing is left to do, or for DRAIN_S after the feed's end."""
    end = waves.start.timestamp() + waves.lasts_s()
    while time.time() < end or (left() and time.time() < end + DRAIN_S):
        time.sleep(1.0)
    time.sleep(2.0)


def judged(made: Fleet, world: Ledger, waves: Waves) -> Verdict:
    end = waves.start.timestamp() + waves.lasts_s() - waves.bad_s
    sent, ticked = {target: sorted(world.sent(target)) for target in SENDING}, made.ticked()
    twice, takeovers = Times(tuple(world.seen_twice_s())), gaps(made.hits, "kill", sent, end)
    found = [
        *faults(world, waves),
        *kept(made, waves),
        *([f"a duplicate was seen for {twice.at(1):.1f} s"] if twice.at(1) > SEEN_TWICE_S else []),
        *([f"takeover took {takeovers.at(0.99):.1f} s at p99"] if takeovers.at(0.99) > TAKEOVER_S else []),
    ]
    return Verdict(
        transitions=2 * waves.rules,
        messages=len(world.visible()),
        befallen=Counter(each.what for each in made.hits),
        made_twice=twice,
        takeovers=takeovers,
        pauses=gaps(made.hits, "pause", sent, end),
        ticks=Times(tuple(after(each.at, ticked) for each in made.hits if each.what == "kill" and each.at < end)),
        faults=tuple(found),
    )


def kept(made: Fleet, waves: Waves) -> Iterator[str]:
    """What the rows say: nothing is owed any more, nothing was given up, and each break is one episode."""
    promised = {
        "SELECT count(*) FROM episode": waves.rules,
        "SELECT count(*) FROM outbox WHERE settled IS NULL": 0,
        "SELECT count(*) FROM outbox WHERE status = 'dead'": 0,
        "SELECT count(*) FROM digest_run WHERE content IS NOT NULL": 1,
    }
    for query, wanted in promised.items():
        if (found := made.rows(query)[0][0]) != wanted:
            yield f"store: {found}, not {wanted}: {query}"


def gaps(hits: Sequence[Hit], what: str, sent: dict[str, list[float]], end: float) -> Times:
    """From each such hit to the next call through every channel that the process held."""
    held = [(hit.at, name.removeprefix("send ")) for hit in hits if hit.what == what and hit.at < end for name in hit.held]
    return Times(tuple(after(at, sent[target]) for at, target in held if target in sent))


def after(at: float, moments: Sequence[float]) -> float:
    return next((each - at for each in moments if each > at + AT_ONCE_S), float("inf"))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--pauses", type=int, default=50)
    parser.add_argument("--cuts", type=int, default=20)
    parser.add_argument("--episodes", type=int, default=2500, help="each is two transitions")
    parser.add_argument("--races", type=int, default=1000, help="presses at two processes at once")
    parser.add_argument("--seconds", type=float, default=1000, help="in which they begin")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    options = parser.parse_args()
    if reason := postgres.why_not():
        sys.exit(reason)
    sys.stdout.write(f"seed {options.seed}; Slack takes messages without its pace of one a second, so that all fits in\n")
    sys.stdout.flush()
    with postgres.running() as server:
        start = datetime.now(UTC).replace(microsecond=0) + 10 * SECOND
        waves = Waves(start, options.episodes, options.seconds / options.episodes, BAD_S)
        found = run(server.clean(), waves, Storm(options.kills, options.pauses, options.cuts), options.seed)
        sys.stdout.write("".join(f"{line}\n" for line in found.lines()))
        sys.stdout.flush()
        wrong = pressed(server.clean(), options.races) if options.races else []
    sys.exit(bool(found.faults or wrong))


def pressed(url: str, races: int) -> list[str]:
    """Two `paybot serve`: so many presses at both at once, then no database for GONE_S."""
    from tests.replicas.pair import cut_off, pair, raced

    with tempfile.TemporaryDirectory(prefix="paybot-replicas-") as folder, pair(url, Path(folder)) as two:
        wrong = [*raced(two, races), *cut_off(two, GONE_S)]
    sys.stdout.write(f"{races} presses at both at once, {GONE_S:g} s without a database: {len(wrong)} faults\n")
    sys.stdout.write("".join(f"  {line}\n" for line in wrong[:40]))
    return wrong


if __name__ == "__main__":
    main()
