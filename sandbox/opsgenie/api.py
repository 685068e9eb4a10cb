"""Opsgenie's alert API: create, acknowledge, close, the alert itself, and what became of a request."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, request_response
from starlette.types import ASGIApp

from sandbox.faults import FaultKind, Faults, Faulty
from sandbox.opsgenie.alerts import Action, Alert, Alerts, Outcome
from sandbox.unheard import Unheard
from sandbox.world import World

API_KEY = "5a4db0c5-0000-4000-8000-0095a9e41e00"
SOURCE = "opsgenie"
KINDS = ("id", "tiny", "alias")
PRIORITIES = ("P1", "P2", "P3", "P4", "P5")
TEXTS = {"message": 130, "alias": 512, "description": 15_000, "source": 100, "user": 100, "note": 25_000, "entity": 512}
TAGS, TAG = 20, 50
Answer = Callable[[Request], Awaitable[Response]]


def routes(world: World, faults: Faults, alerts: Alerts | None = None) -> list[Route]:
    """Opsgenie's paths, to be mounted under any prefix.

    `alerts` are those that requests change; without any, nobody but this API sees its own.
    """
    kept = alerts or Alerts(world.clock.now)
    refusals: Mapping[FaultKind, Callable[[], Response]] = {"429": _throttled, "500": lambda: _said("Internal error", 500)}

    def route(path: str, method: str, answer: Answer) -> Route:
        async def endpoint(request: Request) -> Response:
            if request.headers.get("authorization") != f"GenieKey {API_KEY}":
                return _said("Could not authenticate", 401)
            return await answer(request)

        own: Answer = endpoint
        app: ASGIApp = request_response(own)
        taken = Unheard(app, SOURCE, faults) if method == "POST" else app  # half an answer: done, and nobody hears of it
        return Route(path, Faulty(taken, SOURCE, faults, refusals), methods=[method])

    async def create(request: Request) -> Response:
        return await _accept(kept, "create", request)

    async def acknowledge(request: Request) -> Response:
        return await _accept(kept, "acknowledge", request)

    async def close(request: Request) -> Response:
        return await _accept(kept, "close", request)

    async def status(request: Request) -> Response:
        found = kept.outcome(request.path_params["id"])
        return _data(_outcome(found)) if found else _said("No such request, or it has not been processed yet", 404)

    async def alert(request: Request) -> Response:
        kind = request.query_params.get("identifierType", "id")
        found = kept.find(request.path_params["name"], kind) if kind in KINDS else None
        return _data(_alert(found)) if found else _said("No such alert", 404)

    return [
        route("/v2/alerts", "POST", create),
        route("/v2/alerts/requests/{id}", "GET", status),
        route("/v2/alerts/{name}", "GET", alert),
        route("/v2/alerts/{name}/acknowledge", "POST", acknowledge),
        route("/v2/alerts/{name}/close", "POST", close),
    ]


async def _accept(alerts: Alerts, action: Action, request: Request) -> Response:
    """Accepts a good request. Without identifierType a path's name is taken for an ID, which no alias is."""
    try:
        body = orjson.loads(await request.body() or b"{}")
    except orjson.JSONDecodeError:
        return _said("The body is not JSON", 400)
    wrong = dict(_wrong(body, action)) if isinstance(body, dict) else {"body": "is not an object"}
    kind = request.query_params.get("identifierType", "id") if action != "create" else "alias"
    if wrong or kind not in KINDS:
        return _said("The request cannot be processed", 422, errors=wrong or {"identifierType": "is none of id, tiny, alias"})
    name = request.path_params["name"] if action != "create" else body.get("alias", "")
    return _answer({"result": "Request will be processed"}, 202, alerts.accept(action, name, body, kind))


def _wrong(body: Mapping[str, Any], action: Action) -> Iterator[tuple[str, str]]:
    for name, most in TEXTS.items():
        if name in body and not (isinstance(body[name], str) and len(body[name]) <= most):
            yield name, f"is not a text of at most {most} characters"
    if action != "create":
        return
    if not str(body.get("message") or "").strip():
        yield "message", "may not be empty"
    if body.get("priority", "P3") not in PRIORITIES:
        yield "priority", "is none of P1 to P5"
    tags = body.get("tags", [])
    if not isinstance(tags, list) or len(tags) > TAGS or not all(isinstance(tag, str) and len(tag) <= TAG for tag in tags):
        yield "tags", f"are not at most {TAGS} texts of at most {TAG} characters"
    details = body.get("details", {})
    if not isinstance(details, dict) or not all(isinstance(value, str) for value in details.values()):
        yield "details", "is not a map of texts"


def _outcome(found: Outcome) -> Any:
    return {
        "success": found.success,
        "isSuccess": found.success,
        "action": found.action.capitalize(),
        "status": found.status,
        "processedAt": f"{found.at:%Y-%m-%dT%H:%M:%S.000Z}",
        "integrationId": "5a4db0c5-1111-4000-8000-0095a9e41e00",
        "alertId": found.alert.id if found.alert else "",
        "alias": found.alert.alias if found.alert else "",
    }


def _alert(found: Alert) -> Any:
    return {
        "id": found.id,
        "tinyId": found.tiny,
        "alias": found.alias,
        "message": found.message,
        "status": found.state,
        "acknowledged": found.acknowledged,
        "count": found.count,
        "priority": found.priority,
        "tags": found.body.get("tags", []),
        "details": found.body.get("details", {}),
        "createdAt": f"{found.created:%Y-%m-%dT%H:%M:%S.000Z}",
    }


def _data(data: Any) -> Response:
    return _answer({"data": data})


def _said(message: str, status: int, **more: Any) -> Response:
    return _answer({"message": message, **more}, status)


def _throttled() -> Response:
    headers = {"X-RateLimit-State": "THROTTLED", "X-RateLimit-Reason": "ACCOUNT", "X-RateLimit-Period-In-Sec": "60"}
    return _answer({"message": "Too many requests"}, 429, headers=headers)


def _answer(
    content: Mapping[str, Any], status: int = 200, request: str = "", headers: Mapping[str, str] | None = None
) -> Response:
    body = {**content, "took": 0.01, "requestId": request or str(uuid.uuid4())}
    return Response(orjson.dumps(body), status, headers, media_type="application/json")
