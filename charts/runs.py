"""Where a series breaks off, and where it is on the bad side of a limit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from operator import sub
from statistics import median
from typing import Literal

from charts.data import Series

# Buckets come at their step, give or take; a hole wider than this many steps is missing data, not jitter.
HOLE_STEPS = 1.5

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Breach:
    """A stretch on the bad side: from its first bad bucket to the first good one or, before a gap, to its last bad one's end.

    `start` and `end` are epoch seconds, `points` the line there with its crossings of the limit; `lasting` says that the
    series ends in it.
    """

    start: float
    end: float
    points: tuple[Point, ...]
    lasting: bool = False


def step_of(series: Series) -> float:
    """The series' step in seconds; the usual distance of its points when it names none; 0 for fewer than two points."""
    if series.step_s > 0 or len(series.times) < 2:
        return series.step_s
    return median(after - before for before, after in pairwise(series.times))


def runs(series: Series) -> tuple[tuple[int, int], ...]:
    """The stretches without a gap, as (first index, index past the last); a None or a hole in the times ends one."""
    widest = HOLE_STEPS * step_of(series)
    if _unbroken(series, widest):
        return ((0, len(series.times)),)
    found, first, last = [], -1, 0.0
    for index, (time, value) in enumerate(zip(series.times, series.values, strict=True)):
        if first >= 0 and (value is None or time - last > widest):
            found.append((first, index))
            first = -1
        if first < 0 and value is not None:
            first = index
        last = time
    return (*found, (first, len(series.times))) if first >= 0 else tuple(found)


def _unbroken(series: Series, widest: float) -> bool:
    """The usual case, told without a loop: a minute's points of 24 h are run through several times a picture."""
    times = series.times
    return bool(times) and None not in series.values and max(map(sub, times[1:], times), default=0.0) <= widest


def gaps(series: Series) -> tuple[tuple[float, float], ...]:
    """The stretches between the first and the last known value that have none: (start, end) in epoch seconds."""
    step, found = step_of(series), runs(series)
    return tuple((series.times[past - 1] + step, series.times[first]) for (_, past), (first, _) in pairwise(found))


def breaches(series: Series, limit: float, good: Literal["above", "below"]) -> tuple[Breach, ...]:
    """Every stretch on the bad side of `limit`, cut where the line crosses it; a value equal to the limit is good."""
    side = 1 if good == "above" else -1
    return tuple(breach for first, past in runs(series) for breach in _in_run(series, first, past, limit, side))


def _in_run(series: Series, first: int, past: int, limit: float, side: int) -> Iterator[Breach]:
    line = [
        (time, value)
        for time, value in zip(series.times[first:past], series.values[first:past], strict=True)
        if value is not None
    ]
    bad = [(value - limit) * side < 0 for _, value in line]
    begin = 0
    while True in bad[begin:]:
        begin = bad.index(True, begin)
        end = bad.index(False, begin) if False in bad[begin:] else len(bad)
        yield _breach(line, begin, end, limit, lasting=past == len(series.times), step=step_of(series))
        begin = end


def _breach(line: list[Point], begin: int, end: int, limit: float, *, lasting: bool, step: float) -> Breach:
    ended = end < len(line)
    before = [_crossing(line[begin - 1], line[begin], limit)] if begin else []
    after = [_crossing(line[end - 1], line[end], limit)] if ended else []
    until = line[end][0] if ended else line[end - 1][0] + step
    return Breach(line[begin][0], until, (*before, *line[begin:end], *after), lasting and not ended)


def _crossing(before: Point, after: Point, limit: float) -> Point:
    share = (limit - before[1]) / (after[1] - before[1])
    return before[0] + share * (after[0] - before[0]), limit
