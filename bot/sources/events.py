"""Datadog's event search: its pages followed by their cursor, its events as rows. Pure; whoever uses it asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.sources.faults import unreadable
from charts.data import Column, Table

PAGE, PAGES = 100, 3  # 300 events are far more than a picture can mark
COLUMNS = (Column("time", "s"), Column("title"), Column("message"), Column("tags"))

Row = tuple[float, str, str, str]


@dataclass(frozen=True, slots=True)
class Search:
    """A search in Datadog's event search syntax, `start` inclusive, `end` exclusive."""

    query: str
    start: datetime
    end: datetime

    def found(self, ask: Callable[[Mapping[str, Any]], Any]) -> Table:
        """The events, oldest first; `ask` answers one page. Newest come first there, so that those are kept of too many."""
        rows: list[Row] = []
        cursor = ""
        for _ in range(PAGES):
            answer = ask(self._page(cursor))
            rows += _rows(answer)
            cursor = _next(answer)
            if not cursor:
                break
        start, end = self.start.timestamp(), self.end.timestamp()
        return Table(COLUMNS, tuple(sorted(row for row in rows if start <= row[0] < end)))

    def _page(self, cursor: str) -> Mapping[str, Any]:
        bounds = {"from": str(int(self.start.timestamp() * 1000)), "to": str(int(self.end.timestamp() * 1000))}
        return {
            "filter": {"query": self.query, **bounds},
            "sort": "-timestamp",
            "page": {"limit": PAGE, **({"cursor": cursor} if cursor else {})},
        }


def _next(answer: Any) -> str:
    """The cursor of the next page; the last page has no `meta`."""
    match answer:
        case {"meta": {"page": {"after": str(cursor)}}}:
            return cursor
    return ""


def _rows(answer: Any) -> list[Row]:
    match answer:
        case {"data": list(events)}:
            return [row for event in events if (row := _row(event))]
    raise unreadable()


def _row(event: Any) -> Row | None:
    """An event; None without a time, as it cannot be marked. The title stands one level deeper than the message."""
    match event:
        case {"attributes": {"attributes": dict(inner), **outer}}:
            at = _seconds(inner.get("timestamp"), outer.get("timestamp"))
            tags = outer.get("tags")
            once = dict.fromkeys(map(str, tags)) if isinstance(tags, list) else ()  # Datadog repeats tags
            return (at, _text(inner.get("title")), _text(outer.get("message")), ", ".join(once)) if at is not None else None
    raise unreadable()


def _seconds(milliseconds: Any, iso: Any) -> float | None:
    """Epoch seconds, of the time in milliseconds or else of the one in ISO 8601."""
    if isinstance(milliseconds, int | float):
        return milliseconds / 1000
    try:
        return datetime.fromisoformat(iso).timestamp()
    except (TypeError, ValueError):
        return None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
