"""What Slack sends to an app: slash commands, pressed buttons and mentions, in their real shapes."""

from __future__ import annotations

import json
import secrets
from typing import Any
from urllib.parse import urlencode

from sandbox.workspace.cast import APP_ID, BOT, BOT_ID, CHANNELS, TEAM_DOMAIN, TEAM_ID, Person
from sandbox.workspace.conversations import Message
from sandbox.workspace.triggers import fresh

Json = dict[str, Any]
THEN = "then"  # the callback_id of the message shortcut
TOKEN = "deprecated-verification-token"  # noqa: S105 - a field that Slack still sends and nobody should read


def command_body(name: str, text: str, person: Person, channel: str, response_url: str, trigger_id: str = "") -> bytes:
    """The form of a slash command; without a `trigger_id` it has one that opens nothing."""
    return urlencode(
        {
            "token": TOKEN,
            "team_id": person.team,
            "team_domain": TEAM_DOMAIN if person.team == TEAM_ID else person.team.lower(),
            "channel_id": channel,
            "channel_name": CHANNELS[channel].name,
            "user_id": person.id,
            "user_name": person.handle,
            "command": name,
            "text": text,
            "api_app_id": APP_ID,
            "is_enterprise_install": "false",
            "response_url": response_url,
            "trigger_id": trigger_id or fresh(),
        }
    ).encode()


def press_body(message: Message, action: Json, person: Person, response_url: str, trigger_id: str = "") -> bytes:
    """The form of a pressed button or a made choice, which `action` says; without a `trigger_id` its own opens nothing."""
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": message.channel,
        "is_ephemeral": bool(message.private_to),
    }
    if message.thread:
        container["thread_ts"] = message.thread
    payload: Json = {
        "type": "block_actions",
        "user": {"id": person.id, "username": person.handle, "name": person.handle, "team_id": person.team},
        "api_app_id": APP_ID,
        "token": TOKEN,
        "container": container,
        "trigger_id": trigger_id or fresh(),
        "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
        "enterprise": None,
        "is_enterprise_install": False,
        "channel": {"id": message.channel, "name": CHANNELS[message.channel].name},
        "state": {"values": {}},
        "response_url": response_url,
        "actions": [action],
    }
    if not message.private_to:
        payload["message"] = told(message)
    return urlencode({"payload": json.dumps(payload)}).encode()


def shortcut_body(message: Message, person: Person, response_url: str, trigger_id: str, at: float) -> bytes:
    """The form of the shortcut in a message's menu: it has the whole message, and names no container."""
    payload: Json = {
        "type": "message_action",
        "token": TOKEN,
        "action_ts": f"{at:.6f}",
        "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
        "user": {"id": person.id, "username": person.handle, "team_id": person.team, "name": person.handle},
        "channel": {"id": message.channel, "name": CHANNELS[message.channel].name},
        "is_enterprise_install": False,
        "enterprise": None,
        "callback_id": THEN,
        "trigger_id": trigger_id,
        "response_url": response_url,
        "message_ts": message.ts,
        "message": told(message),
    }
    return urlencode({"payload": json.dumps(payload)}).encode()


def home_press_body(view: Json, action: Json, person: Person, trigger_id: str) -> bytes:
    """The form of a press in a Home: it names neither a channel nor a message, and there is no response_url."""
    payload: Json = {
        "type": "block_actions",
        "user": {"id": person.id, "username": person.handle, "name": person.handle, "team_id": person.team},
        "api_app_id": APP_ID,
        "token": TOKEN,
        "container": {"type": "view", "view_id": view["id"]},
        "trigger_id": trigger_id,
        "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
        "enterprise": None,
        "is_enterprise_install": False,
        "view": view,
        "actions": [action],
    }
    return urlencode({"payload": json.dumps(payload)}).encode()


def home_opened_body(person: Person, view: Json | None, at: float) -> bytes:
    """The event of somebody who opened the Home of the app, with the view that is there already."""
    event: Json = {
        "type": "app_home_opened",
        "user": person.id,
        "channel": f"D{person.id[1:]}",
        "event_ts": f"{at:.6f}",
        "tab": "home",
        **({"view": view} if view else {}),
    }
    return event_body(event, int(at))


def submission_body(view: Json, person: Person, trigger_id: str) -> bytes:
    """The form of a modal that was submitted; `view` has what was filled in as its state."""
    payload: Json = {
        "type": "view_submission",
        "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
        "user": {"id": person.id, "username": person.handle, "name": person.handle, "team_id": person.team},
        "api_app_id": APP_ID,
        "token": TOKEN,
        "trigger_id": trigger_id,
        "view": view,
        "response_urls": [],
        "is_enterprise_install": False,
        "enterprise": None,
    }
    return urlencode({"payload": json.dumps(payload)}).encode()


def mention_body(message: Message) -> bytes:
    """The event of a message that mentions the bot."""
    event: Json = {
        "type": "app_mention",
        "user": message.user,
        "text": message.text,
        "ts": message.ts,
        "team": TEAM_ID,
        "channel": message.channel,
        "event_ts": message.ts,
    }
    if message.thread:
        event["thread_ts"] = message.thread
    return event_body(event, int(float(message.ts)), shared=bool(CHANNELS[message.channel].shared))


def event_body(event: Json, at: int, *, shared: bool = False) -> bytes:
    """An event in its envelope."""
    return json.dumps(
        {
            "token": TOKEN,
            "team_id": TEAM_ID,
            "api_app_id": APP_ID,
            "event": event,
            "type": "event_callback",
            "event_id": "Ev" + secrets.token_hex(6).upper(),
            "event_time": at,
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": TEAM_ID,
                    "user_id": BOT.id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": shared,
            "event_context": f"4-{secrets.token_hex(8)}",
        }
    ).encode()


def told(message: Message) -> Json:
    """A message as the Web API and payloads tell it."""
    body: Json = {"type": "message", "user": message.user, "ts": message.ts, "text": message.text, "team": TEAM_ID}
    if message.user == BOT.id:
        body |= {"bot_id": BOT_ID, "app_id": APP_ID}
    if message.blocks:
        body["blocks"] = list(message.blocks)
    if message.thread_ts:
        body["thread_ts"] = message.thread_ts
    if message.edited:
        body["edited"] = {"user": message.user, "ts": message.ts}
    if message.files:
        body["files"] = [{"id": file} for file in message.files]
    return body
