"""Faults of the vendors themselves, switched while they run: slow, refusing, broken, silent, or giving half an answer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, get_args

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

FaultKind = Literal["slow", "429", "500", "down", "partial"]
SLACK_MS = 25.0
FAULT_KINDS: tuple[FaultKind, ...] = get_args(FaultKind)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a source; `seconds` is how long a slow one takes."""

    kind: FaultKind
    seconds: float = 10.0


class Faults:
    """Which sources ("datadog", "elastic", "aws", "pagerduty", "slack") are faulty now. Threads may share it.

    `latency_ms` is what every answer of a source takes on a good day; Slack's Web API takes SLACK_MS. Where the company's time
    runs at `speed` times real time, that much less.
    """

    def __init__(self, latency_ms: float = 120.0, speed: Callable[[], float] = lambda: 1.0) -> None:
        self.latency_ms = latency_ms
        self._speed = speed
        self._now: dict[str, Fault] = {}
        self._lock = threading.Lock()

    def set(self, source: str, kind: FaultKind, seconds: float = 10.0) -> None:
        """Makes the source faulty, in place of the fault it had. Raises ValueError for an unknown kind."""
        if kind not in FAULT_KINDS:
            raise ValueError(f"no fault is called {kind!r}; there are {', '.join(FAULT_KINDS)}")
        with self._lock:
            self._now[source] = Fault(kind, seconds)

    def clear(self, source: str) -> None:
        """Makes the source well again."""
        with self._lock:
            self._now.pop(source, None)

    def of(self, source: str) -> Fault | None:
        """What is wrong with the source, or None."""
        with self._lock:
            return self._now.get(source)

    def usual_s(self, source: str) -> float:
        """How long this source takes to answer when nothing is wrong with it."""
        return (SLACK_MS if source == "slack" else self.latency_ms) / 1000.0 / max(self._speed(), 1.0)

    def partial(self, source: str) -> bool:
        """Whether the source gives only half an answer; how that looks is the vendor's own."""
        fault = self.of(source)
        return fault is not None and fault.kind == "partial"

    def active(self) -> Mapping[str, Fault]:
        """All faults by source."""
        with self._lock:
            return dict(self._now)


@dataclass(frozen=True)
class Faulty:
    """An ASGI app in front of `app` that has `source`'s faults; `refusals` makes the vendor's own 429 and 500."""

    app: ASGIApp
    source: str
    faults: Faults
    refusals: Mapping[FaultKind, Callable[[], Response]]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = self.faults.of(self.source)
        if fault is not None and fault.kind == "down":
            await hang_up(receive)
            return
        slow = fault.seconds if fault is not None and fault.kind == "slow" else 0.0
        await asyncio.sleep(slow + self.faults.usual_s(self.source))
        refusal = self.refusals.get(fault.kind) if fault is not None else None
        with suppress(ClientDisconnect):  # whoever asked has given up on a slow source, as they should
            await (refusal() if refusal else self.app)(scope, receive, send)


async def hang_up(receive: Receive) -> None:
    """Closes the connection without an answer.

    ASGI has no word for it, so this reaches for uvicorn's transport behind `receive`; under any other server the request is left
    without an answer until the client gives up.
    """
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
