"""What a Datadog expression comes to: over time, or as one number for the whole window.

Holes are NaN here and null on the wire.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sandbox.chance import Floats, Ints
from sandbox.datadog.query import DefaultZero, Expression, MovingRollup, Name, Number, Operation, QueryError, Selector
from sandbox.datadog.rollup import Groups, Span, form_of, grouped, merged, reduced, rolled
from sandbox.metrics import METRICS, Form
from sandbox.world import World

_INTERPOLATED_MS = 300_000  # gauges are carried over holes of up to five minutes

_MATH: Mapping[str, Callable[[Floats, Floats], Floats]] = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}


@dataclass(frozen=True, slots=True)
class Line:
    """Values at the common times; `own` marks those that are this query's own buckets, `constant` that it is a mere number."""

    values: Floats
    own: NDArray[np.bool_]
    form: Form = "gauge"
    unit: str = ""
    constant: bool = False


class Evaluation:
    """Evaluates the queries of one request over one window."""

    def __init__(self, world: World, span: Span, queries: Mapping[str, Expression]) -> None:
        self._world = world
        self._span = span
        self._queries = queries
        steps = {span.step_ms(selector.rollup_s * 1000) for query in queries.values() for selector in selectors(query)}
        self.times: Ints = np.unique(np.concatenate([span.buckets(step) for step in steps or {span.step_ms()}]))

    def lines(self, expression: Expression) -> Mapping[Groups, Line]:
        """One line for each group of tags. Raises QueryError for a name that no query has."""
        match expression:
            case Number(value):
                return {(): Line(np.full(len(self.times), value), np.ones(len(self.times), np.bool_), constant=True)}
            case Name(name):
                return self.lines(self._query(name))
            case Selector():
                return dict(self._selected(expression))
            case DefaultZero(of):
                return {groups: self._without_holes(line) for groups, line in self.lines(of).items()}
            case MovingRollup(of, seconds, method):
                return {groups: self._moving(line, seconds, method) for groups, line in self.lines(of).items()}
            case Operation(sign, left, right):
                return joined(sign, self.lines(left), self.lines(right))

    def whole(self, name: str) -> Mapping[Groups, Line]:
        """A query over a distribution with all measurements of the window merged: exact, where a mean of its points is not."""
        selector = self._query(name)
        if not isinstance(selector, Selector) or not selector.aggregator.startswith("p"):
            raise QueryError("API input validation failed: aggregator percentile needs a percentile query.")
        found = grouped(self._world, selector, self._span)
        unit = METRICS[selector.metric].unit if found else ""
        return {groups: _single(reduced(selector.aggregator, merged(several).values), unit) for groups, several in found.items()}

    def _query(self, name: str) -> Expression:
        if name not in self._queries:
            raise QueryError(f"Formula refers to unknown query {name}.")
        return self._queries[name]

    def _selected(self, selector: Selector) -> Iterator[tuple[Groups, Line]]:
        step_ms = self._span.step_ms(selector.rollup_s * 1000)
        buckets = self._span.buckets(step_ms)
        where = np.searchsorted(self.times, buckets)
        own = np.zeros(len(self.times), np.bool_)
        own[where] = True
        for groups, several in grouped(self._world, selector, self._span).items():
            values = np.full(len(self.times), np.nan)
            values[where] = rolled(selector, several, buckets, step_ms)
            yield groups, Line(values, own, form_of(selector), METRICS[selector.metric].unit)

    def _without_holes(self, line: Line) -> Line:
        """`default_zero`: a gauge is carried over short holes first; a line without any point stays empty."""
        known = np.flatnonzero(~np.isnan(line.values))
        if not len(known):
            return line
        holes = line.own & np.isnan(line.values)
        values = np.where(holes, 0.0, line.values)
        if line.form == "gauge":
            at = self.times[known]
            next_ = np.searchsorted(at, self.times)
            inside = (next_ > 0) & (next_ < len(at))
            width = at[np.minimum(next_, len(at) - 1)] - at[np.maximum(next_ - 1, 0)]
            carried = holes & inside & (width <= _INTERPOLATED_MS)
            values = np.where(carried, np.interp(self.times, at, line.values[known]), values)
        return replace(line, values=values)

    def _moving(self, line: Line, seconds: int, method: str) -> Line:
        """Each time with what the last `seconds` up to and with it hold; nothing from before the window."""
        known = np.flatnonzero(~np.isnan(line.values))
        values = np.full(len(self.times), np.nan)
        for index in known:
            first = np.searchsorted(self.times[known], self.times[index] - seconds * 1000, side="right")
            values[index] = reduced(method, line.values[known[first : np.searchsorted(known, index) + 1]])
        return replace(line, values=values)


class Numbers:
    """Each query of a request as one number for the whole window, and formulas over those numbers."""

    def __init__(self, over_time: Evaluation, aggregators: Mapping[str, str]) -> None:
        self._over_time = over_time
        self._aggregators = aggregators

    def lines(self, expression: Expression) -> Mapping[Groups, Line]:
        """One line of a single value for each group of tags. Raises QueryError for what only makes sense over time."""
        match expression:
            case Number(value):
                return {(): _single(value, constant=True)}
            case Name(name):
                return self._number(name)
            case Operation(sign, left, right):
                return joined(sign, self.lines(left), self.lines(right))
        raise QueryError("Functions over time are not supported in scalar formulas.")

    def _number(self, name: str) -> Mapping[Groups, Line]:
        aggregator = self._aggregators.get(name, "avg")
        lines = self._over_time.whole(name) if aggregator == "percentile" else self._over_time.lines(Name(name))
        method = {"mean": "avg", "percentile": "last"}.get(aggregator, aggregator)
        known = {groups: line.values[~np.isnan(line.values)] for groups, line in lines.items()}
        return {groups: _single(reduced(method, known[groups]), lines[groups].unit) for groups in lines if len(known[groups])}


def _single(value: float, unit: str = "", *, constant: bool = False) -> Line:
    return Line(np.array([value]), np.ones(1, np.bool_), unit=unit, constant=constant)


def selectors(expression: Expression) -> Iterator[Selector]:
    """Every `avg:metric{…}` in the expression."""
    match expression:
        case Selector():
            yield expression
        case Operation(_, left, right):
            yield from selectors(left)
            yield from selectors(right)
        case DefaultZero(of) | MovingRollup(of, _, _):
            yield from selectors(of)


def joined(sign: str, left: Mapping[Groups, Line], right: Mapping[Groups, Line]) -> Mapping[Groups, Line]:
    """Arithmetic between lines of the same group; a line without groups goes with all of the other side."""
    if set(left) == {()} and right:
        return {groups: _combined(sign, left[()], line) for groups, line in right.items()}
    if set(right) == {()} and left:
        return {groups: _combined(sign, line, right[()]) for groups, line in left.items()}
    return {groups: _combined(sign, line, right[groups]) for groups, line in left.items() if groups in right}


def _combined(sign: str, left: Line, right: Line) -> Line:
    """A hole of a count is 0 in arithmetic; where all queries have one there is no point, nor for a division by 0."""
    holes = [np.isnan(line.values) for line in (left, right) if not line.constant]
    nowhere = np.logical_and.reduce(holes) if holes else np.zeros(len(left.values), np.bool_)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = _MATH[sign](_zeroed(left), _zeroed(right))
    values = np.where(nowhere | ~np.isfinite(values), np.nan, values)
    counts = all(line.form == "count" or line.constant for line in (left, right))
    constant = left.constant and right.constant
    return Line(values, left.own | right.own, "count" if counts and not constant else "gauge", constant=constant)


def _zeroed(line: Line) -> Floats:
    return np.where(np.isnan(line.values), 0.0, line.values) if line.form == "count" else line.values
