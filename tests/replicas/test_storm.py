"""The short form of `make replicas`: three processes are killed, stand still and lose their database, and are as one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.replicas.feed import Waves
from tests.replicas.rig import run
from tests.replicas.storm import Storm
from tests.store import postgres

SEED = 20_261_125


@pytest.mark.timeout(240)
def test_three_processes_lose_nothing_and_leave_nothing_twice() -> None:
    """Kills, pauses longer than a lease, and cuts of the database, while alerts come and go and a digest is due."""
    if reason := postgres.why_not():
        pytest.skip(reason)
    with postgres.running() as server:
        waves = Waves(datetime.now(UTC).replace(microsecond=0), rules=26, apart_s=0.5, bad_s=16)
        found = run(server.clean(), waves, Storm(kills=3, pauses=1, cuts=2), SEED)
    assert found.faults == ()
    assert found.befallen["kill"] == 3
