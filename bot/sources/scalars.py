"""Datadog's v2 scalars: percentiles of a whole window, as one number for each query. Pure; times are epoch seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from bot.sources.faults import unreadable
from charts.data import Series


@dataclass(frozen=True, slots=True)
class Whole:
    """Percentile queries by key, over [start, end): Datadog merges all that was measured in it before it takes the percentile."""

    texts: Mapping[str, str]
    start: int
    end: int

    def body(self) -> Mapping[str, Any]:
        """The request's JSON, with one formula for each query, so that the answer has one column for each, in their order."""
        queries = [
            {"data_source": "metrics", "name": f"q{index}", "query": text, "aggregator": "percentile"}
            for index, text in enumerate(self.texts.values())
        ]
        formulas = [{"formula": f"q{index}"} for index in range(len(self.texts))]
        times = {"from": 1000 * self.start, "to": 1000 * self.end}
        return {"data": {"type": "scalar_request", "attributes": {**times, "queries": queries, "formulas": formulas}}}

    def read(self, answer: Any) -> dict[str, tuple[Series, ...]]:
        """A Series of one point for each query, none where nothing was measured. Raises SourceError for another shape."""
        match answer:
            case {"data": {"attributes": {"columns": list(columns)}}} if len(columns) == len(self.texts):
                numbers = (_number(column) for column in columns)
                return {key: self._point(key, number) for key, number in zip(self.texts, numbers, strict=True)}
        raise unreadable()

    def _point(self, key: str, number: float | None) -> tuple[Series, ...]:
        return () if number is None else (Series(key, (float(self.start),), (number,), step_s=float(self.end - self.start)),)


def _number(column: Any) -> float | None:
    """A column's one number; no values at all, or a null, is no data."""
    match column:
        case {"type": "number", "values": [] | [None]}:
            return None
        case {"type": "number", "values": [int() | float() as value]} if isfinite(value):
            return float(value)
    raise unreadable()
