"""What the page and tests drive the sandbox with: `/sandbox/*`, JSON, for pages of this very server only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from sandbox.workspace.api import MOST_BODY, body_of, home, json_object, refusal
from sandbox.workspace.cast import BOT, CHANNELS, EVERYBODY, PEOPLE, TEAM_NAME
from sandbox.workspace.hints import HINTS
from sandbox.workspace.refused import Refused
from sandbox.workspace.view import shown
from sandbox.workspace.workspace import Workspace

Json = dict[str, Any]
Act = Callable[[Request, Json], Awaitable[Json]]
MOST_TYPED = 12_000  # characters; Slack's own composer takes no more


class Switches(Protocol):
    """What can be turned at the simulated company."""

    def state(self) -> Json:
        """Clock, scenarios and faults as the page shows them."""
        ...

    def scenario(self, name: str, on: bool) -> None:
        """Starts or stops a scenario. Raises KeyError for one that is not there."""
        ...

    def fault(self, source: str, kind: str) -> None:
        """Makes a source faulty, or well again with "ok". Raises KeyError or ValueError for what is not there."""
        ...

    def jump(self, seconds: float) -> None:
        """Moves the simulated time forward. Raises ValueError for a jump that is not possible."""
        ...

    def speed(self, times: float) -> None:
        """Lets the time run so many times as fast as real time. Raises ValueError for a speed that is not possible."""
        ...


def routes(workspace: Workspace, switches: Switches) -> list[Route]:
    """The console's paths."""
    console = Console(workspace, switches)
    return [
        Route("/sandbox/state", console.state),
        Route("/sandbox/events", console.events),
        Route("/sandbox/say", acting(console.say), methods=["POST"]),
        Route("/sandbox/press", acting(console.press), methods=["POST"]),
        Route("/sandbox/scenarios/{name}", acting(console.scenario), methods=["POST"]),
        Route("/sandbox/faults/{source}", acting(console.fault), methods=["POST"]),
        Route("/sandbox/clock", acting(console.clock), methods=["POST"]),
    ]


class Console:
    """The endpoints."""

    def __init__(self, workspace: Workspace, switches: Switches) -> None:
        self._workspace = workspace
        self._switches = switches

    async def state(self, request: Request) -> Response:
        """Everything that a page needs to begin, as the person `user` sees it."""
        user = request.query_params.get("user", "")
        talk = self._workspace.talk
        return JSONResponse(
            {
                "team": TEAM_NAME,
                "bot": BOT.id,
                "people": [asdict(person) | {"here": person.id in PEOPLE} for person in EVERYBODY.values()],
                "channels": [asdict(channel) | {"bot": talk.has_bot(channel.id)} for channel in CHANNELS.values()],
                "messages": [shown(message, self._workspace.files) for message in talk.everything(user)],
                "hints": [{"text": text, "what": what} for text, what in HINTS],
                "company": self._switches.state(),
            }
        )

    async def events(self, request: Request) -> Response:
        """What happens from now on, as the person `user` sees it: server-sent events."""
        lines = self._workspace.feed.listen(request.query_params.get("user", ""))
        return StreamingResponse(lines, media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    async def say(self, request: Request, body: Json) -> Json:
        """Somebody presses Enter: {user, channel, text, thread_ts?}."""
        user, channel, text, thread_ts = (str(body.get(key) or "") for key in ("user", "channel", "text", "thread_ts"))
        if not text.strip():
            raise Refused("no_text")
        said = await self._workspace.say(user, channel, text.strip()[:MOST_TYPED], thread_ts, home(request))
        return {"ts": said.ts if said else ""}

    async def press(self, request: Request, body: Json) -> Json:
        """Somebody presses a button or chooses: {user, channel, ts, block_id, action_id, value?}."""
        user, channel, ts = (str(body.get(key) or "") for key in ("user", "channel", "ts"))
        reply = await self._workspace.press(user, channel, ts, body, home(request))
        if reply.fault:
            raise Refused(reply.fault)
        return {}

    async def scenario(self, request: Request, body: Json) -> Json:
        """Starts or stops a scenario: {on}."""
        self._switches.scenario(request.path_params["name"], body.get("on") is True)
        return self._turned()

    async def fault(self, request: Request, body: Json) -> Json:
        """Makes a source faulty or well: {kind}."""
        self._switches.fault(request.path_params["source"], str(body.get("kind")))
        return self._turned()

    async def clock(self, _request: Request, body: Json) -> Json:
        """Moves the time, {jump_s}, or lets it run faster or slower, {speed}."""
        turn, amount = (self._switches.speed, body["speed"]) if "speed" in body else (self._switches.jump, body.get("jump_s"))
        if not isinstance(amount, int | float):
            raise Refused("invalid_arguments")
        turn(float(amount))
        return self._turned()

    def _turned(self) -> Json:
        company = self._switches.state()
        self._workspace.feed.tell({"kind": "company", "company": company})
        return {"company": company}


def acting(act: Act) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that does something: JSON only, and never for the page of another server (which could not read the answer, but
    could act)."""

    async def endpoint(request: Request) -> Response:
        if not same_origin(request) or not request.headers.get("content-type", "").startswith("application/json"):
            return JSONResponse({"ok": False, "error": "only_from_this_page"}, 403)
        try:
            return JSONResponse({"ok": True, **await act(request, json_object(await body_of(request, MOST_BODY)))})
        except Refused as refused:
            return JSONResponse(refusal(refused))
        except (KeyError, ValueError):
            return JSONResponse({"ok": False, "error": "no_such_switch"}, 404)

    return endpoint


def same_origin(request: Request) -> bool:
    """Whether a request comes from our page, or from no page at all."""
    origin = request.headers.get("origin")
    return origin is None or origin == home(request)
