"""Elasticsearch's aggregations that measure: one number, or a few, of the documents' values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from sandbox.chance import Floats, Ints
from sandbox.elastic.documents import FIELDS, Documents, Field, iso, source, there
from sandbox.elastic.query import SearchError, known

Asked = Mapping[str, Any]
Found = dict[str, Any]

_PERCENTS = (1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0)


def _numbers(docs: Documents, asked: Asked, kind: str, *more: str) -> Floats:
    """The field's values in all documents that have it."""
    known(asked, kind, ("field", *more))
    field = _field(asked)
    if field and field.form == "keyword":
        reason = f"Field [{asked['field']}] of type [keyword] is not supported for aggregation [{kind}]"
        raise SearchError(reason, "illegal_argument_exception")
    return np.concatenate([np.empty(0), *_values(docs, field)])


def _field(asked: Asked) -> Field | None:
    if "field" not in asked:
        raise SearchError("Required one of fields [field, script], but none were specified.", "illegal_argument_exception")
    return FIELDS.get(str(asked["field"]))


def _values(docs: Documents, field: Field | None) -> Iterable[Ints]:
    for part in docs:
        values = field.of(part) if field else None
        if field is not None and values is not None and not isinstance(values, str):
            yield values[there(field, values)].astype(np.int64)


def _percentiles(docs: Documents, asked: Asked) -> Found:
    values = _numbers(docs, asked, "percentiles", "percents", "keyed", "tdigest")
    percents = asked.get("percents", _PERCENTS)
    if not isinstance(percents, list | tuple) or not all(
        isinstance(percent, int | float) and 0 <= percent <= 100 for percent in percents
    ):
        raise SearchError("percent must be in [0,100]", "illegal_argument_exception")
    return {
        "values": {str(float(percent)): float(np.percentile(values, percent)) if len(values) else None for percent in percents}
    }


def _single(kind: str, reduce: Callable[[Floats], float]) -> Callable[[Documents, Asked], Found]:
    def metric(docs: Documents, asked: Asked) -> Found:
        values = _numbers(docs, asked, kind)
        return {"value": float(reduce(values)) if len(values) or kind == "sum" else None}

    return metric


def _value_count(docs: Documents, asked: Asked) -> Found:
    known(asked, "value_count", ("field",))
    field = _field(asked)
    constant = sum(len(part) for part in docs if field and isinstance(field.of(part), str))
    return {"value": constant + sum(len(values) for values in _values(docs, field))}


def _cardinality(docs: Documents, asked: Asked) -> Found:
    known(asked, "cardinality", ("field", "precision_threshold"))
    field = _field(asked)
    words = {word for part in docs if field and isinstance(word := field.of(part), str)}
    numbers = np.unique(np.concatenate([np.empty(0, np.int64), *_values(docs, field)]))
    return {"value": len(words | {field.word(number) for number in numbers.tolist()} if field and words else numbers)}


def _top_metrics(docs: Documents, asked: Asked) -> Found:
    """The asked metric of the newest document, or of the oldest: only sorting by time is spoken here."""
    known(asked, "top_metrics", ("metrics", "sort", "size"))
    order = asked.get("sort")
    way = order.get("@timestamp") if isinstance(order, dict) else None
    metric = asked.get("metrics")
    name = str(metric.get("field")) if isinstance(metric, dict) else ""
    if way not in ("asc", "desc") or not name or asked.get("size", 1) != 1:
        raise SearchError("[top_metrics] needs one metric and a sort by @timestamp", "illegal_argument_exception")
    ends = [(int(part.rows.time[place]), source(part, place)) for part in docs if len(part) for place in (0, len(part) - 1)]
    if not ends:
        return {"top": []}
    at, document = (max if way == "desc" else min)(ends, key=lambda end: end[0])
    return {"top": [{"sort": [iso(at)], "metrics": {name: document.get(name)}}]}


METRICS: Mapping[str, Callable[[Documents, Asked], Found]] = {
    "avg": _single("avg", np.mean),
    "sum": _single("sum", np.sum),
    "min": _single("min", np.min),
    "max": _single("max", np.max),
    "percentiles": _percentiles,
    "cardinality": _cardinality,
    "value_count": _value_count,
    "top_metrics": _top_metrics,
}
