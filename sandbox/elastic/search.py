"""One Elasticsearch search: a request's body to the body of its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sandbox.elastic.aggs import aggregated
from sandbox.elastic.documents import INDEX, Documents, count, documents, source
from sandbox.elastic.query import SearchError, matching, whole
from sandbox.world import World

_KEYS = ("query", "aggs", "aggregations", "size", "from", "sort", "_source", "track_total_hits", "timeout", "runtime_mappings")
_MOST_HITS = 10_000
_SHARDS = 3


def searched(world: World, body: Mapping[str, Any], *, exists: bool = True, partial: bool = False) -> dict[str, Any]:
    """What `_search` answers, but for `took`. Raises SearchError.

    `exists` False: no index has the asked name. `partial`: a shard is lost and time runs out, so that a third is missing.
    """
    if unknown := [key for key in body if key not in _KEYS]:
        raise SearchError(f"Unknown key for a VALUE in [{unknown[0]}].")
    if body.get("runtime_mappings"):
        raise SearchError("runtime fields are not supported here", "illegal_argument_exception")
    docs = documents(world) if exists else ()
    found = matching(docs, body.get("query") or {"match_all": {}})
    if partial:
        found = tuple(part[np.arange(len(part)) % _SHARDS != 0] for part in found)
    answer: dict[str, Any] = {
        "timed_out": partial,
        "_shards": _shards(exists=exists, partial=partial),
        "hits": _hits(found, body),
    }
    aggs = body.get("aggs", body.get("aggregations"))
    return answer if aggs is None else {**answer, "aggregations": aggregated(found, aggs)}


def _shards(*, exists: bool, partial: bool) -> dict[str, Any]:
    total = _SHARDS if exists else 0
    shards: dict[str, Any] = {"total": total, "successful": total - partial, "skipped": 0, "failed": int(partial)}
    if partial:
        reason = {
            "type": "node_disconnected_exception",
            "reason": "[es-2][10.0.0.12:9300][indices:data/read/search] disconnected",
        }
        shards["failures"] = [{"shard": 2, "index": INDEX, "node": "es-2", "reason": reason}]
    return shards


def _hits(found: Documents, body: Mapping[str, Any]) -> dict[str, Any]:
    """The asked documents, newest last unless sorted otherwise; the total stops at ten thousand unless it is asked for."""
    size, first = whole(body, "size", 10), whole(body, "from", 0)
    if size + first > _MOST_HITS:
        reason = f"Result window is too large, from + size must be less than or equal to: [{_MOST_HITS}]"
        raise SearchError(reason, "illegal_argument_exception")
    hits = {"max_score": None, "hits": _documents(found, body.get("sort"), first, size)}
    tracked = body.get("track_total_hits", _MOST_HITS)
    if tracked is False:
        return hits
    total = count(found)
    limit = total if tracked is True else whole(body, "track_total_hits", _MOST_HITS)
    return {"total": {"value": min(total, limit), "relation": "gte" if total > limit else "eq"}, **hits}


def _documents(found: Documents, sort: object, first: int, size: int) -> list[dict[str, Any]]:
    newest_first = _newest_first(sort)
    if size == 0 or not found:
        return []
    times = np.concatenate([part.rows.time for part in found])
    owner = np.repeat(np.arange(len(found)), [len(part) for part in found])
    place = np.concatenate([np.arange(len(part)) for part in found])
    order = np.argsort(-times if newest_first else times, kind="stable")[first : first + size]
    return [_hit(found, int(owner[index]), int(place[index]), sorted_=sort is not None) for index in order]


def _newest_first(sort: object) -> bool:
    """Only the time is sorted by: `[{"@timestamp": "desc"}]`, `{"@timestamp": {"order": "desc"}}` or `"@timestamp"`."""
    if sort is None:
        return False
    one = sort[0] if isinstance(sort, list) and len(sort) == 1 else sort
    if one == "@timestamp":
        return False
    order = one.get("@timestamp") if isinstance(one, dict) and len(one) == 1 else None
    way = order.get("order", "asc") if isinstance(order, dict) else order
    if way not in ("asc", "desc"):
        raise SearchError("only [@timestamp] can be sorted by here", "illegal_argument_exception")
    return bool(way == "desc")


def _hit(found: Documents, owner: int, place: int, *, sorted_: bool) -> dict[str, Any]:
    part = found[owner]
    time = int(part.rows.time[place])
    name = f"{part.kind}-{int(part.rows.session[place]):x}-{int(part.rows.attempt[place])}"
    hit = {"_index": INDEX, "_id": name, "_score": None if sorted_ else 1.0, "_source": source(part, place)}
    return {**hit, "sort": [time]} if sorted_ else hit
