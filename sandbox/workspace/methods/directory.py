"""Who and what there is: `auth.*`, `bots.*`, `users.*`, `conversations.info`."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sandbox.workspace.cast import APP_ID, BOT, BOT_ID, CHANNELS, EVERYBODY, PEOPLE, TEAM_ID, TEAM_NAME, Channel, Person
from sandbox.workspace.methods.call import Call, Json, channel_of
from sandbox.workspace.refused import Refused
from sandbox.workspace.workspace import Workspace, yes


def auth_test(_workspace: Workspace, call: Call) -> Json:
    return {
        "url": f"{call.home}/",
        "team": TEAM_NAME,
        "user": BOT.handle,
        "team_id": TEAM_ID,
        "user_id": BOT.id,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


def bots_info(_workspace: Workspace, call: Call) -> Json:
    if call.text("bot") != BOT_ID:
        raise Refused("bot_not_found")
    return {"bot": {"id": BOT_ID, "app_id": APP_ID, "user_id": BOT.id, "name": BOT.handle, "deleted": False}}


def users_info(workspace: Workspace, call: Call) -> Json:
    person = EVERYBODY.get(call.text("user"))
    if person is None:
        raise Refused("user_not_found")
    return {"user": _told_person(person, workspace.now())}


def conversations_info(workspace: Workspace, call: Call) -> Json:
    return {"channel": _told_channel(workspace, channel_of(call.text("channel")))}


def users_conversations(workspace: Workspace, call: Call) -> Json:
    channels = [channel for channel in CHANNELS.values() if workspace.talk.has_bot(channel.id)]
    if yes(call.args.get("exclude_archived")):
        channels = [channel for channel in channels if not channel.archived]
    return {"channels": [_told_channel(workspace, channel) for channel in channels], "response_metadata": {"next_cursor": ""}}


def _told_person(person: Person, now: datetime) -> Json:
    offset = now.astimezone(ZoneInfo(person.zone)).utcoffset()
    return {
        "id": person.id,
        "team_id": TEAM_ID,
        "name": person.handle,
        "real_name": person.name,
        "deleted": False,
        "tz": person.zone,
        "tz_label": person.zone.split("/")[-1].replace("_", " "),
        "tz_offset": int(offset.total_seconds()) if offset else 0,
        "is_bot": person.is_bot,
        "profile": {"real_name": person.name, "display_name": person.handle, "title": person.role},
    }


def _told_channel(workspace: Workspace, channel: Channel) -> Json:
    return {
        "id": channel.id,
        "name": channel.name,
        "is_channel": True,
        "is_private": False,
        "is_archived": channel.archived,
        "is_member": workspace.talk.has_bot(channel.id),
        "topic": {"value": channel.topic},
        "num_members": len(PEOPLE) + workspace.talk.has_bot(channel.id),
    }
