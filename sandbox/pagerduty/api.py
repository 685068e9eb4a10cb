"""Services and who is on call for them: the company's engineers, in weeks that change on Monday morning."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, request_response

from sandbox.faults import FaultKind, Faults, Faulty
from sandbox.workspace.cast import DANA, MEI, SAM
from sandbox.world import World

API_KEY = "sandboxPagerDutyKey0"
SOURCE = "pagerduty"
SERVICES = {"PCHK001": ("Payments Checkout", "EPPAY01"), "PCHK002": ("Payments Checkout Staging", "EPSTG01")}
ROTATION = (DANA, MEI)
CHANGE = timedelta(hours=8)  # on Mondays, UTC
WEEK = timedelta(days=7)
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


def routes(world: World, faults: Faults) -> list[Route]:
    """PagerDuty's paths, to be mounted under any prefix."""
    refusals: Mapping[FaultKind, Callable[[], Response]] = {"429": _throttled, "500": _broken}

    def route(path: str, answer: Callable[[World, Request], Any]) -> Route:
        async def endpoint(request: Request) -> Response:
            if request.headers.get("authorization") != f"Token token={API_KEY}":
                return _error(401, "Unauthorized", 2006)
            return _json(answer(world, request))

        own: Callable[[Request], Awaitable[Response]] = endpoint
        return Route(path, Faulty(request_response(own), SOURCE, faults, refusals), methods=["GET"])

    return [route("/services", _services), route("/oncalls", _on_call)]


def _services(world: World, request: Request) -> Any:
    words = request.query_params.get("query", "").lower()
    listed = [
        {
            "id": own,
            "type": "service",
            "name": name,
            "summary": name,
            "escalation_policy": _reference("escalation_policy", policy),
        }
        for own, (name, policy) in SERVICES.items()
        if words in name.lower()
    ]
    return _page("services", listed)


def _on_call(world: World, request: Request) -> Any:
    now = world.clock.now()
    weeks = (now - MONDAY - CHANGE) // WEEK
    start = MONDAY + CHANGE + weeks * WEEK
    first, second = ROTATION[weeks % 2], ROTATION[(weeks + 1) % 2]
    listed = [
        _entry(1, first, "Payments primary", start, start + WEEK),
        _entry(2, second, "Payments secondary", start, start + WEEK),
        _entry(3, SAM, "", None, None),  # whoever is named without a schedule is on call for ever
    ]
    policies = request.query_params.getlist("escalation_policy_ids[]")
    known = {policy for _, policy in SERVICES.values()}
    return _page("oncalls", listed if not policies or known & set(policies) else [])


def _entry(level: int, person: Any, schedule: str, start: datetime | None, end: datetime | None) -> Mapping[str, Any]:
    return {
        "escalation_policy": _reference("escalation_policy", "EPPAY01"),
        "escalation_level": level,
        "schedule": {**_reference("schedule", "PSCHED1"), "summary": schedule} if schedule else None,
        "user": {**_reference("user", person.id), "summary": person.name, "name": person.name},
        "start": _stamp(start),
        "end": _stamp(end),
    }


def _reference(kind: str, own: str) -> dict[str, str]:
    return {"id": own, "type": f"{kind}_reference", "summary": own}


def _stamp(time: datetime | None) -> str | None:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}" if time else None


def _page(name: str, listed: list[Any]) -> Any:
    return {name: listed, "limit": 100, "offset": 0, "total": None, "more": False}


def _json(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, headers, media_type="application/json")


def _error(status: int, said: str, code: int, headers: Mapping[str, str] | None = None) -> Response:
    return _json({"error": {"message": said, "code": code}}, status, headers)


def _throttled() -> Response:
    return _error(429, "Rate Limit Exceeded", 2020, {"ratelimit-reset": "30"})


def _broken() -> Response:
    return _error(500, "Internal Server Error", 2000)
