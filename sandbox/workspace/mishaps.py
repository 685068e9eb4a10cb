"""Mishaps of single calls to Slack: refused before, or done and then not told. For drills and crash tests, seeded."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from sandbox.faults import hang_up

Kind = Literal["drop_after", "fail_after", "error_after", "slow_after", "slow", "429", "500", "error", "down"]
KINDS: tuple[Kind, ...] = get_args(Kind)
ANY = "*"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Mishap:
    """What can happen to a call of `method` (ANY: of every one), with this probability.

    Done first: "drop_after" closes the connection without an answer, "fail_after" answers HTTP 500, "error_after" answers 200
    with `ok` false and the word `error`, "slow_after" lets `seconds` pass before the answer. Not done: "429" with `retry_after`
    as its Retry-After (any text; "" leaves the header out), "500", "error", and "down", which only closes the connection. "slow"
    lets `seconds` pass and then does it. `times` is how often it still happens; None: without end.
    """

    method: str
    kind: Kind
    probability: float = 1.0
    retry_after: str = "2"
    error: str = "internal_error"
    seconds: float = 10.0
    times: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no mishap is called {self.kind!r}; there are {', '.join(KINDS)}")
        if not 0.0 <= self.probability <= 1.0:
            raise ValueError("a probability is a number from 0 to 1")


class Mishaps:
    """The mishaps that are set, and how many there were. Calls draw in the event loop's thread; any thread may set them.

    One number of a generator that is seeded decides about each call, so that equal calls have equal fates. `seconds` is a
    monotonic clock, by which `early` counts the calls of a method that came before its last 429 let them.
    """

    def __init__(self, seconds: Callable[[], float] = time.monotonic, seed: int = 0) -> None:
        self._seconds = seconds
        self._set: dict[tuple[str, Kind], Mishap] = {}
        self._until: dict[str, float] = {}
        self.seed(seed)

    def seed(self, seed: int) -> None:
        """Begins anew: the fates are those of `seed`, and nothing has happened yet."""
        self._seed = seed
        self._random = random.Random(seed)
        self.happened: Counter[tuple[str, Kind]] = Counter()
        self.early = 0

    def set(self, mishap: Mishap) -> None:
        """Lets it happen from now on, in place of one of its method and kind; a probability of 0 takes that one away."""
        self._set.pop((mishap.method, mishap.kind), None)
        if mishap.probability and mishap.times != 0:
            self._set[mishap.method, mishap.kind] = mishap

    def clear(self) -> None:
        """No call has a mishap any more."""
        self._set.clear()

    def draw(self, method: str) -> Mishap | None:
        """What happens to this call of `method`."""
        self._heed(method)
        likely = [each for each in tuple(self._set.values()) if each.method in (method, ANY)]
        if not likely:
            return None
        luck = self._random.random()
        for each in likely:
            if luck < each.probability:
                return self._happens(method, each)
            luck -= each.probability
        return None

    def told(self) -> Json:
        """What is set, and what has happened."""
        return {
            "seed": self._seed,
            "set": [asdict(each) for each in self._set.values()],
            "happened": [{"method": method, "kind": kind, "count": count} for (method, kind), count in self.happened.items()],
            "early": self.early,
        }

    def _happens(self, method: str, mishap: Mishap) -> Mishap:
        self.happened[method, mishap.kind] += 1
        if mishap.times is not None:
            self.set(replace(mishap, times=mishap.times - 1))
        if mishap.kind == "429" and mishap.retry_after.isdecimal():
            self._until[method] = self._seconds() + int(mishap.retry_after)
        return mishap

    def _heed(self, method: str) -> None:
        if self._seconds() < self._until.get(method, 0.0):
            self.early += 1


class HungUp(Response):
    """No answer: the connection is closed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await hang_up(receive)


def ratelimited(retry_after: str = "2") -> Response:
    """Slack's own 429."""
    return JSONResponse({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": retry_after} if retry_after else None)


def failed() -> Response:
    """Slack's own 500."""
    return JSONResponse({"ok": False, "error": "internal_error"}, 500)


async def happening(mishap: Mishap | None, answer: Callable[[], Awaitable[Response]]) -> Response:
    """The answer to a call, as the mishap leaves it."""
    if mishap is None:
        return await answer()
    if mishap.kind in BEFORE:
        return BEFORE[mishap.kind](mishap)
    if mishap.kind == "slow":
        await asyncio.sleep(mishap.seconds)
    done = await answer()
    if mishap.kind == "slow_after":
        await asyncio.sleep(mishap.seconds)
    return AFTER[mishap.kind](mishap) if mishap.kind in AFTER else done


def _worded(mishap: Mishap) -> Response:
    return JSONResponse({"ok": False, "error": mishap.error})


BEFORE: dict[Kind, Callable[[Mishap], Response]] = {
    "429": lambda mishap: ratelimited(mishap.retry_after),
    "500": lambda _: failed(),
    "error": _worded,
    "down": lambda _: HungUp(),
}
AFTER: dict[Kind, Callable[[Mishap], Response]] = {
    "drop_after": lambda _: HungUp(),
    "fail_after": lambda _: failed(),
    "error_after": _worded,
}
