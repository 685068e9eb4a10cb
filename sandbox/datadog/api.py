"""Datadog's API as far as paybot needs it: metric queries over time and as numbers, event search, and the check of a key."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, request_response

from sandbox.datadog.answers import numbers, timeseries
from sandbox.datadog.events import page
from sandbox.datadog.query import QueryError
from sandbox.faults import FaultKind, Faults, Faulty
from sandbox.world import World

API_KEY = "sandbox0datadog0api0key000000000"
APP_KEY = "sandbox0datadog0application0key0000000000"

_SOURCE = "datadog"
_JSON = "application/json"
_LIMIT, _PERIOD_S = 3600, 60
Body = Mapping[str, Any]
Answered = Callable[[World, Body, Faults], Response]


def routes(
    world: World,
    faults: Faults,
    *,
    api_key: str = API_KEY,
    app_key: str = APP_KEY,
    real: Callable[[], float] = time.time,
    limit: int = _LIMIT,
) -> list[Route]:
    """Datadog's paths, to be mounted under any prefix.

    The keys are those that requests must carry; `real` gives the epoch seconds by which requests are limited, which are real
    ones, as whoever is refused waits in real time. `limit` requests a minute are taken of each kind.
    """
    query, search, validation = (Budget(real, limit, name) for name in ("query", "events_search", "validate"))

    def route(path: str, method: str, answer: Answered, budget: Budget, *, application: bool) -> Route:
        async def endpoint(request: Request) -> Response:
            response = _denied(request, api_key, app_key if application else None) or budget.spent()
            if response is None:
                response = await run_in_threadpool(_answer, answer, world, await request.body(), faults)
            response.headers.update(budget.headers())
            return response

        refusals: Mapping[FaultKind, Callable[[], Response]] = {"429": budget.exceeded, "500": _broken}
        return Route(path, Faulty(request_response(endpoint), _SOURCE, faults, refusals), methods=[method])

    return [
        route("/api/v1/validate", "GET", _validate, validation, application=False),
        route("/api/v2/query/timeseries", "POST", _timeseries, query, application=True),
        route("/api/v2/query/scalar", "POST", _scalar, query, application=True),
        route("/api/v2/events/search", "POST", _events, search, application=True),
    ]


class Budget:
    """Requests of one kind in the running calendar minute, told in the headers of every answer."""

    def __init__(self, real: Callable[[], float], limit: int, name: str) -> None:
        self._real = real
        self._limit = limit
        self._name = name
        self._period = 0
        self._used = 0

    def spent(self) -> Response | None:
        """Counts a request; the refusal when there were too many."""
        period = int(self._real()) // _PERIOD_S
        self._used = 1 if period != self._period else self._used + 1
        self._period = period
        return self.exceeded() if self._used > self._limit else None

    def exceeded(self) -> Response:
        said = f"Rate limit of {self._limit} requests in {_PERIOD_S} seconds reached. Please try again later."
        return _errors(429, said, self.headers(left=0))

    def headers(self, left: int | None = None) -> dict[str, str]:
        reset = _PERIOD_S - int(self._real()) % _PERIOD_S
        return {
            "x-ratelimit-limit": str(self._limit),
            "x-ratelimit-period": str(_PERIOD_S),
            "x-ratelimit-remaining": str(max(0, self._limit - self._used) if left is None else left),
            "x-ratelimit-reset": str(reset),
            "x-ratelimit-name": self._name,
        }


def _denied(request: Request, api_key: str, app_key: str | None) -> Response | None:
    given = request.headers.get("dd-api-key")
    if not given:
        return _errors(403, "API key required")
    if given != api_key or (app_key is not None and request.headers.get("dd-application-key") != app_key):
        return _errors(403, "Forbidden")
    return None


def _answer(answer: Answered, world: World, raw: bytes, faults: Faults) -> Response:
    try:
        body = orjson.loads(raw) if raw else {}
        if not isinstance(body, dict):
            return _errors(400, "API input validation failed: Invalid type. Expected an object.")
        return answer(world, body, faults)
    except orjson.JSONDecodeError:
        return _errors(400, "API input validation failed: the body is not valid JSON.")
    except QueryError as refused:
        return _errors(400, str(refused))


def _errors(status: int, said: str, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps({"errors": [said]}), status, headers, media_type=_JSON)


def _broken() -> Response:
    return _errors(500, "Internal server error")


def _validate(world: World, body: Body, faults: Faults) -> Response:
    return Response(orjson.dumps({"valid": True}), media_type=_JSON)


def _events(world: World, body: Body, faults: Faults) -> Response:
    return Response(orjson.dumps(page(world, body)), media_type=_JSON)


def _timeseries(world: World, body: Body, faults: Faults) -> Response:
    data = timeseries(world, body, holey=faults.partial(_SOURCE))
    return Response(orjson.dumps({"data": data}), media_type="application/vnd.api+json")


def _scalar(world: World, body: Body, faults: Faults) -> Response:
    return Response(orjson.dumps({"data": numbers(world, body, holey=faults.partial(_SOURCE))}), media_type=_JSON)
