"""Rolling means and the stretches in which a series is beyond its limit: pure arithmetic over known points."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal

from charts.data import Series

ENOUGH = 1 / 3  # of a rolling window's buckets must be known: fewer would let one odd minute speak for the quarter of an hour


def rolling_mean(series: Series, over_s: float) -> Series:
    """At each bucket the mean of the known buckets in the `over_s` seconds up to its end; None where too few are known.

    Buckets as wide as `over_s` or wider are their own mean. A hole in the times counts as unknown buckets.
    """
    if not series.step_s or series.step_s >= over_s:
        return series
    wanted = max(1, round(over_s / series.step_s))
    window: deque[tuple[float, float]] = deque()
    means: list[float | None] = []
    total = 0.0
    for time, value in zip(series.times, series.values, strict=True):
        if value is not None:
            window.append((time, value))
            total += value
        while window and window[0][0] <= time + series.step_s - over_s - series.step_s / 2:
            total -= window.popleft()[1]
        means.append(total / len(window) if len(window) >= ENOUGH * wanted else None)
    return Series(series.name, series.times, tuple(means), series.unit, series.step_s)


def within(series: Series, start: float, end: float) -> Series:
    """The buckets that start in [start, end), in epoch seconds."""
    kept = [(time, value) for time, value in zip(series.times, series.values, strict=True) if start <= time < end]
    times, values = zip(*kept, strict=True) if kept else ((), ())
    return Series(series.name, times, values, series.unit, series.step_s)


def moved(series: Series, by_s: float) -> Series:
    """The same series `by_s` seconds later: how a compared period is laid behind the present one."""
    return Series(series.name, tuple(time + by_s for time in series.times), series.values, series.unit, series.step_s)


@dataclass(frozen=True, slots=True)
class Breach:
    """A stretch beyond the limit: from `start` to `end` (epoch seconds, the end of its last bucket), and its worst value."""

    start: float
    end: float
    worst: float


def breaches(series: Series, limit: float, good: Literal["above", "below"]) -> tuple[Breach, ...]:
    """The stretches of known values beyond `limit`, oldest first; unknown buckets neither end nor begin one."""
    found: list[Breach] = []
    open_ = False
    for time, value in series.known():
        bad = value < limit if good == "above" else value > limit
        if bad and open_:
            worse = min if good == "above" else max
            found[-1] = Breach(found[-1].start, time + series.step_s, worse(found[-1].worst, value))
        elif bad:
            found.append(Breach(time, time + series.step_s, value))
        open_ = bad
    return tuple(found)
