"""Which rules are surely well at a tick, seen for thousands of them at once: those need no exact look. Pure.

A rule at rest (`at_rest`) whose number is known and no breach stays as it is, whatever else there is to its number: good, or
between, `step` says the same, and `is_news` that nothing of it need be kept. So calm is said only where that is beyond doubt:

    the number       clear of the limit by more than floats may err, worked out from the same buckets as the exact way takes
    unknown buckets  are left out, as there; of a mean a third of all that fit must be known, which is where the exact way starts
    no known bucket  only where the rule's `no_data` is "ok", as that counts as good
    all else         (several series, a query by group, times that do not rise, a source that failed) is never calm

Whatever is not calm is judged exactly; to say "not calm" of anything is always right.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, compress, starmap
from math import nan
from operator import lt
from typing import TYPE_CHECKING

import numpy as np

from bot.alerts.judge import BY_GROUP, MOST, STEP_S
from bot.alerts.questions import Answer, Call, Place
from bot.alerts.rule import Measure, Rule
from bot.alerts.state import Instance
from charts.data import Series
from commands.rolling import ENOUGH

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]
    Numbers = NDArray[np.float64]

ERR = 1e-9  # of the sum of all sizes: a sum of n floats errs by at most n * 1.2e-16 of it, and n is some thousands at most
WHOLE = 2.0**53  # up to here whole numbers are the same as floats; beyond it nothing is sure
LOTS = 32  # so many kinds of rules are looked at as arrays, those with the most rules; few rules are quicker one by one
GRIDS = 4  # so many different times within one of them
NONE = Series("")
ODD = Series("", (nan, nan))  # stands for what is not one series: its times do not rise


class Calm:
    """Tells those of the given places that must be judged exactly; what their rules ask for is worked out once."""

    def __init__(self, places: Sequence[Place]) -> None:
        self._places = places
        self._lots = _lots(places)
        self._at: defaultdict[str, list[int]] = defaultdict(list)
        for number, (rule, _) in enumerate(places):
            self._at[rule.name].append(number)

    def left(
        self, outcomes: Mapping[Call, Mapping[str, Answer] | Exception], known: Iterable[Instance], end: datetime
    ) -> list[Place]:
        """The places, in their order, of which it is not sure that nothing comes of them at `end`."""
        said = {(call.source, call.env): outcome for call, outcome in outcomes.items()}
        left = np.ones(len(self._places), dtype=bool)
        for lot in self._lots:
            answers = said.get((lot.source, lot.env))
            if isinstance(answers, Mapping):
                left[lot.at] = ~lot.calm(answers, end)
        restless = {was.rule for was in known if not at_rest(was)}
        left[np.fromiter(chain.from_iterable(self._at[name] for name in restless if name in self._at), dtype=np.intp)] = True
        return list(compress(self._places, left.tolist()))


def at_rest(was: Instance) -> bool:
    """Whether nothing that is not a breach changes it: it is well, and counts nothing."""
    return was.signal == "ok" and not was.silent and was.failed_since is None and was.since is None and not was.held_s


def _lots(places: Sequence[Place]) -> list[Lot]:
    """The places whose rules are plain, by what they are measured alike by; the largest lots only."""
    found: defaultdict[tuple[str, str, timedelta, Measure], list[int]] = defaultdict(list)
    for number, (rule, env) in enumerate(places):
        if rule.measure in ("mean", "sum", "last") and set(rule.queries) == {"value"}:
            query = rule.queries["value"]
            if not BY_GROUP.search(query.text):
                found[query.source, env, rule.over, rule.measure].append(number)
    largest = sorted(found.items(), key=lambda each: -len(each[1]))[:LOTS]
    return [_lot(*kind, at, [places[number][0] for number in at]) for kind, at in largest]


def _lot(source: str, env: str, over: timedelta, measure: Measure, at: list[int], rules: list[Rule]) -> Lot:
    sign = np.array([1.0 if rule.above is not None else -1.0 for rule in rules])
    return Lot(
        source=source,
        env=env,
        over=over,
        measure=measure,
        at=np.array(at, dtype=np.intp),
        keys=[f"{rule.name} value" for rule in rules],
        sign=sign,
        limit=sign * np.array([rule.limit for rule in rules], dtype=float),
        is_lenient=np.array([rule.no_data == "ok" for rule in rules]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Lot:
    """Rules that ask the same source for the same time and measure it alike; `at` are their places.

    `limit` is that above which a number times `sign` is a breach, `is_lenient` where no number is a good one.
    """

    source: str
    env: str
    over: timedelta
    measure: Measure
    at: NDArray[np.intp]
    keys: list[str]
    sign: Numbers
    limit: Numbers
    is_lenient: Flags

    def calm(self, answers: Mapping[str, Answer], end: datetime) -> Flags:
        """For each of its rules whether its answer is surely no breach."""
        lines = [
            answer[0] if type(answer) is tuple and len(answer) == 1 else NONE if answer == () else ODD
            for answer in map(answers.get, self.keys)
        ]
        calm = np.zeros(len(lines), dtype=bool)
        places = np.arange(len(lines))
        for _ in range(GRIDS):
            if not lines:
                break
            times, step_s = lines[0].times, lines[0].step_s
            alike = [line.step_s == step_s and (line.times is times or line.times == times) for line in lines]
            if all(alike):
                calm[places] = self._of_grid(lines, places, end)
                break
            same = np.array(alike)
            if any(alike):
                calm[places[same]] = self._of_grid(list(compress(lines, alike)), places[same], end)
            lines, places = list(compress(lines, (~same).tolist())), places[~same]
        return calm

    def _of_grid(self, lines: list[Series], places: NDArray[np.intp], end: datetime) -> Flags:
        """The same for some of its rules, whose series have the same times."""
        buckets = _buckets(lines[0], end, self.over)
        if buckets is None:
            return np.zeros(len(lines), dtype=bool)
        if buckets.start == buckets.stop:
            return self.is_lenient[places]
        numbers = _numbers([line.values[buckets] for line in lines], buckets.stop - buckets.start)
        wanted = ENOUGH * self.over.total_seconds() / (lines[0].step_s or STEP_S) if self.measure == "mean" else 0.0
        return self._judged(numbers, places, wanted)

    def _judged(self, numbers: Numbers, places: NDArray[np.intp], wanted: float) -> Flags:
        is_known = np.abs(numbers) <= MOST  # which NaN is not
        many = np.count_nonzero(is_known, axis=0)
        filled = numbers if is_known.all() else np.where(is_known, numbers, 0.0)
        size = np.abs(filled).sum(axis=0)
        lenient = self.is_lenient[places]
        if self.measure == "last":
            value, err = filled[-1], 0.0
            is_sure = is_known[-1] & (size < WHOLE)
        else:
            of = np.maximum(many, 1) if self.measure == "mean" else 1
            value, err = filled.sum(axis=0) / of, ERR * size / of
            is_sure = (size < WHOLE) & (lenient | (many >= wanted))
        is_fine = is_sure & (self.sign[places] * value + err <= self.limit[places])
        return np.where(many == 0, lenient, is_fine)


def _buckets(line: Series, end: datetime, over: timedelta) -> slice | None:
    """The buckets that lie wholly in [end - over, end), as `judge` takes them; None where the times do not rise."""
    times, width, end_s = line.times, line.step_s or STEP_S, end.timestamp()
    if not all(map(lt, times, times[1:])):
        return None
    first, past = bisect_left(times, end_s - over.total_seconds()), bisect_left(times, end_s)
    return slice(first, first + sum(time + width <= end_s for time in times[first:past]))


def _numbers(rows: list[tuple[float | None, ...]], many: int) -> Numbers:
    """The rows, each of so many numbers, as the columns of an array, unknown ones NaN; to pack them is the quickest way."""
    pack = struct.Struct(f"{many}d").pack
    packed: list[bytes] = []
    packing = starmap(pack, rows)
    while len(packed) < len(rows):
        try:
            packed.extend(packing)
        except (struct.error, OverflowError):  # what came before it is in the list, and what comes after it can still be had
            packed.append(_odd(pack, rows[len(packed)], many))
    return np.ascontiguousarray(np.frombuffer(b"".join(packed)).reshape(len(rows), many).T)


def _odd(pack: Callable[..., bytes], row: tuple[float | None, ...], many: int) -> bytes:
    """A row in which something is unknown; one that cannot be packed is beyond what is sure."""
    try:
        return pack(*[nan if value is None else value for value in row])
    except (struct.error, OverflowError):
        return pack(*[MOST] * many)
