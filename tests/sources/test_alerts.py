"""Open alerts as a source: what the store has, or why nobody can say."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.alerts.standing import standing_table
from bot.ports import SourceError
from bot.sources.alerts import OpenAlerts
from bot.store import alerts
from bot.store.database import Database
from charts.data import Table
from commands.open_alerts import OPEN_ALERTS
from tests.alerts_actions.making import DANA, NAMES, NOW, episode
from tests.fakes import window


def source(database: Database) -> OpenAlerts:
    def rows(env: str, zone: str) -> Table:
        with database.begin() as conn:
            return standing_table(alerts.recent_episodes(conn, NOW, 10), zone, lambda who: NAMES.get(who, who))

    return OpenAlerts(rows)


def test_what_is_open_comes_from_the_store(tmp_path: Path) -> None:
    """The most urgent first, with who has it in words; what is over, and a drill, is not open."""
    database = Database(f"sqlite:///{tmp_path}/paybot.db")
    database.open()
    late = episode(id="2" * 16, number=2, rule="b", title="Checkout", severity="critical", handling="acked", acked_by=DANA)
    asleep = episode(
        id="3" * 16, rule="c", title="Lag", handling="snoozed", snoozed_by="Mei Tan", snoozed_until=NOW + timedelta(hours=1)
    )
    over = replace(late, id="4" * 16, number=3, phase="closed", closed=NOW)
    with database.begin() as conn:
        for each in (episode(), late, asleep, over, episode(id="5" * 16, rule="d", drill=True)):
            alerts.add_episode(conn, each)
    found = source(database).fetch({"asked": OPEN_ALERTS}, window(zone="Europe/Berlin"), "prod", 1.0)["asked"]
    database.close()
    assert isinstance(found, Table)
    since = episode().since.timestamp()
    assert found.rows == (
        ("Checkout (prod)", "critical", "firing, acknowledged", since, "Dana Weber"),
        ("Retry failures (prod)", "warning", "firing", since, ""),
        ("Lag (prod)", "warning", "firing, snoozed until Sun 22 Nov 05:30", since, "Mei Tan"),
    )


def test_a_store_that_is_away_is_a_fault_in_words(tmp_path: Path) -> None:
    """Which becomes a gap: no answer is not "none"."""
    shut = source(Database(f"sqlite:///{tmp_path}/paybot.db"))
    with pytest.raises(SourceError) as fault:
        shut.fetch({"asked": OPEN_ALERTS}, window(), "prod", 1.0)
    assert fault.value.said.startswith("cannot read its store now: ")
    assert fault.value.kind == "unavailable"
    with pytest.raises(SourceError):
        shut.probe(1.0)
