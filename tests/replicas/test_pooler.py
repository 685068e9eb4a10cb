"""paybot behind a pooler that hands every transaction to another server process: nothing of a session is relied on."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime

import psycopg
import pytest

from tests.replicas import pooler
from tests.replicas.feed import Waves
from tests.replicas.rig import run
from tests.replicas.storm import Storm
from tests.store import postgres

LEFT = {
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'": 0,
    "SELECT count(*) FROM pg_prepared_statements": 0,
    "SELECT current_setting('statement_timeout')": "0",
    "SELECT current_setting('lock_timeout')": "0",
    "SELECT count(*) FROM pg_listening_channels()": 0,
}


@pytest.mark.timeout(180)
def test_behind_a_pooler_nothing_is_lost_and_nothing_outlives_a_transaction() -> None:
    """Three processes, one of them killed, share three server processes, in which nothing of theirs is left."""
    if reason := pooler.why_not():
        pytest.skip(reason)
    with postgres.running() as server, pooler.pooling(server.clean()) as url:
        waves = Waves(datetime.now(UTC).replace(microsecond=0), rules=10, apart_s=0.3, bad_s=8)
        found = run(url, waves, Storm(kills=1, pauses=0, cuts=0), seed=3)
        assert found.faults == ()
        with ExitStack() as stack:  # a transaction each, all open at once: so each has its own server process
            open_ = [stack.enter_context(psycopg.connect(url, prepare_threshold=None)) for _ in range(pooler.BACKENDS)]
            for conn in open_:
                conn.execute("SELECT pg_backend_pid()")
            for conn in open_:
                assert {query: conn.execute(query).fetchone()[0] for query in LEFT} == LEFT  # type: ignore[index]
