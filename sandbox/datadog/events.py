"""Datadog's event search over what people did: tags, words, AND, OR, minus and parentheses, in pages."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any
from zlib import crc32

from sandbox.datadog.query import QueryError
from sandbox.marks import Mark
from sandbox.world import World

Body = Mapping[str, Any]
Wanted = Callable[[Mark], bool]

_UNITS_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_RELATIVE = re.compile(r"now(?:-(\d+)([smhdw]))?")
_TOKEN = re.compile(r"\s*(\(|\)|-(?=\S)|(?:[^\s()\"]|\"[^\"]*\")+)")
_MOST = 1000
_LATEST_MS = 4_102_444_800_000  # the year 2100: later than anything here, and still a date


def page(world: World, body: Body) -> dict[str, Any]:
    """One page of the events that the request asks for; the last one has no `meta`. Raises QueryError."""
    asked = _part(body, "filter")
    now_ms = world.now_ms()
    start, end = (_time_ms(str(asked.get(key, usual)), now_ms) for key, usual in (("from", "now-15m"), ("to", "now")))
    wanted = parsed(str(asked.get("query", "*")))
    marks = [mark for mark in world.marks(start, end) if wanted(mark)]
    if body.get("sort", "timestamp") == "-timestamp":
        marks.reverse()
    paging = _part(body, "page")
    first, limit = _cursor(paging.get("cursor")), _limit(paging.get("limit", 10))
    found: dict[str, Any] = {"data": [_event(mark) for mark in marks[first : first + limit]]}
    if first + limit < len(marks):
        found["meta"] = {"page": {"after": base64.urlsafe_b64encode(f"after:{first + limit}".encode()).decode()}}
    return found


def parsed(query: str) -> Wanted:
    """What a search asks of an event. Words beside each other must all hold; raises QueryError."""
    tokens: list[str] = _TOKEN.findall(query)
    wanted = _either(tokens)
    if tokens:
        raise QueryError("input_validation_error(Field 'filter.query' is invalid: unbalanced parenthesis)")
    return wanted


def _either(tokens: list[str]) -> Wanted:
    sides = [_all(tokens)]
    while tokens and tokens[0] == "OR":
        tokens.pop(0)
        sides.append(_all(tokens))
    return lambda mark: any(side(mark) for side in sides)


def _all(tokens: list[str]) -> Wanted:
    parts: list[Wanted] = []
    while tokens and tokens[0] not in (")", "OR"):
        if tokens[0] == "AND":
            tokens.pop(0)
        else:
            parts.append(_one(tokens))
    return lambda mark: all(part(mark) for part in parts)


def _one(tokens: list[str]) -> Wanted:
    word = tokens.pop(0) if tokens else ""
    if word in ("-", "NOT"):
        inner = _one(tokens)
        return lambda mark: not inner(mark)
    if word == "(":
        inner = _either(tokens)
        if not tokens or tokens.pop(0) != ")":
            raise QueryError("input_validation_error(Field 'filter.query' is invalid: unbalanced parenthesis)")
        return inner
    return _word(word.strip('"'))


def _word(word: str) -> Wanted:
    """`key:value` is a tag, `*` in it anything; another word stands in the title or the message."""
    if ":" in word:
        pattern = word.removeprefix("tags:").replace('"', "").replace("[", "[[]")
        return lambda mark: any(fnmatchcase(tag, pattern) for tag in mark.tags)
    return lambda mark: word == "*" or word.lower() in f"{mark.title} {mark.message}".lower()


def _part(body: Body, name: str) -> Body:
    part = body.get(name) or {}
    if not isinstance(part, dict):
        raise QueryError(f"input_validation_error(Field '{name}' is invalid: not an object)")
    return part


def _time_ms(text: str, now_ms: int) -> int:
    """`now-15m`, ISO 8601 or epoch milliseconds."""
    if text.isdecimal():
        return min(int(text), _LATEST_MS)
    if relative := _RELATIVE.fullmatch(text):
        return max(0, now_ms - int(relative[1] or 0) * _UNITS_MS[relative[2] or "s"])
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise QueryError(f"input_validation_error(Field 'filter' is invalid: {text} is not a time)") from error
    return round((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000)


def _limit(limit: object) -> int:
    if not isinstance(limit, int) or not 1 <= limit <= _MOST:
        raise QueryError(f"input_validation_error(Field 'page.limit' is invalid: must be between 1 and {_MOST})")
    return limit


def _cursor(cursor: object) -> int:
    if cursor is None:
        return 0
    try:
        word, _, place = base64.urlsafe_b64decode(str(cursor)).decode().partition(":")
        if word == "after":
            return int(place)
    except (binascii.Error, ValueError):
        pass
    raise QueryError("{'errors': [u\"input_validation_error(Field 'page.cursor' is invalid: invalid cursor)\"]}")


def _event(mark: Mark) -> dict[str, Any]:
    number = (mark.time_ms << 20) | (crc32(mark.title.encode()) & 0xFFFFF)
    at = datetime.fromtimestamp(mark.time_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    inner = {
        "title": mark.title,
        "status": "info",
        "service": "payments",
        "priority": "normal",
        "aggregation_key": mark.kind,
        "timestamp": mark.time_ms,
        "evt": {"id": str(number), "source_id": 100, "type": "api"},
    }
    attributes = {"attributes": inner, "message": mark.message, "tags": list(mark.tags), "timestamp": at}
    return {"type": "event", "id": base64.urlsafe_b64encode(str(number).encode()).decode(), "attributes": attributes}
