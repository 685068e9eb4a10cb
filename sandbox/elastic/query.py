"""Elasticsearch's query language, as far as the sandbox speaks it: which documents match."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np

from sandbox.elastic.documents import FIELDS, Documents, Field, Mask, Part, there

Query = Mapping[str, Any]
Match = bool | Mask

TIME = "@timestamp"
LATEST_MS = 4_102_444_800_000  # the year 2100: later than anything here, and still a date


class SearchError(Exception):
    """A request that Elasticsearch would refuse, with the error type and status that it would give."""

    def __init__(self, reason: str, kind: str = "parsing_exception", status: int = 400) -> None:
        super().__init__(reason)
        self.kind = kind
        self.status = status


def matching(docs: Documents, query: Query) -> Documents:
    """The documents that match, their parts still sorted by time; parts without a match are left out."""
    low, high = _time_bounds(query)
    near = (Part(part.env, part.kind, part.rows.between(low, high)) for part in docs)
    found = (_select(part, _match(part, query)) for part in near)
    return tuple(part for part in found if len(part))


def _time_bounds(query: Query) -> tuple[int, int]:
    """A span outside of which nothing can match: parts are sorted by time, so most of them need no look at all."""
    asked = query.get("bool")
    clauses = (*_clauses(asked, "filter"), *_clauses(asked, "must")) if isinstance(asked, dict) else (query,)
    limits = [each["range"].get(TIME) for each in clauses if isinstance(each, dict) and isinstance(each.get("range"), dict)]
    limits = [limit for limit in limits if isinstance(limit, dict)]
    low = [time_ms(limit[sign]) for limit in limits for sign in ("gte", "gt") if limit.get(sign) is not None]
    high = [time_ms(limit[sign]) for limit in limits for sign in ("lte", "lt") if limit.get(sign) is not None]
    return max(low, default=0), min(high, default=LATEST_MS) + 1


def _select(part: Part, match: Match) -> Part:
    if isinstance(match, bool):
        return part if match else part[slice(0, 0)]
    return part if match.all() else part[match]


def _match(part: Part, query: Query) -> Match:
    kind, asked = only(query, "query")
    if kind not in _QUERIES:
        raise SearchError(f"unknown query [{kind}]")
    if not isinstance(asked, dict):
        raise SearchError(f"[{kind}] query malformed, no start_object after query name")
    return _QUERIES[kind](part, asked)


def only(body: object, what: str) -> tuple[str, Any]:
    """The one key of an object and its value."""
    if not isinstance(body, dict) or len(body) != 1:
        raise SearchError(f"[{what}] malformed query, expected an object with exactly one field")
    return next(iter(body.items()))


def _bool(part: Part, asked: Query) -> Match:
    known(asked, "bool", ("filter", "must", "must_not", "should", "minimum_should_match"))
    match: Match = True
    for clause in (*_clauses(asked, "filter"), *_clauses(asked, "must")):
        match = _both(match, _match(part, clause))
    for clause in _clauses(asked, "must_not"):
        match = _both(match, _not(_match(part, clause)))
    should = _clauses(asked, "should")
    least = asked.get("minimum_should_match", 0 if "filter" in asked or "must" in asked else 1)
    if not isinstance(least, int):
        raise SearchError("[bool] minimum_should_match must be a number here")
    return _both(match, _at_least(part, should, least)) if should else match


def _clauses(asked: Query, name: str) -> list[Query]:
    clauses = asked.get(name, [])
    return clauses if isinstance(clauses, list) else [clauses]


def _at_least(part: Part, should: list[Query], least: int) -> Match:
    if least <= 0:
        return True
    hits = np.zeros(len(part), np.int64)
    for clause in should:
        hits += _match(part, clause)
    return hits >= least


def _both(left: Match, right: Match) -> Match:
    """Without looking at every document where one side already decides."""
    if isinstance(left, bool):
        return right if left else False
    if isinstance(right, bool):
        return left if right else False
    return left & right


def _not(match: Match) -> Match:
    return not match if isinstance(match, bool) else ~match


def _term(part: Part, asked: Query) -> Match:
    name, value = only(asked, "term")
    if isinstance(value, dict):
        value = value.get("value")
    return _any_of(part, name, [value])


def _terms(part: Part, asked: Query) -> Match:
    name, values = only(asked, "terms")
    if not isinstance(values, list):
        raise SearchError("[terms] query does not support a value that is no array")
    return _any_of(part, name, values)


def _any_of(part: Part, name: str, wanted: list[Any]) -> Match:
    field = FIELDS.get(name)
    values = field.of(part) if field else None
    if field is None or values is None:
        return False
    if isinstance(values, str):
        return values in wanted
    numbers = [number for value in wanted if (number := _number(field, value)) is not None]
    return np.isin(values, numbers) & there(field, values)


def _number(field: Field, value: Any) -> float | None:
    """What stands for the value in the field's column; None when no document can have it."""
    if field.form == "keyword":
        return field.number(str(value))
    if field.form == "date":
        return time_ms(value)
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise SearchError(f'For input string: "{value}"', "number_format_exception") from error


def _range(part: Part, asked: Query) -> Match:
    name, limits = only(asked, "range")
    known(limits, "range", ("gte", "gt", "lte", "lt", "format", "time_zone"))
    field = FIELDS.get(name)
    values = field.of(part) if field else None
    if field is None or values is None:
        return False
    if field.form == "keyword" or isinstance(values, str):
        raise SearchError(f"[range] on field [{name}] of type [keyword] is not supported here", "illegal_argument_exception")
    match = there(field, values)
    for sign, compare in _COMPARE.items():
        if limits.get(sign) is not None:
            match &= compare(values, _number(field, limits[sign]))
    return match


def _exists(part: Part, asked: Query) -> Match:
    known(asked, "exists", ("field",))
    field = FIELDS.get(str(asked.get("field")))
    values = field.of(part) if field else None
    if field is None or values is None:
        return False
    return True if isinstance(values, str) else there(field, values)


def known(asked: object, where: str, keys: tuple[str, ...]) -> None:
    """Raises SearchError for a key that has no place there."""
    if not isinstance(asked, dict):
        raise SearchError(f"[{where}] malformed, expected an object")
    if unknown := [key for key in asked if key not in keys]:
        raise SearchError(f"[{where}] query does not support [{unknown[0]}]")


def time_ms(value: Any) -> int:
    """A date as requests give it: epoch milliseconds, as a number or a string, or ISO 8601."""
    text = str(value)
    if text.isdecimal():
        return min(int(text), LATEST_MS)
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        reason = f"failed to parse date field [{text}] with format [strict_date_optional_time||epoch_millis]"
        raise SearchError(reason, "parse_exception") from error
    return min(round((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000), LATEST_MS)


def whole(asked: Query, name: str, usual: int) -> int:
    """A setting that is a number and not negative."""
    number = asked.get(name, usual)
    if not isinstance(number, int) or number < 0:
        raise SearchError(f"Failed to parse value [{number}] as only non-negative numbers are allowed for [{name}].")
    return number


_COMPARE: Mapping[str, Callable[[Any, Any], Mask]] = {
    "gte": np.greater_equal,
    "gt": np.greater,
    "lte": np.less_equal,
    "lt": np.less,
}
_QUERIES: Mapping[str, Callable[[Part, Query], Match]] = {
    "bool": _bool,
    "term": _term,
    "terms": _terms,
    "range": _range,
    "exists": _exists,
    "match_all": lambda part, asked: True,
    "match_none": lambda part, asked: False,
}
