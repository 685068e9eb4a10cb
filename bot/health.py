"""How the sources do, as this process has seen it: who answered when, how quickly, and since when somebody does not."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, TypeVar

from bot.alerts.questions import ByGroup
from bot.ports import Answers, Link, Source, SourceError
from charts.data import Series
from commands.args import Ask, Window
from commands.panel import Query

T = TypeVar("T")

HOUR: Final = timedelta(hours=1)
MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit of the vendor's on requests, as it was told last: how many remain of how many."""

    name: str
    remaining: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A source as it was seen. `down_since` is None while it answers, and where it was never asked."""

    answered: datetime | None = None
    took_s: float | None = None
    fault: str = ""  # the newest, in words that complete the source's name; kept when it is over
    failed_at: datetime | None = None
    down_since: datetime | None = None
    calls: int = 0  # in the last hour
    failed: int = 0

    @property
    def up(self) -> bool | None:
        """Whether the newest call was answered; None where there was none."""
        return None if self.answered is None and self.failed_at is None else self.down_since is None


@dataclass(slots=True)
class _Record:
    seen: Seen = field(default_factory=Seen)
    minutes: deque[tuple[datetime, int, int]] = field(default_factory=lambda: deque(maxlen=61))  # calls and failures in each


class Health:
    """Notes every call to every source. Threads may call it at once."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._records: dict[str, _Record] = {}

    def answered(self, source: str, took_s: float, fault: str = "") -> None:
        """It gave an answer; `fault` is what it could not answer of the questions."""
        with self._lock:
            record = self._counted(source, failed=0)
            now = self._now()
            record.seen = replace(record.seen, answered=now, took_s=took_s, down_since=None)
            if fault:
                record.seen = replace(record.seen, fault=fault, failed_at=now)

    def failed(self, source: str, fault: str) -> None:
        """It gave none."""
        with self._lock:
            record = self._counted(source, failed=1)
            now = self._now()
            record.seen = replace(record.seen, fault=fault, failed_at=now, down_since=record.seen.down_since or now)

    def seen(self, source: str) -> Seen:
        """How it does; empty where it was never asked."""
        with self._lock:
            record = self._records.get(source)
            if record is None:
                return Seen()
            recent = [each for each in record.minutes if self._now() - each[0] < HOUR]
            return replace(record.seen, calls=sum(each[1] for each in recent), failed=sum(each[2] for each in recent))

    def _counted(self, source: str, failed: int) -> _Record:
        record = self._records.setdefault(source, _Record())
        minute = self._now().replace(second=0, microsecond=0)
        calls, failures = 0, 0
        if record.minutes and record.minutes[-1][0] == minute:
            _, calls, failures = record.minutes.pop()
        record.minutes.append((minute, calls + 1, failures + failed))
        return record


def watched(sources: Mapping[str, Source], health: Health) -> dict[str, Source]:
    """The same sources, each call of theirs noted."""
    return {name: _watched(name, source, health) for name, source in sources.items()}


def _watched(name: str, source: Source, health: Health) -> Source:
    return WatchedByGroup(name, source, health) if isinstance(source, ByGroup) else Watched(name, source, health)


class Watched:
    """Implements `bot.ports.Source`: asks the source that it stands for, and notes how that went."""

    def __init__(self, name: str, source: Source, health: Health) -> None:
        self._name = name
        self._source = source
        self._health = health
        self.title = source.title

    def fetch(self, queries: Mapping[str, Query], window: Window, env: str, timeout_s: float) -> Answers:
        return self._noted(lambda: self._source.fetch(queries, window, env, timeout_s))

    def link(self, queries: Mapping[str, Query], ask: Ask) -> Link | None:
        return self._source.link(queries, ask)

    def warm(self) -> None:
        self._source.warm()

    def stop(self) -> None:
        self._source.stop()

    def probe(self, timeout_s: float) -> str:
        return self._noted(lambda: self._source.probe(timeout_s))

    def budget(self) -> tuple[Budget, ...]:
        """What the vendor told of its limits; () where it tells nothing."""
        told = getattr(self._source, "budget", None)
        return tuple(Budget(*each) for each in told()) if told else ()

    def _noted(self, call: Callable[[], T]) -> T:
        start = time.perf_counter()
        try:
            answer = call()
        except SourceError as error:
            self._health.failed(self._name, error.said)
            raise
        except Exception:
            self._health.failed(self._name, "could not be read (a fault of paybot's own, logged)")
            raise
        parts = answer.values() if isinstance(answer, Mapping) else ()
        fault = next((part.said for part in parts if isinstance(part, SourceError)), "")
        self._health.answered(self._name, time.perf_counter() - start, fault)
        return answer


class WatchedByGroup(Watched):
    """A source that rules may ask by group."""

    def series(
        self, queries: Mapping[str, Query], window: Window, env: str, timeout_s: float
    ) -> Mapping[str, tuple[Series, ...]]:
        """Every series of every query."""
        source = self._source
        assert isinstance(source, ByGroup)  # noqa: S101 - or it would not have been made
        return self._noted(lambda: source.series(queries, window, env, timeout_s))
