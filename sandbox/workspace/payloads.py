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
    return json.dumps(
        {
            "token": TOKEN,
            "team_id": TEAM_ID,
            "api_app_id": APP_ID,
            "event": event,
            "type": "event_callback",
            "event_id": "Ev" + secrets.token_hex(6).upper(),
            "event_time": int(float(message.ts)),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": TEAM_ID,
                    "user_id": BOT.id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": bool(CHANNELS[message.channel].shared),
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
