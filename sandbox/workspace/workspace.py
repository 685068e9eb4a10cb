"""The workspace: what people do in it, and what the bot hears of that."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from sandbox.workspace import blocks, mrkdwn
from sandbox.workspace.accepted import Accepted
from sandbox.workspace.cast import (
    BOT,
    CHANNELS,
    EVERYBODY,
    PEOPLE,
    SLACKBOT,
    TEAM_ID,
    Person,
    channel_named,
    group_named,
    person_named,
)
from sandbox.workspace.conversations import Change, Conversations, Message
from sandbox.workspace.feed import Feed
from sandbox.workspace.files import Files
from sandbox.workspace.homes import Homes
from sandbox.workspace.hooks import Hook, Hooks
from sandbox.workspace.mishaps import Mishaps
from sandbox.workspace.pace import Pace
from sandbox.workspace.payloads import (
    command_body,
    home_opened_body,
    home_press_body,
    mention_body,
    press_body,
    shortcut_body,
    submission_body,
)
from sandbox.workspace.presses import pressed
from sandbox.workspace.refused import Refused
from sandbox.workspace.triggers import Triggers
from sandbox.workspace.view import home, modal, shown
from sandbox.workspace.views import View, Views, filled, shown_faults
from sandbox.workspace.wire import Reply, Wire

Json = dict[str, Any]
COMMANDS = ("/pay",)
ALL_SCOPES = frozenset(
    {
        "app_mentions:read",
        "channels:history",
        "channels:read",
        "chat:write",
        "commands",
        "files:read",
        "files:write",
        "groups:history",
        "groups:read",
        "usergroups:read",
        "users:read",
    }
)
RETRY_WAITS_S = (0.0, 60.0, 300.0)  # Slack delivers an event up to three times more
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
NAMED = re.compile(r"(?<![\w@#/])(?P<sign>[@#])(?P<name>[a-z0-9][a-z0-9_-]*)", re.IGNORECASE)


class Workspace:
    """One team with its channels. Used from the event loop's thread. `scopes` are those that the bot was granted.

    `now` is the time that messages bear; limits of time (a post a second, a response_url's half hour) run on `seconds`, a
    monotonic clock, so that a fast simulation does not shorten them.
    """

    def __init__(
        self,
        wire: Wire,
        now: Callable[[], datetime],
        *,
        token: str,
        seconds: Callable[[], float] = time.monotonic,
        retry_waits_s: Sequence[float] = RETRY_WAITS_S,
    ) -> None:
        self.wire = wire
        self.now = now
        self.token = token
        self.feed = Feed()
        self.files = Files(seconds)
        self.hooks = Hooks(seconds)
        self.pace = Pace(seconds)
        self.triggers = Triggers(seconds)
        self.mishaps = Mishaps(seconds)
        self.accepted = Accepted(now)
        self.views = Views(now)
        self.homes = Homes(now)
        self.scopes = set(ALL_SCOPES)
        self.talk = Conversations(now, self._heard)
        self._retry_waits_s = retry_waits_s
        self._errands: set[asyncio.Task[None]] = set()

    async def say(self, user: str, channel: str, text: str, thread_ts: str, home: str) -> Message | None:
        """What happens when a person presses Enter. `home` is this server's URL. Raises Refused.

        The message, or None for a command, whose answers come as private lines.
        """
        person = self._present(user, channel)
        if text.startswith("/"):
            await self._command(person, channel, text, thread_ts, home)
            return None
        message = self.talk.say(Message(channel, user, written(text), thread_ts=thread_ts))
        if f"<@{BOT.id}>" in message.text:
            self._mentioned(message)
        return message

    async def press(self, user: str, channel: str, ts: str, action: Json, home: str) -> Reply:
        """What happens when a person presses a button or chooses from a menu. Raises Refused."""
        person = self._present(user, channel)
        message = self.talk.find(channel, ts)
        if message is None or message.private_to not in ("", user):
            raise Refused("message_not_found")
        hook = self.hooks.make(user, channel, ts, message.thread)
        made = pressed(message.blocks, action, self.now())
        body = press_body(message, made, person, response_url(home, hook), self.triggers.make(user))
        return await self.wire.send(body, FORM)

    async def shortcut(self, user: str, channel: str, ts: str, home: str) -> Reply:
        """A person uses the shortcut in a message's menu: the bot need not be in the channel. Raises Refused."""
        person = self._present(user, channel)
        message = self.talk.find(channel, ts)
        if message is None or message.private_to:
            raise Refused("message_not_found")
        url = response_url(home, self.hooks.make(user, channel, thread_ts=message.thread))
        return await self.wire.send(shortcut_body(message, person, url, self.triggers.make(user), self.now().timestamp()), FORM)

    def open_home(self, user: str) -> None:
        """What happens when a person opens the bot's Home. Raises Refused."""
        if user not in PEOPLE:
            raise Refused("user_not_found")
        self._errand(self._deliver(home_opened_body(PEOPLE[user], self.homes.of(user), self.now().timestamp())))

    async def press_in_home(self, user: str, action: Json) -> Reply:
        """What happens when a person presses something in the bot's Home. Raises Refused."""
        view = self.homes.of(user)
        if user not in PEOPLE or view is None:
            raise Refused("view_not_found")
        made = pressed(view["blocks"], action, self.now())
        return await self.wire.send(home_press_body(view, made, PEOPLE[user], self.triggers.make(user)), FORM)

    def publish_home(self, user: str, wanted: Any, hash_: str) -> Json:
        """The bot shows a person a Home. Raises Refused."""
        if user not in EVERYBODY:
            raise Refused("user_not_found")
        view = self.homes.publish(user, wanted, hash_, self.files.ready)
        self.feed.tell({"kind": "home", "home": home(view, self.files)}, hears=user.__eq__)
        return view

    def open_view(self, trigger_id: str, wanted: Any) -> View:
        """Opens a modal for whoever caused the trigger. Raises Refused."""
        user = self.triggers.use(trigger_id)
        view = self.views.open(user, wanted, self.files.ready)
        self.feed.tell({"kind": "view", "view": modal(view.body, self.files)}, hears=user.__eq__)
        return view

    async def submit(self, user: str, view_id: str, typed: Json) -> Json:
        """What happens when a person submits a modal: the error texts that it shows then, by block_id. Raises Refused."""
        view = self.views.find(view_id, user)
        state, wrong = filled(view, typed)
        if wrong:
            return wrong
        reply = await self.wire.send(submission_body(state, PEOPLE[user], self.triggers.make(user)), FORM)
        if reply.fault:
            raise Refused(reply.fault)
        return self._submitted(view, reply.json())

    def close_view(self, user: str, view_id: str) -> None:
        """What happens when a person closes a modal; the bot hears nothing of it. Raises Refused."""
        self._shut(self.views.find(view_id, user))

    def erase(self, user: str, channel: str, ts: str) -> None:
        """A person who may do so deletes a message, the bot's too. Raises Refused."""
        self._present(user, channel)
        if self.talk.find(channel, ts) is None:
            raise Refused("message_not_found")
        self.talk.remove(channel, ts)
        self.accepted.note("chat.delete", {"channel": channel}, {"ts": ts}, by=user)

    def respond(self, hook: Hook, body: Json) -> None:
        """What the bot sends to a response_url, or answers a command with. Raises Refused."""
        parts = self.checked(body)
        text = str(body.get("text") or "")
        if yes(body.get("delete_original")):
            self._drop(hook)
        elif yes(body.get("replace_original")) and self.talk.find(hook.channel, hook.ts):
            self.talk.edit(hook.channel, hook.ts, text, parts)
        elif body.get("response_type") == "in_channel":
            self.talk.say(Message(hook.channel, BOT.id, text, parts, hook.thread_ts))
        else:
            line = self.talk.say(Message(hook.channel, BOT.id, text, parts, hook.thread_ts, private_to=hook.user))
            hook.ts = hook.ts or line.ts

    def checked(self, body: Json) -> tuple[Json, ...]:
        """The blocks of a message that the bot wants to send. Raises Refused."""
        if not body.get("blocks"):
            if not body.get("text") and not yes(body.get("delete_original")):
                raise Refused("no_text")
            return ()
        return blocks.check(body["blocks"], self.files.ready)

    async def close(self) -> None:
        """Ends what is still on its way."""
        self.feed.close()
        for errand in tuple(self._errands):
            errand.cancel()
        await asyncio.gather(*self._errands, return_exceptions=True)
        self.wire.close()

    def _heard(self, change: Change) -> None:
        said = change.message
        event: Json = {"kind": change.kind, "channel": said.channel, "ts": said.ts}
        if change.kind != "gone":
            event["message"] = shown(said, self.files)
        self.feed.tell(event, hears=lambda user: said.private_to in ("", user) and sees(user, said.channel))

    def _submitted(self, view: View, answer: Json) -> Json:
        """What a modal does as the bot answers its submission; "update" shows another in its place, "push" is not known here."""
        match answer.get("response_action"):
            case "errors":
                return shown_faults(view, answer.get("errors"))
            case "update":
                changed = self.views.change(view, answer.get("view"), self.files.ready)
                self.feed.tell({"kind": "view", "view": modal(changed.body, self.files)}, hears=view.user.__eq__)
            case None | "clear":
                self._shut(view)
            case _:
                raise Refused("dispatch_unknown_error")
        return {}

    def _shut(self, view: View) -> None:
        self.views.close(view)
        self.feed.tell({"kind": "view_gone", "id": view.id}, hears=view.user.__eq__)

    def _present(self, user: str, channel: str) -> Person:
        person = PEOPLE.get(user)
        if person is None:
            raise Refused("user_not_found")
        if channel not in CHANNELS or not person.sees(channel):
            raise Refused("channel_not_found")
        if CHANNELS[channel].archived:
            raise Refused("is_archived")
        return person

    def _private(self, user: str, channel: str, text: str, thread_ts: str = "") -> None:
        self.talk.say(Message(channel, SLACKBOT.id, text, thread_ts=thread_ts, private_to=user))

    async def _command(self, person: Person, channel: str, line: str, thread_ts: str, home: str) -> None:
        name, _, text = line.partition(" ")
        if name == "/invite":
            self._invite(person, channel, text)
        elif name not in COMMANDS:
            self._private(person.id, channel, f"`{mrkdwn.escape(name)}` is not a valid command.", thread_ts)
        elif thread_ts:
            self._private(person.id, channel, f"{name} is not supported in threads. Sorry!", thread_ts)
        else:
            hook = self.hooks.make(person.id, channel)
            trigger = self.triggers.make(person.id)
            body = command_body(name, text.strip(), person, channel, response_url(home, hook), trigger)
            self._acknowledged(hook, name, await self.wire.send(body, FORM))

    def _acknowledged(self, hook: Hook, name: str, reply: Reply) -> None:
        body = reply.json()
        if reply.fault:
            self._private(hook.user, hook.channel, f'{name} failed with the error "{reply.fault}"')
        elif body.get("text") or body.get("blocks"):
            try:
                self.respond(hook, body)
            except Refused:
                self._private(hook.user, hook.channel, f'{name} failed with the error "dispatch_unknown_error"')

    def _invite(self, person: Person, channel: str, text: str) -> None:
        if text.strip() != f"@{BOT.handle}":
            self._private(person.id, channel, f"Try `/invite @{BOT.handle}`: everybody else is here already.")
        elif self.talk.has_bot(channel):
            self._private(person.id, channel, f"<@{BOT.id}> is already in this channel.")
        else:
            self.talk.invite_bot(channel, person.id)

    def _mentioned(self, message: Message) -> None:
        if self.talk.has_bot(message.channel):
            self._errand(self._deliver(mention_body(message)))
            return
        text = f"You mentioned <@{BOT.id}>, but they are not in this channel. `/invite @{BOT.handle}` lets them in."
        self._private(message.user, message.channel, text, message.thread)

    async def _deliver(self, body: bytes) -> None:
        reply = await self.wire.send(body, JSON)
        for number, wait_s in enumerate(self._retry_waits_s, start=1):
            if not reply.fault or reply.no_retry:
                return
            await asyncio.sleep(wait_s)
            reply = await self.wire.send(body, JSON, {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": reply.reason})

    def _drop(self, hook: Hook) -> None:
        if self.talk.find(hook.channel, hook.ts):
            self.talk.remove(hook.channel, hook.ts)

    def _errand(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)


def written(text: str) -> str:
    """What Slack's client makes of a line that a person typed: escaped, with names turned into mentions."""
    return NAMED.sub(_name, mrkdwn.escape(text))


def _name(found: re.Match[str]) -> str:
    name = found["name"]
    if found["sign"] == "#":
        channel = channel_named(name)
        return f"<#{channel.id}|{channel.name}>" if channel else found[0]
    if name in ("channel", "here", "everyone"):
        return f"<!{name}>"
    if group := group_named(name):
        return f"<!subteam^{group.id}|@{group.handle}>"
    person = person_named(name)
    return f"<@{person.id}>" if person else found[0]


def sees(user: str, channel: str) -> bool:
    """Whether `user` is in the channel; nobody in particular is in all of them."""
    person = EVERYBODY.get(user)
    return person is None or person.sees(channel)


def response_url(home: str, hook: Hook) -> str:
    return f"{home}/slack/hooks/{TEAM_ID}/{hook.key}"


def yes(value: object) -> bool:
    """A flag as Slack reads it: true or 1, or the texts of them."""
    return value in (True, "true", "1")
