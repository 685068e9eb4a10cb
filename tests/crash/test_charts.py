"""A chart that is being drawn when its process is killed: no text waits for it, and the next process draws it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.crash.feed import Plan
from tests.crash.rig import child, says
from tests.crash.until import until
from tests.crash.world import Message, World, serving

LONG_S = 600


def charted(message: Message) -> bool:
    return "slack_file" in message.blocks


@pytest.mark.timeout(60)
def test_a_chart_that_was_being_drawn_is_drawn_after_the_restart(tmp_path: Path) -> None:
    """The text stands at once, twice as many alerts as charts may be drawn at a time; after a kill each has its picture, once."""
    database = f"sqlite:///{tmp_path}/chart.db"
    with serving(World()) as world:
        plan = Plan(datetime.now(UTC).replace(microsecond=0), 4, apart_s=0, bad_s=LONG_S)
        with child(database, world, plan, draw="hang") as process:
            assert says(process)
            until(lambda: len(world.visible()) == plan.broken, 20)
            time.sleep(1.0)  # the charts are begun
        assert not any(map(charted, world.visible()))
        with child(database, world, plan, draw="well") as process:
            assert says(process)
            until(lambda: all(map(charted, world.visible())), 25)
            time.sleep(1.0)  # the store knows of the last one, too
        with child(database, world, plan, draw="well") as process:
            assert says(process)
            time.sleep(1.0)
        uploads = sum(method == "files.completeUploadExternal" for _, method in world.calls)
        assert (len(world.visible()), uploads) == (plan.broken, plan.broken)
