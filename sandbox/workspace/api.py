"""The workspace's side of the bot over HTTP: `/slack/api/*`, uploads and response_urls."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, request_response

from sandbox.faults import FaultKind, Faults, Faulty
from sandbox.workspace.files import LARGEST
from sandbox.workspace.methods import METHODS, SCOPES
from sandbox.workspace.methods.call import Call, TooFast
from sandbox.workspace.mishaps import failed, happening, ratelimited
from sandbox.workspace.refused import Refused
from sandbox.workspace.workspace import Workspace

Json = dict[str, Any]
Endpoint = Callable[[Request], Awaitable[Response]]
MOST_BODY = 2_000_000  # bytes of a call


REFUSALS: Mapping[FaultKind, Callable[[], Response]] = {
    "429": ratelimited,
    "500": failed,
}


def routes(workspace: Workspace, faults: Faults) -> list[Route]:
    """Everything that the bot calls; paths begin with `/slack`, and have the faults of the source "slack".

    The workspace's mishaps strike single calls, by their method; an upload is "upload", a response_url "respond".
    """

    async def method(request: Request) -> Response:
        mishap = workspace.mishaps.draw(request.path_params["method"])
        return await happening(mishap, lambda: call(workspace, request))

    async def upload(request: Request) -> Response:
        return await happening(workspace.mishaps.draw("upload"), lambda: send(workspace, request))

    async def hook(request: Request) -> Response:
        return await happening(workspace.mishaps.draw("respond"), lambda: respond(workspace, request))

    def route(path: str, endpoint: Endpoint) -> Route:
        return Route(path, Faulty(request_response(endpoint), "slack", faults, REFUSALS), methods=["POST"])

    return [
        route("/slack/api/{method}", method),
        route("/slack/upload/{key}", upload),
        route("/slack/hooks/{team}/{key}", hook),
    ]


async def call(workspace: Workspace, request: Request) -> Response:
    """One call of the Web API: 200 with `ok`, true or false, or 429."""
    try:
        args = arguments(request, await body_of(request, MOST_BODY))
        authorised(workspace, request, args)
        return JSONResponse({"ok": True, **accepted(workspace, request.path_params["method"], Call(args, home(request)))})
    except Refused as refused:
        return JSONResponse(refusal(refused))
    except TooFast as fast:
        return ratelimited(str(fast.wait_s))


def accepted(workspace: Workspace, name: str, asked: Call) -> Json:
    """The answer to a call that was accepted, which the ledger then knows of. Raises Refused."""
    needed = SCOPES.get(name, "")
    if needed and needed not in workspace.scopes:
        raise Refused("missing_scope", needed=needed, provided=",".join(sorted(workspace.scopes)))
    answer = METHODS.get(name, unknown)(workspace, asked)
    workspace.accepted.note(name, asked.args, answer, asked.parsed("metadata"))
    return answer


async def send(workspace: Workspace, request: Request) -> Response:
    """The bytes of one upload."""
    content = await body_of(request, LARGEST)
    sent = workspace.files.send(request.path_params["key"], content)
    return PlainTextResponse(f"OK - {len(content)}") if sent else PlainTextResponse("not found", 404)


def unknown(_workspace: Workspace, _call: Call) -> Json:
    raise Refused("unknown_method")


async def respond(workspace: Workspace, request: Request) -> Response:
    """One post to a response_url."""
    body = json_object(await body_of(request, MOST_BODY))
    hook = workspace.hooks.use(request.path_params["key"])
    if isinstance(hook, str):
        return JSONResponse({"ok": False, "error": hook}, 404)
    try:
        workspace.respond(hook, body)
    except Refused as refused:
        return JSONResponse(refusal(refused), 400)
    return PlainTextResponse("ok")


def arguments(request: Request, body: bytes) -> Mapping[str, Any]:
    """A call's arguments, from the query, and from a body of either form that Slack takes."""
    args: Json = dict(request.query_params)
    if request.headers.get("content-type", "").startswith("application/json"):
        return args | json_object(body)
    return args | dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def authorised(workspace: Workspace, request: Request, args: Mapping[str, Any]) -> None:
    """Raises Refused without the bot's token."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    token = token if kind.lower() == "bearer" else str(args.get("token") or "")
    if not token:
        raise Refused("not_authed")
    if token != workspace.token:
        raise Refused("invalid_auth")


def refusal(refused: Refused) -> Json:
    body: Json = {"ok": False, "error": refused.error, **refused.more}
    if refused.messages:
        body["errors"] = list(refused.messages)
        body["response_metadata"] = {"messages": [f"[ERROR] {message}" for message in refused.messages]}
    return body


def json_object(body: bytes) -> Json:
    """The object in the body; an empty one where there is none."""
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def home(request: Request) -> str:
    """The URL of this server, as the caller knows it."""
    return str(request.base_url).rstrip("/")


async def body_of(request: Request, most: int) -> bytes:
    """The request's body; a larger one is answered with 413."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise HTTPException(413)
    return body
