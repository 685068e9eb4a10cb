"""PagerDuty's APIs as far as paybot needs them: who is on call, events and incidents, and an incident's page."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, request_response

from sandbox.faults import FaultKind, Faults, Faulty
from sandbox.pagerduty.events import BODY, Budget, wrong_in
from sandbox.pagerduty.incidents import Incidents, stamp
from sandbox.pagerduty.rotation import Turn, turns
from sandbox.unheard import Unheard
from sandbox.world import World

API_KEY = "sandboxPagerDutyKey0"
ROUTING_KEY = "sandbox0pagerduty0routing0key000"
SOURCE = "pagerduty"
SERVICES = {"PCHK001": ("Payments Checkout", "EPPAY01"), "PCHK002": ("Payments Checkout Staging", "EPSTG01")}
Refusals = Mapping[FaultKind, Callable[[], Response]]


def routes(
    world: World, faults: Faults, incidents: Incidents | None = None, *, real: Callable[[], float] = time.monotonic
) -> list[Route]:
    """The paths of both of PagerDuty's APIs, to be mounted under any prefix.

    `incidents` are those that events open; without any, nobody but this API sees its own. `real` gives the seconds by which calls
    are limited.
    """
    kept = incidents or Incidents(world.clock.now)
    rest: Refusals = {"429": _throttled, "500": _broken}

    def asked(path: str, answer: Callable[[Request], Any]) -> Route:
        async def endpoint(request: Request) -> Response:
            if request.headers.get("authorization") != f"Token token={API_KEY}":
                return _error(401, "Unauthorized", 2006)
            found = answer(request)
            return _error(404, "Not Found", 2100) if found is None else _json(found)

        own: Callable[[Request], Awaitable[Response]] = endpoint
        return Route(path, Faulty(request_response(own), SOURCE, faults, rest), methods=["GET"])

    return [
        asked("/services", _services),
        asked("/oncalls", lambda request: _on_call(world, request)),
        asked("/incidents", lambda request: _incidents(kept, request)),
        asked("/incidents/{id}/alerts", lambda request: _alerts(kept, request)),
        _enqueue(kept, faults, Budget(real)),
        Route("/shown/{id}", partial(_shown, kept), methods=["GET"]),
    ]


def _enqueue(incidents: Incidents, faults: Faults, budget: Budget) -> Route:
    """The Events API. Half an answer is an event that was taken and whose sender does not hear of it."""

    async def endpoint(request: Request) -> Response:
        raw = await request.body()
        if not budget.spend():
            return _too_fast()
        if len(raw) > BODY:
            return _unfit(413, ["the event is larger than 512 KB"])
        try:
            event = orjson.loads(raw)
        except orjson.JSONDecodeError:
            return _unfit(400, ["the event is not JSON"])
        wrong = wrong_in(event, ROUTING_KEY)
        if wrong:
            return _unfit(400, wrong)
        return _json({"status": "success", "message": "Event processed", "dedup_key": incidents.take(event)}, 202)

    own: Callable[[Request], Awaitable[Response]] = endpoint
    refusals: Refusals = {"429": _too_fast, "500": lambda: _json({"status": "error", "message": "Internal error"}, 500)}
    return Route(
        "/v2/enqueue", Faulty(Unheard(request_response(own), SOURCE, faults), SOURCE, faults, refusals), methods=["POST"]
    )


def _too_fast() -> Response:
    return _json({"status": "throttle exceeded", "message": "Too many calls: send this event again later."}, 429)


def _unfit(status: int, wrong: list[str]) -> Response:
    return _json({"status": "invalid event", "message": "Event object is invalid", "errors": wrong}, status)


def _incidents(incidents: Incidents, request: Request) -> Any:
    key, states = request.query_params.get("incident_key"), request.query_params.getlist("statuses[]")
    wanted = [each for each in incidents.all() if key in (None, each.key) and (not states or each.state in states)]
    if "desc" in request.query_params.get("sort_by", ""):
        wanted.reverse()
    return _page("incidents", [incidents.shown(each) for each in wanted][: int(request.query_params.get("limit", 25))])


def _alerts(incidents: Incidents, request: Request) -> Any:
    try:
        incident = incidents.get(request.path_params["id"])
    except KeyError:
        return None
    status = "resolved" if incident.state == "resolved" else "triggered"
    return _page("alerts", [{"id": f"{incident.id}A", "type": "alert", "status": status, "alert_key": incident.key}])


async def _shown(incidents: Incidents, request: Request) -> Response:
    """The page that an incident's link leads to: its timeline, in words."""
    try:
        incident = incidents.get(request.path_params["id"])
    except KeyError:
        return PlainTextResponse("There is no such incident.", 404)
    lines = [f"{stamp(entry.at)}  {entry.what}{f' by {entry.who}' if entry.who else ''}" for entry in incident.timeline]
    head = (f"PagerDuty, simulated. Incident #{incident.number}: {incident.title}", f"Paged: {incident.paged.name}", "")
    return PlainTextResponse("\n".join((*head, *lines)))


def _services(request: Request) -> Any:
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
    policies = request.query_params.getlist("escalation_policy_ids[]")
    known = {policy for _, policy in SERVICES.values()}
    return _page("oncalls", [_entry(each) for each in turns(world.clock.now())] if not policies or known & set(policies) else [])


def _entry(turn: Turn) -> Mapping[str, Any]:
    return {
        "escalation_policy": _reference("escalation_policy", "EPPAY01"),
        "escalation_level": turn.level,
        "schedule": {**_reference("schedule", "PSCHED1"), "summary": turn.schedule} if turn.schedule else None,
        "user": {**_reference("user", turn.person.id), "summary": turn.person.name, "name": turn.person.name},
        "start": _stamp(turn.start),
        "end": _stamp(turn.end),
    }


def _reference(kind: str, own: str) -> dict[str, str]:
    return {"id": own, "type": f"{kind}_reference", "summary": own}


def _stamp(at: datetime | None) -> str | None:
    return stamp(at) if at else None


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
