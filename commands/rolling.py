"""Rolling means and the stretches in which a series is beyond its limit: pure arithmetic over known points."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import fsum
from statistics import median_low
from typing import Literal

from charts.data import Series

ENOUGH = (
    1 / 3
)  # of a rolling window's usual values must be known: fewer would let one odd minute speak for the quarter of an hour
TELLING = 4  # so many known values tell how often they usually come


def rolling_mean(series: Series, over_s: float) -> Series:
    """At each bucket the mean of the known buckets in the `over_s` seconds up to its end; None where too few are known.

    Buckets as wide as `over_s` or wider are their own mean. A hole in the times counts as unknown buckets. Nothing is said of
    buckets after the last known one: what stopped coming is not carried on.
    """
    if not series.step_s or series.step_s >= over_s:
        return series
    known = series.known()
    wanted = max(1.0, over_s / usual_distance(series))
    window: deque[tuple[float, float]] = deque()
    means: list[float | None] = []
    for time, value in zip(series.times, series.values, strict=True):
        if value is not None:
            window.append((time, value))
        while window and window[0][0] <= time + series.step_s - over_s - series.step_s / 2:
            window.popleft()
        spoken = known and time <= known[-1][0] and len(window) >= ENOUGH * wanted
        means.append(mean([value for _, value in window]) if spoken else None)
    return Series(series.name, series.times, tuple(means), series.unit, series.step_s)


def mean(values: Sequence[float]) -> float:
    """Their mean, from an exact sum: a running one drifts, and 100 % would read 99.999 %, or 97 % as a breach of 97 %."""
    return fsum(values) / len(values)


def usual_distance(series: Series) -> float:
    """How far apart its values usually come, in seconds: a sender of every five minutes leaves four of five minutes unknown."""
    times = [time for time, _ in series.known()]
    if len(times) < TELLING:
        return series.step_s
    return max(series.step_s, median_low([after - before for before, after in pairwise(times)]))


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
    """A stretch beyond the limit: from `start` to `end` (epoch seconds, the end of its last bucket), and its worst value.

    `unknown_s` is how many seconds of it nobody knows anything about.
    """

    start: float
    end: float
    worst: float
    unknown_s: float = 0.0


def breaches(series: Series, limit: float, good: Literal["above", "below"]) -> tuple[Breach, ...]:
    """The stretches of known values beyond `limit`, oldest first; unknown buckets neither end nor begin one."""
    found: list[Breach] = []
    open_ = False
    for time, value in series.known():
        bad = value < limit if good == "above" else value > limit
        if bad and open_:
            worse, last = min if good == "above" else max, found[-1]
            unknown_s = last.unknown_s + max(0.0, time - last.end)
            found[-1] = Breach(last.start, time + series.step_s, worse(last.worst, value), unknown_s)
        elif bad:
            found.append(Breach(time, time + series.step_s, value))
        open_ = bad
    return tuple(found)


def paired(series: Series, behind: Series) -> tuple[float, float] | None:
    """The means of both over the buckets that both know: a hole in one must not tilt the comparison.

    None where that is less than half of what `series` knows: so little would not stand for the whole.
    """
    known = series.known()
    pairs = [(value, there) for time, value in known if (there := behind.at(time)) is not None]
    if not pairs or 2 * len(pairs) < len(known):
        return None
    here, before = zip(*pairs, strict=True)
    return mean(here), mean(before)
