"""Drills of Slack itself, driven from outside: mishaps of its calls, its pace, its scopes, and the ledger of what it accepted."""

from __future__ import annotations

from typing import Any, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.workspace.mishaps import Kind, Mishap
from sandbox.workspace.refused import Refused
from sandbox.workspace.workspace import Workspace

Json = dict[str, Any]


class Drills:
    """The console's endpoints for them."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def ledger(self, request: Request) -> Response:
        """What Slack has accepted so far: {entries, last}, those after the number `after`."""
        after = request.query_params.get("after", "0")
        return JSONResponse(self._workspace.accepted.told(int(after) if after.isdecimal() else 0))

    async def state(self, _request: Request) -> Response:
        """The mishaps that are set and those that happened, the pace (posts a second and channel, 0: any), and the scopes."""
        return JSONResponse(self._told())

    async def drill(self, _request: Request, body: Json) -> Json:
        """Sets them: {seed?, clear?, set?: [a Mishap's fields; method and kind at least], pace?, scopes?}."""
        mishaps, scopes = [mishap_of(each) for each in listed(body.get("set", []))], listed(body.get("scopes", []))
        if "pace" in body:
            self._workspace.pace.per_second = max(float(body["pace"]), 0.0)
        if "seed" in body:
            self._workspace.mishaps.seed(int(body["seed"]))
        if body.get("clear") is True:
            self._workspace.mishaps.clear()
        for mishap in mishaps:
            self._workspace.mishaps.set(mishap)
        if "scopes" in body:
            self._workspace.scopes = set(map(str, scopes))
        return self._told()

    def _told(self) -> Json:
        scopes = sorted(self._workspace.scopes)
        return {**self._workspace.mishaps.told(), "pace": self._workspace.pace.per_second, "scopes": scopes}


def mishap_of(told: Any) -> Mishap:
    """A mishap as JSON tells it. Raises Refused or ValueError."""
    if not isinstance(told, dict) or not told.get("method"):
        raise Refused("invalid_arguments")
    times = told.get("times")
    return Mishap(
        method=str(told["method"]),
        kind=cast("Kind", str(told.get("kind"))),
        probability=float(told.get("probability", 1.0)),
        retry_after=str(told.get("retry_after", "2")),
        error=str(told.get("error", "internal_error")),
        seconds=float(told.get("seconds", 10.0)),
        times=None if times is None else int(times),
    )


def listed(told: Any) -> list[Any]:
    """A list. Raises Refused for anything else."""
    if not isinstance(told, list):
        raise Refused("invalid_arguments")
    return told
