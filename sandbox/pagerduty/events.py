"""The Events API's manners: what it takes, what it refuses and with which words, and how many calls it takes in a minute."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

ACTIONS = ("trigger", "acknowledge", "resolve")
SEVERITIES = ("critical", "error", "warning", "info")
SUMMARY, KEY, BODY = 1024, 255, 512_000
CALLS, WINDOW_S = 120, 60.0


class Budget:
    """At most CALLS in any WINDOW_S, by `real` seconds: whoever is refused waits in real time."""

    def __init__(self, real: Callable[[], float]) -> None:
        self._real = real
        self._calls: deque[float] = deque()

    def spend(self) -> bool:
        """Counts a call, unless there were too many already."""
        now = self._real()
        while self._calls and now - self._calls[0] >= WINDOW_S:
            self._calls.popleft()
        if len(self._calls) >= CALLS:
            return False
        self._calls.append(now)
        return True


def wrong_in(event: Any, routing_key: str) -> list[str]:
    """What is wrong with an event; nothing for a good one."""
    if not isinstance(event, dict):
        return ["an event is an object"]
    return [*_envelope(event, routing_key), *(_trigger(event) if event.get("event_action") == "trigger" else ())]


def _envelope(event: Mapping[str, Any], routing_key: str) -> Iterator[str]:
    if event.get("routing_key") != routing_key:
        yield "'routing_key' is not that of an integration"
    if event.get("event_action") not in ACTIONS:
        yield "'event_action' is none of trigger, acknowledge, resolve"
    key = event.get("dedup_key")
    if key is None and event.get("event_action") != "trigger":
        yield "'dedup_key' is missing"
    elif key is not None and not _text(key, KEY):
        yield f"'dedup_key' is not a text of 1 to {KEY} characters"


def _trigger(event: Mapping[str, Any]) -> Iterator[str]:
    payload = event.get("payload")
    if not isinstance(payload, dict):
        yield "'payload' is missing"
        return
    if not _text(payload.get("summary"), SUMMARY):
        yield f"'summary' is not a text of 1 to {SUMMARY} characters"
    if not _text(payload.get("source"), BODY):
        yield "'source' is missing or blank"
    if payload.get("severity") not in SEVERITIES:
        yield "'severity' is none of critical, error, warning, info"
    if not isinstance(payload.get("custom_details", {}), dict):
        yield "'custom_details' is not an object"
    for name, address, start in (("links", "href", "http"), ("images", "src", "https://")):
        if not _addresses(event.get(name, []), address, start):
            yield f"'{name}' is not a list of objects with '{address}'"


def _addresses(listed: Any, name: str, start: str) -> bool:
    return isinstance(listed, list) and all(isinstance(one, dict) and str(one.get(name, "")).startswith(start) for one in listed)


def _text(value: Any, limit: int) -> bool:
    return isinstance(value, str) and bool(value.strip()) and len(value) <= limit
