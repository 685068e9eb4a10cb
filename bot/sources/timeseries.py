"""Datadog's v2 timeseries: the question, and its answer as Series. Pure; times are epoch seconds unless they end in _ms."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import gcd
from operator import lt
from types import NoneType
from typing import Any

from bot.ports import SourceError
from bot.sources.faults import unreadable
from charts.data import Series

QUERY = re.compile(r"\bq\b")
POINTS = 100_000  # of one line: Datadog itself gives 1,500 at most
VALUES = frozenset({int, float, NoneType})


@dataclass(frozen=True, slots=True)
class Curve:
    """One query as Datadog gets it: a metrics query, a formula of it in terms of `q`, and where the wanted points begin."""

    key: str
    text: str
    formula: str
    unit: str
    start: int


@dataclass(frozen=True, slots=True)
class Request:
    """Curves that share the end and the width of their buckets, so that one request asks for all of them."""

    curves: tuple[Curve, ...]
    end: int
    step: int

    def body(self) -> Mapping[str, Any]:
        """The request's JSON. One formula for each query, always: so `query_index` in the answer counts our curves."""
        attributes = {
            "from": 1000 * self.start,
            "to": 1000 * self.end,
            "interval": 1000 * self.step,
            "queries": [
                {"data_source": "metrics", "name": f"q{index}", "query": curve.text} for index, curve in enumerate(self.curves)
            ],
            "formulas": [{"formula": QUERY.sub(f"q{index}", curve.formula)} for index, curve in enumerate(self.curves)],
        }
        return {"data": {"type": "timeseries_request", "attributes": attributes}}

    @property
    def start(self) -> int:
        return min(curve.start for curve in self.curves)

    def read(self, answer: Any, settled: float) -> dict[str, tuple[Series, ...]]:
        """Every series of an answer by its curve's key: none for a curve without data, several for one that asks by group.

        Left out are buckets that begin before the curve's start, or end after the request's end or after `settled`: those
        hold a part of their time only. Raises SourceError for an answer of another shape.
        """
        tags, times_ms, rows = _attributes(answer)
        order = _order(times_ms)
        ordered_ms = [times_ms[place] for place in order] if order else times_ms
        step = _width_ms(ordered_ms, 1000 * self.step) / 1000
        times = tuple([time / 1000 for time in ordered_ms])
        last = bisect_right(times, min(self.end, settled) - step)
        found: dict[str, tuple[Series, ...]] = {curve.key: () for curve in self.curves}
        for tag, row in zip(tags, rows, strict=True):
            curve, name = self._named(tag)
            values = _values(row, order, len(times_ms))
            first = min(last, bisect_left(times, curve.start))
            found[curve.key] += (Series(name, times[first:last], tuple(values[first:last]), curve.unit, step),)
        return found

    def _named(self, tag: Any) -> tuple[Curve, str]:
        """The curve to which a series of the answer belongs, and the series' name: its group's tags, else the key."""
        match tag:
            case {"query_index": int(index), "group_tags": [*groups]} if 0 <= index < len(self.curves):
                return self.curves[index], ", ".join(map(str, groups)) or self.curves[index].key
        raise unreadable()


def _attributes(answer: Any) -> tuple[list[Any], list[int], list[Any]]:
    """An answer's `series`, `times` and `values`, whose shapes are seen to fit."""
    match answer:
        case {"data": {"attributes": {"series": list(tags), "times": list(times), "values": list(rows)}}}:
            if len(times) > POINTS:
                raise SourceError(f"sent {len(times):,} points of a line, of which paybot reads {POINTS:,} at most", "bad_answer")
            if len(tags) == len(rows):
                return tags, _whole(times), rows
    raise unreadable()


def _whole(times: list[Any]) -> list[int]:
    """Times as whole milliseconds; Datadog's model of them says "number"."""
    types = set(map(type, times))
    if types <= {int}:
        return times
    if types <= {int, float}:
        return [int(time) for time in times]
    raise unreadable()


def _order(times: Sequence[int]) -> list[int]:
    """The places of the times in rising order, the last one of equal times; empty when they already rise strictly."""
    if all(map(lt, times, islice(times, 1, None))):
        return []
    last_places = {time: place for place, time in enumerate(times)}
    return [last_places[time] for time in sorted(last_places)]


def _width_ms(times_ms: Sequence[int], step_ms: int) -> int:
    """The real width of the buckets: Datadog widens them when there would be too many, aligned to multiples of the width.

    The greatest common divisor is the only width that fits all times, however many are missing between them. Fewer than three
    times say nothing.
    """
    if len(times_ms) < 3:
        return step_ms
    return max(step_ms, gcd(*times_ms))


def _values(row: Any, order: Sequence[int], length: int) -> list[float | None]:
    """A row of values in the order of the times; null stays None: nothing was measured, which is not zero."""
    if not isinstance(row, list) or len(row) != length or not VALUES.issuperset(map(type, row)):
        raise unreadable()
    return [row[place] for place in order] if order else row
