"""Opsgenie's alerts: at most one open for each alias, and requests that are accepted at once and done a moment later."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from sandbox.workspace.cast import MEI, Person

State = Literal["open", "closed"]
Action = Literal["create", "acknowledge", "close"]
Json = dict[str, Any]
DELAY_S = 0.3  # of real time: whoever waits for it does so in real time
ABSENT = "Alert does not exist"


@dataclass(frozen=True, slots=True)
class Call:
    """One request that was accepted, as it came; `alias` is how it named its alert."""

    at: datetime
    action: Action
    alias: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert; `count` is how often it was created while it was open, `paged` who was woken up for it."""

    id: str
    tiny: str
    alias: str
    message: str
    priority: str
    created: datetime
    state: State = "open"
    acknowledged: bool = False
    count: int = 1
    paged: Person = MEI
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request."""

    action: Action
    success: bool
    status: str
    at: datetime
    alert: Alert | None = None


@dataclass(frozen=True, slots=True)
class _Waiting:
    id: str
    due: float
    call: Call
    by: str


class Alerts:
    """All alerts, and `ledger`: every request that was accepted, in order, which nothing ever leaves. Threads may share it.

    `real` gives the seconds in which requests wait for `delay_s` before they are processed.
    """

    def __init__(self, now: Callable[[], datetime], delay_s: float = DELAY_S, real: Callable[[], float] = time.monotonic) -> None:
        self.ledger: list[Call] = []
        self._now = now
        self._delay_s = delay_s
        self._real = real
        self._all: dict[str, Alert] = {}  # by ID, oldest first
        self._waiting: list[_Waiting] = []
        self._outcomes: dict[str, Outcome] = {}
        self._lock = threading.RLock()

    def accept(self, action: Action, alias: str, body: Mapping[str, Any], by: str = "alias") -> str:
        """Accepts a request that has been found good; gives its ID. `by` says what kind of name `alias` is: id, tiny or alias."""
        with self._lock:
            own = str(uuid.uuid4())
            call = Call(self._now(), action, alias, body)
            self.ledger.append(call)
            self._waiting.append(_Waiting(own, self._real() + self._delay_s, call, by))
            return own

    def outcome(self, request: str) -> Outcome | None:
        """What became of the request; None until it has been processed."""
        with self._lock:
            self._process()
            return self._outcomes.get(request)

    def find(self, name: str, by: str = "alias") -> Alert | None:
        """The newest alert of this name, an open one first."""
        with self._lock:
            self._process()
            return self._find(name, by)

    def all(self) -> tuple[Alert, ...]:
        """All of them, oldest first."""
        with self._lock:
            self._process()
            return tuple(self._all.values())

    def pages(self) -> list[Json]:
        """Who was woken up, newest first, as PagerDuty tells it; an alert has no page here."""
        return [
            {
                "id": each.id,
                "who": each.paged.name,
                "what": each.message,
                "when": each.created.timestamp(),
                "status": "acknowledged" if each.acknowledged and each.state == "open" else each.state,
                "url": "",
            }
            for each in reversed(self.all())
        ]

    def _process(self) -> None:
        while self._waiting and self._waiting[0].due <= self._real():
            waiting = self._waiting.pop(0)
            self._outcomes[waiting.id] = self._done(waiting.call, waiting.by)

    def _done(self, call: Call, by: str) -> Outcome:
        alert = self._find(call.alias, by)
        now = self._now()
        if alert is None or alert.state == "closed":
            if call.action == "create":
                return Outcome("create", True, "Created alert", now, self._created(call, now))
            return Outcome(call.action, False, ABSENT if alert is None else "Alert is closed already", now, alert)
        if call.action == "create":
            return Outcome("create", False, "One more of an open alert", now, self._keep(replace(alert, count=alert.count + 1)))
        if call.action == "close":
            return Outcome("close", True, "Closed alert", now, self._keep(replace(alert, state="closed")))
        if alert.acknowledged:
            return Outcome("acknowledge", False, "Alert is acknowledged already", now, alert)
        return Outcome("acknowledge", True, "Acknowledged alert", now, self._keep(replace(alert, acknowledged=True)))

    def _created(self, call: Call, now: datetime) -> Alert:
        own = str(uuid.uuid4())
        return self._keep(
            Alert(
                id=own,
                tiny=str(len(self._all) + 1),
                alias=call.alias or own,
                message=call.body["message"],
                priority=call.body.get("priority", "P3"),
                created=now,
                body=call.body,
            )
        )

    def _keep(self, alert: Alert) -> Alert:
        self._all[alert.id] = alert
        return alert

    def _find(self, name: str, by: str) -> Alert | None:
        named = [each for each in self._all.values() if getattr(each, by) == name and name]
        return next((each for each in named if each.state == "open"), named[-1] if named else None)
