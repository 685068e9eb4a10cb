"""A process that has no memory or no files left loses nothing: it sheds, tries again, or ends and is started again."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.crash.feed import Plan
from tests.crash.oracle import faults
from tests.crash.rig import child, says, settled
from tests.crash.until import until
from tests.crash.world import World, serving

SEED = 20_261_126
RULES = 3
LIFE_S = 2.0  # with nothing left, before the kernel ends it


def a_short_one(bad_s: int) -> Plan:
    """All breaks within two seconds."""
    return Plan(datetime.now(UTC).replace(microsecond=0), RULES, apart_s=1, bad_s=bad_s)


@pytest.mark.timeout(120)
def test_a_process_that_ran_out_of_memory_loses_nothing(tmp_path: Path) -> None:
    """What an outage left in the outbox is sent as well as that goes at the ceiling; the rest, and nothing twice, by the next."""
    database = f"sqlite:///{tmp_path}/memory.db"
    with serving(World(SEED, down=frozenset({"slack"}))) as world:
        plan = a_short_one(3)
        with child(database, world, plan) as process:
            assert says(process)
            until(lambda: sum(action == "resolve" for _, action, _ in world.events) == RULES, 30)
        world.down = frozenset()
        with child(database, world, plan, hog="memory") as process:
            assert says(process)
            assert says(process, "full")
            time.sleep(LIFE_S)
        assert settled(world, plan, database, 2).faults == ()


@pytest.mark.timeout(120)
def test_a_process_without_a_file_left_recovers_by_itself(tmp_path: Path) -> None:
    """Of 64 files none is to be had while alerts fire; once some are free again all is told, without a restart."""
    with serving(World(SEED)) as world:
        plan = a_short_one(6)
        with child(f"sqlite:///{tmp_path}/files.db", world, plan, hog="files") as process:
            assert says(process)
            assert says(process, "full")
            until(lambda: not faults(world, plan), 60)
            assert process.poll() is None
