"""Elasticsearch aggregations: queries as the body of one search, and its answer as Tables. Pure.

How an answer becomes rows: one row for each bucket of the query's one multi-bucket aggregation. First its key (of a
date_histogram: epoch seconds), then `count`, then a column for each sub-aggregation: the number of documents of a single-bucket
one, the value of a metric (of `top_metrics`, asked for one metric of one document: that), one column for each asked percent of
`percentiles` ("lag.95"); None where there was nothing to measure. Documents that `terms` left out make one last row: key None,
their count, and None for the rest, which nobody knows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any

from bot.ports import SourceError
from bot.sources.faults import unreadable
from bot.sources.names import filled_tree
from charts.data import Column, Table, Value
from commands.args import Window
from commands.panel import Query

ROWS = 10_000  # of one query: no table and no line of ours has so many

Cell = Callable[[Mapping[str, Any]], Value]


@dataclass(frozen=True, slots=True)
class Question:
    """One query, ready to be asked: its aggregation, and the documents it looks at: of a kind, in [start, end)."""

    name: str
    aggregation: Mapping[str, Any]
    start: datetime
    end: datetime
    kind: str = ""
    unit: str = ""

    def read(self, answer: Any) -> Table:
        """The query's part of a search's `aggregations` as a table. Raises SourceError for an answer of another shape."""
        match answer:
            case {self.name: dict(part)}:
                cells = dict(_cells(self.aggregation.get("aggs", {})))
                buckets = tuple(islice(_buckets(part), ROWS + 1))
                if len(buckets) > ROWS:
                    raise SourceError(f"answered in more than {ROWS:,} groups, which is more than paybot looks at", "bad_answer")
                columns = (Column("key"), Column("count", "count"), *(Column(title, self.unit or "count") for title in cells))
                rows = [self._row(bucket, cells.values()) for bucket in buckets]
                return Table(columns, (*rows, *_left_out(part, len(cells))))
        raise unreadable()

    def _row(self, bucket: Any, cells: Iterable[Cell]) -> tuple[Value, ...]:
        match bucket:
            case {"key": str() | int() | float() as key, "doc_count": int(count)}:
                at = key / 1000 if "date_histogram" in self.aggregation and not isinstance(key, str) else key
                return (at, count, *(cell(bucket) for cell in cells))
        raise unreadable()


def question(query: Query, window: Window, fields: Mapping[str, str]) -> Question:
    """A query in the asked window. `$names` are fields of the settings, and as times:

    `$start` and `$end` of what the query looks at, `$before` as long before `$start` as that is, `$from` the start of the window.
    `$step` is the width of its buckets ("60s"). With the option `back` the documents since `$before` are looked at. Option
    `kind`: of which kind they are. Option `ends_before_s`: only what is at least so old at the window's end.
    """
    start = query.start_in(window)
    before = start - (window.end - start)
    times = {"start": start, "end": window.end, "before": before, "from": window.start}
    step = f"{int(window.step.total_seconds())}s"
    names = {**fields, **{name: iso(moment) for name, moment in times.items()}, "step": step}
    ((name, aggregation),) = filled_tree(json.loads(query.text), names).items()
    first = before if query.options.get("back") else start
    end = window.end - timedelta(seconds=int(query.options.get("ends_before_s", "0")))
    return Question(name, aggregation, first, end, query.options.get("kind", ""), query.options.get("unit", ""))


def body(questions: Mapping[str, Question], env: str, fields: Mapping[str, str], timeout_s: float) -> dict[str, Any]:
    """One search for all questions; each is a filter aggregation by its key. No document is returned, only counted.

    The query narrows the search to what any question looks at, so that shards without it are skipped.
    """
    span = min(asked.start for asked in questions.values()), max(asked.end for asked in questions.values())
    return {
        "size": 0,
        "track_total_hits": False,
        "timeout": f"{int(1000 * timeout_s)}ms",
        "query": _all_of([{"term": {fields["environment"]: env}}, _between(*span, fields)]),
        "aggs": {key: _filtered(asked, fields) for key, asked in questions.items()},
    }


def _filtered(asked: Question, fields: Mapping[str, str]) -> dict[str, Any]:
    kind = [{"term": {fields["kind"]: asked.kind}}] if asked.kind else []
    return {
        "filter": _all_of([*kind, _between(asked.start, asked.end, fields)]),
        "aggs": {asked.name: asked.aggregation},
    }


def _all_of(filters: list[dict[str, Any]]) -> dict[str, Any]:
    return {"bool": {"filter": filters}}


def _between(start: datetime, end: datetime, fields: Mapping[str, str]) -> dict[str, Any]:
    return {"range": {fields["time"]: {"gte": iso(start), "lt": iso(end)}}}


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _buckets(part: Mapping[str, Any]) -> Iterable[Any]:
    """The buckets of an aggregation; `filters` with names gives them by name instead of with a key."""
    match part:
        case {"buckets": list(buckets)}:
            return buckets
        case {"buckets": dict(named)}:
            return [{**bucket, "key": name} if isinstance(bucket, dict) else bucket for name, bucket in named.items()]
    raise unreadable()


def _left_out(part: Mapping[str, Any], width: int) -> tuple[tuple[Value, ...], ...]:
    """The row of the documents in no bucket of `terms`, if there are any."""
    match part.get("sum_other_doc_count", 0):
        case int(count):
            return ((None, count, *(None for _ in range(width))),) if count > 0 else ()
    raise unreadable()


def _cells(aggs: Mapping[str, Any]) -> Iterator[tuple[str, Cell]]:
    """The columns that sub-aggregations make, by title, each with the way to its value in a bucket."""
    for name, definition in aggs.items():
        percents = definition.get("percentiles", {}).get("percents")
        if percents is None:
            yield name, partial(_value, name)
        else:
            yield from ((f"{name}.{percent:g}", partial(_percentile, name, percent)) for percent in percents)


def _value(name: str, bucket: Mapping[str, Any]) -> Value:
    match bucket.get(name):
        case {"doc_count": int() as value} | {"value": int() | float() | None as value}:
            return value
        case {"top": []}:
            return None
        case {"top": [{"metrics": dict(metrics)}]} if len(metrics) == 1:
            return _top(*metrics.values())
    raise unreadable()


def _top(value: Any) -> Value:
    """The one metric of the one document that `top_metrics` picked, null where that document lacks it."""
    if value is None or isinstance(value, str | int | float):
        return value
    raise unreadable()


def _percentile(name: str, percent: float, bucket: Mapping[str, Any]) -> Value:
    """Elasticsearch writes the percent as a string with a decimal point: "95.0"."""
    match bucket.get(name):
        case {"values": dict(values)}:
            value = values.get(f"{float(percent)}")
            if value is None or isinstance(value, int | float):
                return value
    raise unreadable()
