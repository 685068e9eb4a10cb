"""Who and what there is: `auth.*`, `bots.*`, `users.*`, `usergroups.*`, `conversations.info`."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sandbox.workspace.cast import (
    APP_ID,
    BOT,
    BOT_ID,
    CHANNELS,
    EVERYBODY,
    GROUPS,
    PEOPLE,
    TEAM_ID,
    TEAM_NAME,
    Channel,
    Group,
    Person,
)
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
    return {"user": _told_person(workspace, person)}


def usergroups_list(_workspace: Workspace, call: Call) -> Json:
    with_users = yes(call.args.get("include_users"))
    told = (_told_group(group) | ({"users": list(group.members)} if with_users else {}) for group in GROUPS.values())
    return {"usergroups": list(told)}


def usergroups_users_list(_workspace: Workspace, call: Call) -> Json:
    group = GROUPS.get(call.text("usergroup"))
    if group is None:
        raise Refused("no_such_subteam")
    return {"users": list(group.members)}


def conversations_info(workspace: Workspace, call: Call) -> Json:
    return {"channel": _told_channel(workspace, channel_of(call.text("channel")))}


def users_conversations(workspace: Workspace, call: Call) -> Json:
    channels = [channel for channel in CHANNELS.values() if workspace.talk.has_bot(channel.id)]
    if yes(call.args.get("exclude_archived")):
        channels = [channel for channel in channels if not channel.archived]
    return {"channels": [_told_channel(workspace, channel) for channel in channels], "response_metadata": {"next_cursor": ""}}


def _told_person(workspace: Workspace, person: Person) -> Json:
    """A person as users.info tells them: of a deactivated account neither zone nor role are left, of one from another workspace
    there is only what a shared channel shows."""
    body: Json = {
        "id": person.id,
        "team_id": person.team,
        "name": person.handle,
        "real_name": person.name,
        "deleted": person.former,
        "is_bot": person.is_bot,
        "is_app_user": False,
        "profile": {"real_name": person.name, "display_name": person.handle, "title": person.role, "team": person.team},
    }
    if person.former:
        return body
    body |= _told_zone(person, workspace.now()) | {"is_restricted": person.guest, "is_ultra_restricted": False}
    if person.team == TEAM_ID:
        return body | {"is_admin": False, "is_owner": False}
    # whoever can be met in a shared channel is no stranger to Slack: only `team_id` says that they are from elsewhere
    return body | {"is_stranger": not any(map(workspace.talk.has_bot, person.channels))}


def _told_zone(person: Person, now: datetime) -> Json:
    offset = now.astimezone(ZoneInfo(person.zone)).utcoffset()
    return {
        "tz": person.zone,
        "tz_label": person.zone.split("/")[-1].replace("_", " "),
        "tz_offset": int(offset.total_seconds()) if offset else 0,
    }


def _told_group(group: Group) -> Json:
    return {
        "id": group.id,
        "team_id": TEAM_ID,
        "is_usergroup": True,
        "name": group.name,
        "handle": group.handle,
        "date_delete": 0,
        "user_count": len(group.members),
    }


def _told_channel(workspace: Workspace, channel: Channel) -> Json:
    return {
        "id": channel.id,
        "name": channel.name,
        "is_channel": True,
        "is_private": False,
        "is_archived": channel.archived,
        "is_shared": bool(channel.shared),
        "is_ext_shared": bool(channel.shared),
        "shared_team_ids": [TEAM_ID, channel.shared] if channel.shared else [TEAM_ID],
        "is_member": workspace.talk.has_bot(channel.id),
        "topic": {"value": channel.topic},
        "num_members": sum(person.sees(channel.id) for person in PEOPLE.values()) + workspace.talk.has_bot(channel.id),
    }
