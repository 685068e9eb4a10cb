"""The pre-check changes nothing: engines with it and without it write the same."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from bot.alerts.engine import Beat, Engine
from bot.alerts.rule import Rule
from bot.ports import SourceError
from bot.store import alerts as store
from bot.store import outbox
from bot.store.database import Database
from charts.data import Series
from commands.panel import Query
from commands.window import Window
from tests.alerts_engine.feed import MINUTE, START, Clock, Feed, a_rule, opened

MINUTES = 90
DOWN = SourceError("did not answer in time", "timeout")
MEASURES = ("mean", "sum", "last")
NO_DATA = ("keep", "fire", "ok", "nodata")


def some_rules() -> list[Rule]:
    """Rules of each measure and policy, for one to five minutes, at both sides of 97."""
    made = []
    for number in range(36):
        side: dict[str, Any] = (
            {"above": 103.0, "below": None, "recover": 101.0} if number % 2 else {"below": 97.0, "recover": 99.0}
        )
        made.append(
            a_rule(
                f"r{number:02d}",
                measure=MEASURES[number % 3],
                no_data=NO_DATA[number // 3 % 4],
                over=MINUTE * (1 if number % 3 == 1 else 1 + number % 5),
                hold=MINUTE * (number % 4),
                environments=("prod", "staging") if number % 6 == 0 else (),
                **side,
            )
        )
    return [*made, a_rule("groups", queries={"value": Query("datadog", "groups by {host}")})]


@dataclass
class Wild(Feed):
    """Numbers that are good mostly, and now and then bad for a while, at the limit, unknown, not there at all, or late."""

    def series(
        self, queries: Mapping[str, Query], window: Window, env: str, timeout_s: float
    ) -> Mapping[str, tuple[Series, ...]]:
        found = self.fetch(queries, window, env, timeout_s)
        late = random.Random(f"late {window.end}")
        return {key: self._groups(queries[key], answer, late) for key, answer in found.items() if isinstance(answer, Series)}

    def _groups(self, query: Query, whole: Series, late: random.Random) -> tuple[Series, ...]:
        lag = late.choice([0] * 20 + [1, 2])
        line = replace(whole, times=whole.times[:-lag], values=whole.values[:-lag]) if lag else whole
        if "by {" in query.text:
            return tuple(replace(line, name=f"host:{name}") for name in "ab" if late.random() < 0.8)
        return () if late.random() < 0.02 else (line,)


def wild(text: str, at: datetime) -> float | None:
    """The same at every look: a stretch of ten minutes has its own level, a minute its own mishap."""
    minute = int((at - START) / MINUTE)
    level = random.Random(f"{text} {minute // 10}").choice([100.0] * 12 + [97.0, 103.0, 90.0, 110.0])
    return random.Random(f"{text} {minute}").choice([level] * 20 + [None, float("nan"), 90.0, 110.0])


def run(folder: Path, many: int) -> tuple[Any, ...]:
    """What stands in the store after some time with a restart, a break, a dead source, and a clock that leaps."""
    folder.mkdir()
    clock, feed = Clock(), Wild(wild)
    with opened(folder, clock) as database:
        engine = an_engine(database, clock, feed, many)
        for minute in range(MINUTES):
            clock.at += MINUTE * (15 if minute == 40 else 1)
            feed.fault = DOWN if 20 <= minute < 24 else None
            if minute in (30, 40):
                engine.stop()
                engine = an_engine(database, clock, feed, many)
            assert engine.run_due()
        engine.stop()
        return written(database)


def an_engine(database: Database, clock: Clock, feed: Feed, many: int) -> Engine:
    return Engine(database, {"datadog": feed}, some_rules(), Beat("prod", MINUTE, MINUTE, "this process", many=many), clock.now)


def written(database: Database) -> tuple[Any, ...]:
    """All instances, episodes and intents, named by what they are of and not by the numbers that are drawn for them."""
    with database.begin() as conn:
        found = store.recent_episodes(conn, START, 10_000)
        names = {each.id: f"{each.rule} {each.series} {each.number}" for each in found}
        owed = [
            (names[intent.episode], intent.target, intent.kind, intent.created, intent.priority)
            for each in found
            for target in ("slack", "pagerduty", "opsgenie")
            for intent in outbox.undone(conn, each.id, target)
        ]
        episodes = [replace(each, id=names[each.id], extra=dict.fromkeys(each.extra, "")) for each in found]
        return store.instances(conn), sorted(episodes, key=lambda each: each.id), sorted(owed)


def test_with_the_pre_check_and_without_it_the_same_is_written(tmp_path: Path) -> None:
    """Every instance, every episode with all its columns, everything that is owed."""
    exact, checked = run(tmp_path / "exact", 10_000), run(tmp_path / "checked", 0)
    instances, episodes, owed = exact
    assert len(episodes) > 40
    assert {each.phase for each in episodes} >= {"closed", "firing"}
    assert len(owed) > 100
    assert checked[0] == instances
    assert checked[1] == episodes
    assert checked[2] == owed


@pytest.mark.parametrize("module", ["bot.alerting", "bot.alerts.engine"])
def test_an_engine_is_there_before_numpy_is(module: str) -> None:
    """Those with few rules never load it, and nobody does at the start."""
    code = f"import sys, {module}; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=30).returncode == 0
