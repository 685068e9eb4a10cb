"""A source whose numbers a test writes down, and an engine over a real database that asks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.alerts.engine import Beat, Engine, Hooks
from bot.alerts.rule import Rule
from bot.ports import Answers, Link, SourceError
from bot.store.database import Database
from charts.data import Series
from commands.args import Ask, Window
from commands.panel import Query

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

Numbers = Callable[[str, datetime], float | None]  # of a query's text, in the minute that begins then


@dataclass
class Feed:
    """Answers every query with what `numbers` says, minute by minute; `fault` is raised instead, if there is one."""

    numbers: Numbers
    title: str = "Datadog"
    fault: SourceError | None = None
    asked: list[Window] = field(default_factory=list)
    step: timedelta = MINUTE

    def fetch(self, queries: Mapping[str, Query], window: Window, env: str, timeout_s: float) -> Answers:
        self.asked.append(window)
        if self.fault:
            raise self.fault
        times = [window.start + self.step * number for number in range(int((window.end - window.start) / self.step))]
        stamps, step_s = tuple(at.timestamp() for at in times), self.step.total_seconds()
        return {
            key: Series(key, stamps, tuple(self.numbers(query.text, at) for at in times), "%", step_s)
            for key, query in queries.items()
        }

    def link(self, queries: Mapping[str, Query], ask: Ask) -> Link | None:
        return None

    def warm(self) -> None: ...

    def stop(self) -> None: ...

    def probe(self, timeout_s: float) -> str:
        if self.fault:
            raise self.fault
        return "answers"


@dataclass
class Clock:
    at: datetime = START

    def now(self) -> datetime:
        return self.at


def a_rule(name: str = "rate", **changes: object) -> Rule:
    """A rule that fires at once below 97, and is over after two good minutes."""
    plain: dict[str, object] = {
        "name": name,
        "title": f"Rule {name}",
        "owner": "Commerce Backend",
        "section": "checkout",
        "queries": {"value": Query("datadog", name)},
        "measure": "mean",
        "unit": "%",
        "below": 97.0,
        "recover": 97.0,
        "over": timedelta(minutes=1),
        "clear": timedelta(minutes=2),
        "severity": "critical",
        "routes": ("slack", "pagerduty"),
    }
    return Rule(**plain | changes)  # type: ignore[arg-type]


@contextmanager
def opened(folder: Path, clock: Clock) -> Iterator[Database]:
    database = Database(f"sqlite:///{folder}/paybot.db", clock.now)
    database.open()
    try:
        yield database
    finally:
        database.close()


def an_engine(database: Database, clock: Clock, *rules: Rule, hooks: Hooks | None = None, **sources: Feed) -> Engine:
    return Engine(database, sources, rules, Beat("prod", MINUTE, MINUTE, "this process"), clock.now, hooks)
