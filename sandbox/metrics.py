"""The company's metrics, one point a minute, as its agents would send them.

A counter sends a point only in a minute in which something was counted; a rate sends none when nothing ended. A point is
known ten seconds after its minute is over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sandbox.chance import Floats, Ints
from sandbox.declines import NO_CODE
from sandbox.ledger import Rows
from sandbox.lives import Kind
from sandbox.shape import MINUTE_MS
from sandbox.world import World

KNOWN_AFTER_MS = 10_000
Form = Literal["gauge", "count", "distribution"]


@dataclass(frozen=True, slots=True)
class Points:
    """What one agent's series holds: its tags, and values (NaN-free) at rising times in epoch milliseconds.

    A distribution has one entry for each measurement instead of one for each minute.
    """

    tags: tuple[str, ...]
    times: Ints
    values: Floats


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric's form, its unit in Datadog's words, and its values in each of the minutes [low, high): NaN is no point."""

    form: Form
    by_minute: Callable[[World, str, int, int, int], Floats] | None = None
    unit: str = ""
    attempts: tuple[int, ...] = (0,)  # 1, 2, 3: one series for each, tagged


def points(world: World, name: str, start_ms: int, end_ms: int) -> tuple[Points, ...]:
    """Every series of the metric with its points from `start_ms` until before `end_ms`, as far as they are known by now."""
    metric = METRICS[name]
    known = (world.now_ms() - KNOWN_AFTER_MS) // MINUTE_MS
    low = max(-(-start_ms // MINUTE_MS), -(-world.begin_ms // MINUTE_MS))
    high = max(low, min(-(-end_ms // MINUTE_MS), known))
    return tuple(_series(world, metric, env, attempt, low, high) for env in world.envs for attempt in metric.attempts)


def _series(world: World, metric: Metric, env: str, attempt: int, low: int, high: int) -> Points:
    tags = (f"env:{env}", *((f"attempt:{attempt}",) if attempt else ()))
    if metric.by_minute is None:
        measured = world.events("receipt.rendered", env).between(low * MINUTE_MS, high * MINUTE_MS)
        return Points(tags, measured.time, measured.ms.astype(np.float64))
    values = metric.by_minute(world, env, attempt, low, high)
    there = ~np.isnan(values)
    return Points(tags, (np.arange(low, high, dtype=np.int64) * MINUTE_MS)[there], values[there])


def _edges(low: int, high: int) -> Ints:
    return np.arange(low, high + 1, dtype=np.int64) * MINUTE_MS


def _in_minutes(rows: Rows, low: int, high: int) -> Ints:
    return np.diff(np.searchsorted(rows.time, _edges(low, high)))


def _so_far(world: World, kind: Kind, env: str, low: int, high: int) -> Ints:
    """How many there have ever been by the end of each minute."""
    forgotten, rows = world.counted(kind, env)
    return forgotten + np.searchsorted(rows.time, _edges(low, high)[1:])


def _share(good: Ints, bad: Ints) -> Floats:
    with np.errstate(invalid="ignore"):
        return np.asarray(100.0 * good / (good + bad))


def _success_rate(world: World, env: str, _: int, low: int, high: int) -> Floats:
    """Per cent of the payments that ended in the minute."""
    done, declined = (_in_minutes(world.events(kind, env), low, high) for kind in _ENDS)
    return _share(done, declined)


def _active(world: World, env: str, _: int, low: int, high: int) -> Floats:
    """Open sessions that somebody is in: started in the last quarter of an hour, the first payment not yet ended."""
    left = _so_far(world, "checkout.idle", env, low, high)
    retries = _so_far(world, "retry.completed", env, low, high)
    ended = sum(_so_far(world, kind, env, low, high) for kind in _ENDS) - retries
    return np.asarray(_so_far(world, "checkout.started", env, low, high) - ended - left, dtype=np.float64)


def _pending(world: World, env: str, _: int, low: int, high: int) -> Floats:
    """Payments under way, retries too: submitted and not yet ended."""
    ended = sum(_so_far(world, kind, env, low, high) for kind in _ENDS)
    begun = sum(_so_far(world, kind, env, low, high) for kind in _BEGINNINGS)
    return np.asarray(begun - ended, dtype=np.float64)


def _count_of(kind: Kind) -> Callable[[World, str, int, int, int], Floats]:
    def counted(world: World, env: str, attempt: int, low: int, high: int) -> Floats:
        rows = world.events(kind, env)
        return _counter(_in_minutes(rows[rows.attempt == attempt] if attempt else rows, low, high))

    return counted


def _counter(counts: Ints) -> Floats:
    return np.where(counts > 0, counts.astype(np.float64), np.nan)


def _retries(world: World, env: str, attempt: int, low: int, high: int) -> tuple[Ints, Ints]:
    """Retries that went through and that were declined, by the minute of their end."""
    rows = world.events("retry.completed", env)
    rows = rows[rows.attempt == attempt]
    good = rows.code == NO_CODE
    return _in_minutes(rows[good], low, high), _in_minutes(rows[~good], low, high)


def _overrides(world: World, env: str, _: int, low: int, high: int) -> Floats:
    marks = world.marks(low * MINUTE_MS, high * MINUTE_MS)
    times = [mark.time_ms for mark in marks if mark.kind == "window_override" and f"env:{env}" in mark.tags]
    return _counter(np.diff(np.searchsorted(np.array(times, dtype=np.int64), _edges(low, high))))


_ENDS: tuple[Kind, Kind] = ("checkout.completed", "checkout.failed")
_BEGINNINGS: tuple[Kind, Kind] = ("checkout.submitted", "retry.initiated")

METRICS: Mapping[str, Metric] = {
    "payments.checkout.success_rate": Metric("gauge", _success_rate, "percent"),
    "payments.checkout.sessions_active": Metric("gauge", _active),
    "payments.checkout.sessions_pending": Metric("gauge", _pending),
    "payments.window.expired_count": Metric("count", _count_of("checkout.expired")),
    "payments.window.extension_count": Metric("count", _count_of("window.extended")),
    "payments.window.override_count": Metric("count", _overrides),
    "payments.retry.attempt_count": Metric("count", _count_of("retry.initiated"), attempts=(1, 2, 3)),
    "payments.retry.success_rate": Metric("gauge", lambda *where: _share(*_retries(*where)), "percent", attempts=(1, 2, 3)),
    "payments.retry.failure_count": Metric("count", lambda *where: _counter(_retries(*where)[1]), attempts=(1, 2, 3)),
    "payments.receipt.render_time_ms": Metric("distribution"),
    "payments.receipt.error_count": Metric("count", _count_of("receipt.failed")),
}
