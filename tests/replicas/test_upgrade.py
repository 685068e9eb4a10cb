"""An upgrade without a stop: the version before works beside the new one, until a step that it cannot follow."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.store import schema
from tests.crash.world import serving
from tests.replicas.child import Orders
from tests.replicas.feed import Waves, in_a_while
from tests.replicas.fleet import Fleet, fleet, ready
from tests.replicas.ledger import Ledger
from tests.replicas.oracle import faults
from tests.store import postgres

NEXT, LATER = (f"{int(schema.NEWEST) + step:04d}" for step in (1, 2))
STEP = """\
from alembic import op
import sqlalchemy as sa

revision, down_revision = "{version}", "{before}"


def upgrade() -> None:
    {does}
"""
ADDS = 'op.add_column("person", sa.Column("newer", sa.Text))'
TAKES_AWAY = "op.execute(\"UPDATE oldest_schema SET version = '{version}'\")"
LIMIT_S = 60.0


def steps(folder: Path, *does: str) -> Path:
    """The migrations of a version to come: ours, and one more for each of these."""
    made = folder / f"migrations{len(does)}"
    shutil.copytree(schema.MIGRATIONS, made)
    before = int(schema.NEWEST)
    for version, line in enumerate(does, start=before + 1):
        own = f"{version:04d}"
        text = STEP.format(version=own, before=f"{version - 1:04d}", does=line.format(version=own))
        (made / "versions" / f"v{own}_to_come.py").write_text(text)
    return made


def until(holds: Callable[[], object], limit_s: float = LIMIT_S) -> None:
    end = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


def ticked(made: Fleet, number: int) -> int:
    """How many ticks that process has done."""
    owner = made.replicas[number].owner
    return int(made.rows(f"SELECT count(*) FROM tick WHERE finished IS NOT NULL AND owner = '{owner}'")[0][0])


@pytest.mark.timeout(240)
def test_the_version_before_works_beside_the_new_one_until_it_cannot(tmp_path: Path) -> None:
    """Nothing is lost or said twice meanwhile; then it ends with code 2 and a line that says why."""
    if reason := postgres.why_not():
        pytest.skip(reason)
    world = Ledger()
    with postgres.running() as server, serving(world):
        waves = Waves(datetime.now(UTC).replace(microsecond=0), rules=10, apart_s=0.4, bad_s=6)
        orders = Orders(
            database="",
            world=world.url,
            start=waves.start.isoformat(),
            rules=waves.rules,
            apart_s=waves.apart_s,
            bad_s=waves.bad_s,
            digest_at=in_a_while(12),
        )
        with fleet(server.empty(), orders, 2) as made:
            before, after = made.replicas
            before.start()
            until(lambda: before.says("ready"))
            after.orders = replace(after.orders, newest=NEXT, steps=str(steps(tmp_path, ADDS)))
            after.start()
            ready(made)
            assert made.rows("SELECT version_num FROM alembic_version") == [(NEXT,)]
            for works, rests in ((0, 1), (1, 0)):
                was = ticked(made, works)
                made.replicas[rests].halt()
                until(lambda works=works, was=was: ticked(made, works) > was)  # type: ignore[misc]
                made.replicas[rests].go_on()
            until(lambda: not faults(world, waves))
            after.kill()
            after.orders = replace(after.orders, newest=LATER, steps=str(steps(tmp_path, ADDS, TAKES_AWAY)))
            after.start()
            assert before.process
            assert before.process.wait(LIMIT_S) == 2
            assert f"written by a newer paybot (schema {LATER}, this one knows up to {schema.NEWEST})" in before.rest_of_words()
            assert faults(world, waves) == []
