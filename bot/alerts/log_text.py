"""Elasticsearch's aggregations as parsed JSON: only what a rule may ask, and what the answer's reader understands.

No text in them is ever parsed as a query language, and nothing in them runs: no query_string, no regular expression, no script.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.shapes import Misfit, meant, shown

BUCKETS = ("filters", "terms", "range", "date_range", "histogram", "date_histogram")
SINGLE = ("filter", "missing", "nested", "reverse_nested")
METRICS = ("max", "min", "avg", "sum", "value_count", "cardinality", "percentiles", "median_absolute_deviation", "top_metrics")
QUERIES = ("bool", "term", "terms", "range", "exists", "prefix", "match", "match_phrase", "match_all", "match_none")
OF_BOOL = ("filter", "must", "must_not", "should", "minimum_should_match")
SUBS = ("aggs", "meta")
FIELD = re.compile(r"\$\w+|[A-Za-z@][A-Za-z0-9_.@-]{0,254}", re.ASCII)
DEPTH = 10


def fitting(aggregation: Any) -> None:
    """Returns where the one aggregation of a rule asks nothing but what rules may. Raises Misfit."""
    name, body = _kind(aggregation, BUCKETS, "an aggregation into buckets")
    _aggregation(name, body)
    for sub in _named(aggregation.get("aggs", {})):
        _aggregation(*_kind(sub, (*SINGLE, *METRICS), "a number of a bucket"))


def _kind(tree: Any, known: tuple[str, ...], what: str) -> tuple[str, Any]:
    """The name and the body of the one thing of these that a tree is."""
    names = [name for name in tree if name not in SUBS] if isinstance(tree, Mapping) else []
    if len(names) != 1:
        raise Misfit(f"must say one thing where {what} is: one of {', '.join(known)}")
    (name,) = names
    if name not in known:
        raise Misfit(f"asks {shown(name)}, which is none of {', '.join(known)}{meant(str(name), known)}")
    return name, tree[name]


def _aggregation(name: str, body: Any) -> None:
    if name == "filter":
        _query(body)
    elif name == "filters":
        for each in _named(_part(body, "filters")):
            _query(each)
    elif not isinstance(body, Mapping):
        raise Misfit(f"has no object at {shown(name)}")
    elif "script" in body:
        raise Misfit("may not run a script")
    elif name not in ("nested", "reverse_nested", "top_metrics"):
        _field(_part(body, "field"))
    if name == "percentiles" and not all(isinstance(each, int | float) and 0 <= each <= 100 for each in body.get("percents", ())):
        raise Misfit('has "percents" that are no numbers from 0 to 100')


def _query(tree: Any, depth: int = 0) -> None:
    """A clause that filters."""
    if depth > DEPTH:
        raise Misfit(f"filters in more than {DEPTH} levels")
    name, body = _kind(tree, QUERIES, "a filter")
    if name == "bool":
        _bool(body, depth)
    elif name == "exists":
        _field(_part(body, "field"))
    elif not name.startswith("match_a") and not name.startswith("match_n"):
        if not isinstance(body, Mapping) or not body:
            raise Misfit(f"names no field at {shown(name)}")
        for field in body:
            if field != "boost":
                _field(field)


def _bool(body: Any, depth: int) -> None:
    if not isinstance(body, Mapping):
        raise Misfit('has no object at "bool"')
    for part, clauses in body.items():
        if part not in OF_BOOL:
            raise Misfit(f"has {shown(part)} in a bool, which knows {', '.join(OF_BOOL)}")
        if part != "minimum_should_match":
            for each in clauses if isinstance(clauses, list) else [clauses]:
                _query(each, depth + 1)


def _field(field: Any) -> None:
    if not isinstance(field, str) or not FIELD.fullmatch(field):
        raise Misfit(f"names {shown(field)}, which is no field that may be asked")


def _part(body: Any, name: str) -> Any:
    if not isinstance(body, Mapping) or name not in body:
        raise Misfit(f"lacks {shown(name)}")
    return body[name]


def _named(tree: Any) -> list[Any]:
    if not isinstance(tree, Mapping):
        raise Misfit("must give names to its parts, as an object")
    return list(tree.values())
