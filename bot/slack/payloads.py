"""From Slack's payloads to the values of `heard.py`.

Payloads are untrusted, signed or not: every text is bounded, and an ID that has not an ID's shape makes the payload unreadable.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.slack.heard import Command, Mention, Opened, Place, Press, Shortcut, Submission

USER = re.compile(r"[UW][A-Z0-9]{2,30}")
CHANNEL = re.compile(r"[CDG][A-Z0-9]{2,30}")
TEAM = re.compile(r"[TE][A-Z0-9]{2,30}")
MESSAGE = re.compile(r"[0-9]{1,12}\.[0-9]{1,9}")
OCCASION = re.compile(r"[A-Za-z0-9._-]{1,100}")  # an event's or a trigger's ID
ACTION = re.compile(r"[a-z0-9_.]{1,255}")
RESPONSE_URL = re.compile(r"https?://[^\s<>|]{1,500}")

MAX_TEXT, MAX_VALUE, MAX_NAME, MAX_KEPT, MAX_TS = 4_000, 2_000, 80, 3_000, 40  # characters


class Unreadable(Exception):
    """A payload lacks what every payload of its kind has."""


def heard_command(body: Mapping[str, Any]) -> Command:
    """The slash command of a payload. Raises Unreadable."""
    return Command(
        text=text(body.get("text"), MAX_TEXT),
        user=needed(body, USER, "user_id"),
        team=needed(body, TEAM, "team_id"),
        place=Place(needed(body, CHANNEL, "channel_id"), text(body.get("channel_name"), MAX_NAME)),
        response_url=needed(body, RESPONSE_URL, "response_url"),
    )


def heard_mention(body: Mapping[str, Any], bot_user: str) -> Mention | None:
    """The mention of an event, without the bot's own name; None for what bots say and for edits. Raises Unreadable."""
    if dug(body, "event", "bot_id") or dug(body, "event", "edited") or dug(body, "event", "subtype"):
        return None
    return Mention(
        text=without(bot_user, text(dug(body, "event", "text"), MAX_TEXT)),
        user=needed(body, USER, "event", "user"),
        team=needed(body, TEAM, "team_id"),
        place=Place(
            needed(body, CHANNEL, "event", "channel"),
            thread_ts=shaped(dug(body, "event", "thread_ts"), MESSAGE) or shaped(dug(body, "event", "ts"), MESSAGE),
        ),
    )


def heard_shortcut(body: Mapping[str, Any]) -> Shortcut:
    """The shortcut that was used on a message. Raises Unreadable, though not for the message's own time."""
    return Shortcut(
        ts=text(body.get("message_ts"), MAX_TS),
        user=needed(body, USER, "user", "id"),
        team=team_of(body),
        place=Place(
            channel=needed(body, CHANNEL, "channel", "id"),
            name=text(dug(body, "channel", "name"), MAX_NAME),
            thread_ts=shaped(dug(body, "message", "thread_ts"), MESSAGE) or shaped(body.get("message_ts"), MESSAGE),
        ),
        response_url=needed(body, RESPONSE_URL, "response_url"),
    )


def heard_home(body: Mapping[str, Any]) -> Opened | None:
    """Who opened Home; None for those who opened another tab of the app. Raises Unreadable."""
    if dug(body, "event", "tab") != "home":
        return None
    return Opened(user=needed(body, USER, "event", "user"), team=needed(body, TEAM, "team_id"))


def heard_press(body: Mapping[str, Any]) -> Press:
    """The pressed button, or the choice made in a menu or at a checkbox. Raises Unreadable."""
    actions = body.get("actions")
    action = actions[0] if isinstance(actions, list) and actions else {}
    told, user, team = needed(action, ACTION, "action_id"), needed(body, USER, "user", "id"), team_of(body)
    value, trigger = text(chosen(action), MAX_VALUE), shaped(body.get("trigger_id"), OCCASION)
    if dug(body, "container", "type") == "view" and dug(body, "view", "type") == "home":
        return Press(told, value, user, team, Place(""), ts="", response_url="", trigger=trigger)
    return Press(
        action=told,
        value=value,
        user=user,
        team=team,
        place=Place(
            channel=needed(body, CHANNEL, "container", "channel_id"),
            name=text(dug(body, "channel", "name"), MAX_NAME),
            thread_ts=shaped(dug(body, "container", "thread_ts"), MESSAGE),
        ),
        ts=needed(body, MESSAGE, "container", "message_ts"),
        response_url=needed(body, RESPONSE_URL, "response_url"),
        ephemeral=dug(body, "container", "is_ephemeral") is True,
        trigger=trigger,
    )


def chosen(action: object) -> object:
    """What a button carries, or what was chosen; of a checkbox its value, None where its mark was taken away."""
    ticked = dug(action, "selected_options")
    first = ticked[0] if isinstance(ticked, list) and ticked else {}
    return dug(action, "value") or dug(action, "selected_option", "value") or dug(first, "value")


def heard_submission(body: Mapping[str, Any]) -> Submission:
    """What was written into a modal's only input. Raises Unreadable."""
    blocks = dug(body, "view", "state", "values")
    inputs = (
        [written for block in blocks.values() if isinstance(block, Mapping) for written in block.values()]
        if isinstance(blocks, Mapping)
        else []
    )
    return Submission(
        text=text(dug(inputs[0], "value") if inputs else None, MAX_TEXT),
        kept=text(dug(body, "view", "private_metadata"), MAX_KEPT),
        user=needed(body, USER, "user", "id"),
        team=team_of(body),
    )


def team_of(body: Mapping[str, Any]) -> str:
    """The workspace of an interaction; Slack leaves it out of those in apps of a whole organisation."""
    return shaped(dug(body, "team", "id"), TEAM) or needed(body, TEAM, "user", "team_id")


def without(bot_user: str, words: str) -> str:
    """The words without the bot's own mention; where its ID is not known, without the mention that they begin with."""
    return re.sub(rf"<@{re.escape(bot_user)}(\|[^>]*)?>" if bot_user else r"^\s*<@[^>]*>", " ", words).strip()


def dug(body: object, *path: str) -> object:
    """What lies at the end of the path, or None."""
    for key in path:
        body = body.get(key) if isinstance(body, Mapping) else None
    return body


def text(value: object, most: int) -> str:
    return value[:most] if isinstance(value, str) else ""


def shaped(value: object, shape: re.Pattern[str]) -> str:
    """The value where it has the shape, else ""."""
    return value if isinstance(value, str) and shape.fullmatch(value) else ""


def needed(body: object, shape: re.Pattern[str], *path: str) -> str:
    value = shaped(dug(body, *path), shape)
    if not value:
        raise Unreadable(f"{'.'.join(path)} is missing or of another shape")
    return value
