"""Elasticsearch's aggregations into buckets, as far as the sandbox speaks them, nested to any depth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from sandbox.chance import Ints
from sandbox.elastic.documents import FIELDS, Documents, Mask, Part, count, iso, there
from sandbox.elastic.measures import METRICS
from sandbox.elastic.query import SearchError, known, matching, only, time_ms, whole

Asked = Mapping[str, Any]
Found = dict[str, Any]
Key = str | int

_MOST_BUCKETS = 65_536
_UNITS_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_ZONE_STEP_MS = 900_000  # no zone changes its offset within a quarter of an hour


def aggregated(docs: Documents, aggs: object) -> Found:
    """The answers to `aggs` by their names. Raises SearchError."""
    if not isinstance(aggs, dict):
        raise SearchError("Found something else than an object under [aggs]")
    return {name: _one(docs, name, asked) for name, asked in aggs.items()}


def _one(docs: Documents, name: str, asked: object) -> Found:
    if not isinstance(asked, dict):
        raise SearchError(f"Aggregation definition for [{name}] is no object")
    inner = asked.get("aggs", asked.get("aggregations", {}))
    kind, body = only({key: value for key, value in asked.items() if key not in ("aggs", "aggregations", "meta")}, name)
    if kind in _BUCKETS and isinstance(body, dict):
        return _BUCKETS[kind](docs, body, inner)
    if kind not in METRICS or not isinstance(body, dict):
        raise SearchError(f"Unknown aggregation type [{kind}]")
    if inner:
        raise SearchError(
            f"Aggregator [{name}] of type [{kind}] cannot accept sub-aggregations", "aggregation_initialization_exception"
        )
    return METRICS[kind](docs, body)


def _bucket(docs: Documents, inner: object) -> Found:
    return {"doc_count": count(docs), **aggregated(docs, inner)}


def _filter(docs: Documents, asked: Asked, inner: object) -> Found:
    return _bucket(matching(docs, asked), inner)


def _filters(docs: Documents, asked: Asked, inner: object) -> Found:
    known(asked, "filters", ("filters",))
    filters = asked.get("filters")
    if isinstance(filters, list):
        return {"buckets": [_filter(docs, each, inner) for each in filters]}
    if not isinstance(filters, dict):
        raise SearchError("[filters] malformed, expected an object or a list under [filters]")
    return {"buckets": {name: _filter(docs, each, inner) for name, each in filters.items()}}


def _terms(docs: Documents, asked: Asked, inner: object) -> Found:
    known(asked, "terms", ("field", "size", "missing", "min_doc_count", "order", "shard_size"))
    missing = asked.get("missing")
    groups = _by_term(docs, str(asked.get("field")), None if missing is None else str(missing))
    least, size = whole(asked, "min_doc_count", 1), whole(asked, "size", 10)
    if size == 0:
        raise SearchError(f"[size] must be greater than 0. Found [{size}] in [terms]", "illegal_argument_exception")
    order = asked.get("order", {"_count": "desc"})
    buckets = [{"key": key, **_bucket(group, _ordering(inner, order))} for key, group in groups.items()]
    buckets = _ordered([bucket for bucket in buckets if bucket["doc_count"] >= least], order)
    shown = buckets[:size]
    others = sum(bucket["doc_count"] for bucket in buckets[size:])
    full = [{**bucket, **aggregated(groups[bucket["key"]], inner)} for bucket in shown]
    return {"doc_count_error_upper_bound": 0, "sum_other_doc_count": others, "buckets": full}


def _by_term(docs: Documents, name: str, missing: str | None) -> Mapping[Key, Documents]:
    """The documents by the field's value; those that lack it under `missing`, or nowhere when that is None."""
    groups: dict[Key | None, list[Part]] = defaultdict(list)
    field = FIELDS.get(name)
    for part in docs:
        values = field.of(part) if field else None
        if field is None or values is None:
            groups[missing].append(part)
        elif isinstance(values, str):
            groups[values].append(part)
        else:
            has = there(field, values)
            groups[missing].append(part[~has])
            for number, places in _alike(values, has):
                groups[field.word(number) if field.form == "keyword" else number].append(part[places])
    return {key: tuple(parts) for key, parts in groups.items() if key is not None and count(parts)}


def _alike(values: NDArray[np.integer[Any]], has: Mask) -> Iterable[tuple[int, Ints]]:
    """Each value with the places where it stands, in rising order; sorted once, as an ID has thousands of values."""
    where = np.flatnonzero(has)
    order = where[np.argsort(values[where], kind="stable")]
    starts = np.flatnonzero(np.diff(values[order], prepend=values[order][:1] - 1))
    return zip(values[order][starts].tolist(), np.split(order, starts[1:]) if len(order) else (), strict=True)


def _ordering(inner: object, order: object) -> object:
    """The sub-aggregations by which the buckets are ordered: only they are needed of the buckets that are not shown."""
    names = {path.replace(">", ".").partition(".")[0] for path, _ in _orders(order)}
    return {name: asked for name, asked in inner.items() if name in names} if isinstance(inner, dict) else inner


def _orders(order: object) -> list[tuple[str, str]]:
    several = order if isinstance(order, list) else [order]
    pairs = [only(each, "order") for each in several]
    if any(way not in ("asc", "desc") for _, way in pairs):
        raise SearchError("Unknown order direction")
    return pairs


def _ordered(buckets: list[Found], order: object) -> list[Found]:
    """Ties go by key, as there."""
    ordered = sorted(buckets, key=lambda bucket: (isinstance(bucket["key"], str), bucket["key"]))
    for path, way in reversed(_orders(order)):
        ordered.sort(key=lambda bucket: _at(bucket, path), reverse=way == "desc")
    return ordered


def _at(bucket: Found, path: str) -> Any:
    if path in ("_count", "_key"):
        return bucket["doc_count" if path == "_count" else "key"]
    name, _, inside = path.replace(">", ".").partition(".")
    inner = bucket.get(name)
    if inner is None:
        raise SearchError(
            f"Invalid aggregation order path [{path}]. Unknown aggregation [{name}]", "aggregation_execution_exception"
        )
    percentiles = {f"{float(key):g}": value for key, value in inner.get("values", {}).items()}
    value = percentiles.get(inside) if percentiles else inner.get("value", inner.get("doc_count"))
    return float("-inf") if value is None else value


def _date_histogram(docs: Documents, asked: Asked, inner: object) -> Found:
    known(asked, "date_histogram", ("field", "fixed_interval", "extended_bounds", "time_zone", "min_doc_count", "format"))
    width = _width_ms(str(asked.get("fixed_interval")))
    zone = _zone(str(asked.get("time_zone", "UTC")))
    groups: dict[int, list[Part]] = defaultdict(list)
    for part in docs if asked.get("field") == "@timestamp" else ():
        keys = _floored(part.rows.time, width, zone)
        unique, first = np.unique(keys, return_index=True)
        _refuse_too_many(len(unique))
        for key, low in zip(unique.tolist(), first.tolist(), strict=True):
            high = int(np.searchsorted(keys, key, side="right"))
            groups[key].append(part[slice(low, high)])
    keys_wanted = _all_keys(groups, asked, width, zone)
    return {
        "buckets": [{"key_as_string": iso(key), "key": key, **_bucket(tuple(groups.get(key, ())), inner)} for key in keys_wanted]
    }


def _all_keys(groups: Iterable[int], asked: Asked, width: int, zone: ZoneInfo) -> Iterable[int]:
    """Empty buckets stand between full ones, and out to the extended bounds, unless a least count is asked."""
    if whole(asked, "min_doc_count", 0) > 0:
        return sorted(groups)
    bounds = asked.get("extended_bounds") or {}
    known(bounds, "extended_bounds", ("min", "max"))
    limits = np.array([time_ms(bounds[end]) for end in ("min", "max") if end in bounds], dtype=np.int64)
    ends = [*groups, *_floored(limits, width, zone).tolist()]
    if not ends:
        return ()
    _refuse_too_many((max(ends) - min(ends)) // width)
    between = _floored(np.arange(min(ends), max(ends) + 1, width, dtype=np.int64), width, zone)
    return sorted({*ends, *between.tolist()})


def _refuse_too_many(buckets: int) -> None:
    if buckets > _MOST_BUCKETS:
        reason = f"Trying to create too many buckets. Must be less than or equal to: [{_MOST_BUCKETS}]."
        raise SearchError(reason, "too_many_buckets_exception")


def _floored(times: Ints, width: int, zone: ZoneInfo) -> Ints:
    """The starts of the buckets in which the times lie, counted from the zone's own midnight."""
    steps, where = np.unique(times // _ZONE_STEP_MS, return_inverse=True)
    offsets = np.array([_offset_ms(int(step), zone) for step in steps], dtype=np.int64)
    offset = offsets[where] if len(times) else times
    return (times + offset) // width * width - offset


def _offset_ms(step: int, zone: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(step * _ZONE_STEP_MS / 1000, zone).utcoffset()
    return round(offset.total_seconds() * 1000) if offset else 0


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise SearchError(f"[date_histogram] Unknown time-zone ID: {name}", "x_content_parse_exception") from error


def _width_ms(text: str) -> int:
    unit = text.lstrip("0123456789")
    number = text[: len(text) - len(unit)]
    if unit not in _UNITS_MS or not number or not int(number):
        reason = f"failed to parse setting [date_histogram.fixedInterval] with value [{text}] as a time value"
        raise SearchError(reason, "illegal_argument_exception")
    return int(number) * _UNITS_MS[unit]


_BUCKETS: Mapping[str, Callable[[Documents, Asked, object], Found]] = {
    "terms": _terms,
    "filter": _filter,
    "filters": _filters,
    "date_histogram": _date_histogram,
}
