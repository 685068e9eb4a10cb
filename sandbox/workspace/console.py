"""What the page and tests drive the sandbox with: `/sandbox/*`, JSON, for pages of this very server only."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from sandbox.workspace.api import MOST_BODY, body_of, home, json_object, refusal
from sandbox.workspace.cast import BOT, CHANNELS, EVERYBODY, PEOPLE, TEAM_NAME, Person
from sandbox.workspace.drills import Drills
from sandbox.workspace.hints import HINTS
from sandbox.workspace.refused import Refused
from sandbox.workspace.view import home as home_view
from sandbox.workspace.view import shown
from sandbox.workspace.workspace import Workspace, sees

Json = dict[str, Any]
Act = Callable[[Request, Json], Awaitable[Json]]
Pages = Callable[[], list[Json]]
Handle = Callable[[str, str, str, Person], None]
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

    def standup(self) -> str:
        """Has today's stand-up digest posted; what came of it, in words. It may take seconds."""
        ...

    def night(self, on: bool) -> None:
        """Runs the night before the next stand-up, or ends the one that is on."""
        ...

    def bot(self, number: int, on: bool) -> None:
        """Starts or stops a replica of the bot. It may take seconds. Raises KeyError for one that is not there."""
        ...


def nobody() -> list[Json]:
    """The pages of a company that has no pagers."""
    return []


def unhandled(_service: str, id_: str, _action: str, _by: Person) -> None:
    """Nothing can be done about the pages of a company that has no pagers."""
    raise KeyError(id_)


def routes(workspace: Workspace, switches: Switches, pages: Pages = nobody, handle: Handle = unhandled) -> list[Route]:
    """The console's paths.

    `pages` lists who was paged, the newest first: `{service, id, who, what, when, status, url}`, `when` in epoch seconds,
    `status` "triggered" or "open", "acknowledged", "resolved" or "closed". `handle(service, id, action, person)` has a person
    "acknowledge" or "resolve" one of them; it raises KeyError for what is not there.
    """
    console, drills = Console(workspace, switches, pages, handle), Drills(workspace)
    return [
        Route("/sandbox/state", console.state),
        Route("/sandbox/events", console.events),
        Route("/sandbox/say", acting(console.say), methods=["POST"]),
        Route("/sandbox/press", acting(console.press), methods=["POST"]),
        Route("/sandbox/shortcut", acting(console.shortcut), methods=["POST"]),
        Route("/sandbox/home", acting(console.open_home), methods=["POST"]),
        Route("/sandbox/home/press", acting(console.press_in_home), methods=["POST"]),
        Route("/sandbox/submit", acting(console.submit), methods=["POST"]),
        Route("/sandbox/close", acting(console.close), methods=["POST"]),
        Route("/sandbox/erase", acting(console.erase), methods=["POST"]),
        Route("/sandbox/pages", console.pages),
        Route("/sandbox/pages/{service}/{id}", acting(console.handle), methods=["POST"]),
        Route("/sandbox/ledger", drills.ledger),
        Route("/sandbox/slack", drills.state),
        Route("/sandbox/slack", acting(drills.drill), methods=["POST"]),
        Route("/sandbox/scenarios/{name}", acting(console.scenario), methods=["POST"]),
        Route("/sandbox/faults/{source}", acting(console.fault), methods=["POST"]),
        Route("/sandbox/clock", acting(console.clock), methods=["POST"]),
        Route("/sandbox/standup", acting(console.standup), methods=["POST"]),
        Route("/sandbox/night", acting(console.night), methods=["POST"]),
        Route("/sandbox/bots/{number:int}", acting(console.bot), methods=["POST"]),
    ]


class Console:
    """The endpoints."""

    def __init__(self, workspace: Workspace, switches: Switches, pages: Pages, handle: Handle) -> None:
        self._workspace = workspace
        self._switches = switches
        self._pages = pages
        self._handle = handle

    async def state(self, request: Request) -> Response:
        """Everything that a page needs to begin, as the person `user` sees it."""
        user = request.query_params.get("user", "")
        talk = self._workspace.talk
        channels = [channel for channel in CHANNELS.values() if sees(user, channel.id)]
        return JSONResponse(
            {
                "team": TEAM_NAME,
                "bot": BOT.id,
                "people": [asdict(person) | {"here": person.id in PEOPLE} for person in EVERYBODY.values()],
                "channels": [asdict(channel) | {"bot": talk.has_bot(channel.id)} for channel in channels],
                "messages": [shown(message, self._workspace.files) for message in talk.everything(user)],
                "home": home_view(self._workspace.homes.of(user), self._workspace.files),
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

    async def shortcut(self, request: Request, body: Json) -> Json:
        """Somebody uses the shortcut in a message's menu: {user, channel, ts}."""
        user, channel, ts = (str(body.get(key) or "") for key in ("user", "channel", "ts"))
        reply = await self._workspace.shortcut(user, channel, ts, home(request))
        if reply.fault:
            raise Refused(reply.fault)
        return {}

    async def open_home(self, _request: Request, body: Json) -> Json:
        """Somebody opens the bot's Home: {user}."""
        self._workspace.open_home(str(body.get("user")))
        return {}

    async def press_in_home(self, _request: Request, body: Json) -> Json:
        """Somebody presses or chooses in the bot's Home: {user, block_id, action_id, value?}."""
        reply = await self._workspace.press_in_home(str(body.get("user")), body)
        if reply.fault:
            raise Refused(reply.fault)
        return {}

    async def submit(self, _request: Request, body: Json) -> Json:
        """Somebody submits a modal: {user, view, values: {block_id: text, or the value (or values) chosen}}. Gives {errors}."""
        typed = body.get("values")
        user, view = str(body.get("user")), str(body.get("view"))
        return {"errors": await self._workspace.submit(user, view, typed if isinstance(typed, dict) else {})}

    async def close(self, _request: Request, body: Json) -> Json:
        """Somebody closes a modal: {user, view}."""
        self._workspace.close_view(str(body.get("user")), str(body.get("view")))
        return {}

    async def erase(self, _request: Request, body: Json) -> Json:
        """Somebody deletes a message, the bot's too: {user, channel, ts}."""
        self._workspace.erase(*(str(body.get(key)) for key in ("user", "channel", "ts")))
        return {}

    async def pages(self, _request: Request) -> Response:
        """Who was paged: {pages}."""
        return JSONResponse({"pages": self._pages()})

    async def handle(self, request: Request, body: Json) -> Json:
        """Somebody does something about a page: {user, action}, "acknowledge" or "resolve"."""
        person, action = PEOPLE.get(str(body.get("user"))), str(body.get("action"))
        if person is None or action not in ("acknowledge", "resolve"):
            raise Refused("invalid_arguments")
        self._handle(request.path_params["service"], request.path_params["id"], action, person)
        return {"pages": self._pages()}

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

    async def standup(self, _request: Request, _body: Json) -> Json:
        """Has today's stand-up digest posted. Gives {said}."""
        return {"said": await asyncio.to_thread(self._switches.standup)}

    async def night(self, _request: Request, body: Json) -> Json:
        """Runs the night before the next stand-up, or ends the one that is on: {on}."""
        self._switches.night(body.get("on") is True)
        return self._turned()

    async def bot(self, request: Request, body: Json) -> Json:
        """Starts or stops a replica of the bot: {on}."""
        await asyncio.to_thread(self._switches.bot, request.path_params["number"], body.get("on") is True)
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
        except (KeyError, TypeError, ValueError):
            return JSONResponse({"ok": False, "error": "no_such_switch"}, 404)

    return endpoint


def same_origin(request: Request) -> bool:
    """Whether a request comes from our page, or from no page at all."""
    origin = request.headers.get("origin")
    return origin is None or origin == home(request)
