"""Fakes of the ports: they answer from what they were given and keep lists of what was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.ports import Link, SourceError
from bot.rendering import DrawingFailed
from charts.data import Column, Series, Table
from charts.spec import Picture
from commands.args import Ask, Window
from commands.panel import Found, Query

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n" + b"drawn"


def window(hours: float = 1, end: datetime = NOW, zone: str = "UTC") -> Window:
    return Window(end - timedelta(hours=hours), end, timedelta(minutes=1), zone, f"last {hours:g} h", f"{hours:g}h")


def ask(hours: float = 1, against_days: int = 0, zone: str = "UTC") -> Ask:
    """A question about checkout in prod over the hours before NOW, compared with the same hours so many days before."""
    earlier = window(hours, NOW - timedelta(days=against_days), zone)
    return Ask("checkout", window(hours, zone=zone), "prod", earlier if against_days else None)


def minutes(name: str, values: Sequence[float | None], end: datetime = NOW) -> Series:
    """One value a minute, the last in the minute before `end`."""
    first = end.timestamp() - 60 * len(values)
    return Series(name, tuple(first + 60 * i for i in range(len(values))), tuple(values), step_s=60)


def reasons_table(rows: Mapping[str, tuple[int, int, int]]) -> Table:
    """What Elasticsearch gives for failure reasons: by code the failures (in 24 h, in the 24 h before, in the asked range)."""
    columns = tuple(Column(name) for name in ("reason", "count", "now", "before", "here"))
    return Table(columns, tuple((code, now + before, now, before, here) for code, (now, before, here) in rows.items()))


def failures_table(counts: tuple[int, int, int], oldest: float | None = None) -> Table:
    """What Elasticsearch gives for all failures: of 24 h, of the 24 h before, the first of them at `oldest`, and of the range."""
    columns = tuple(Column(name) for name in ("period", "count", "oldest"))
    times = (None, None if oldest is None else 1000 * oldest, None)
    return Table(columns, tuple(zip(("now", "before", "here"), counts, times, strict=True)))


def events_table(events: Mapping[float, str]) -> Table:
    columns = tuple(Column(name) for name in ("time", "title", "message", "tags"))
    return Table(columns, tuple((at, title, "", "") for at, title in events.items()))


@dataclass
class FakeSource:
    """Answers each query by its key, the same for every window unless `before` says otherwise."""

    title: str = "Datadog"
    found: Mapping[str, Found] = field(default_factory=dict)
    before: Mapping[str, Found] = field(default_factory=dict)
    asked: list[tuple[tuple[str, ...], Window, str]] = field(default_factory=list)

    def fetch(self, queries: Mapping[str, Query], window: Window, env: str, timeout_s: float) -> Mapping[str, Found]:
        self.asked.append((tuple(queries), window, env))
        found = self.before if window.end < NOW and self.before else self.found
        return {key: found[key] for key in queries if key in found}

    def link(self, queries: Mapping[str, Query], ask: Ask) -> Link | None:
        return Link(self.title, f"https://example.test/{self.title.lower().replace(' ', '-')}")

    def warm(self) -> None:
        return None

    def stop(self) -> None:
        return None

    def probe(self, timeout_s: float) -> str:
        return "answers"


@dataclass
class DeadSource(FakeSource):
    """Refuses every question with its error, or fails with whatever else it is given."""

    error: Exception = field(default_factory=lambda: SourceError("refused our keys (403)", "denied"))

    def fetch(self, queries: Mapping[str, Query], window: Window, env: str, timeout_s: float) -> Mapping[str, Found]:
        raise self.error


@dataclass
class FakeRenderer:
    """Draws nothing and keeps what it was asked to draw."""

    drawn: list[Picture] = field(default_factory=list)
    fails: bool = False

    def draw(self, picture: Picture, theme: str, timeout_s: float) -> bytes:
        self.drawn.append(picture)
        if self.fails:
            raise DrawingFailed("could not be drawn")
        return PNG
