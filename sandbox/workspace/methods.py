"""The methods of Slack's Web API that an app like paybot uses: each takes the workspace and a call, and answers or refuses."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.workspace.cast import (
    APP_ID,
    BOT,
    BOT_ID,
    CHANNELS,
    EVERYBODY,
    PEOPLE,
    TEAM_ID,
    TEAM_NAME,
    Channel,
    Person,
)
from sandbox.workspace.conversations import Message
from sandbox.workspace.files import File
from sandbox.workspace.payloads import told
from sandbox.workspace.refused import Refused
from sandbox.workspace.view import path
from sandbox.workspace.workspace import Workspace, yes

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One call: its arguments, and the URL of the server that it came to."""

    args: Mapping[str, Any]
    home: str

    def text(self, name: str) -> str:
        return str(self.args.get(name) or "")

    def number(self, name: str, default: int) -> int:
        try:
            return int(self.args.get(name) or default)
        except ValueError as error:
            raise Refused("invalid_arguments", f"must be a number [json-pointer:/{name}]") from error

    def parsed(self, name: str) -> Any:
        """An argument that is JSON: as it is in a JSON body, as text in a form."""
        value = self.args.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except ValueError as error:
            raise Refused("invalid_blocks_format" if name == "blocks" else "invalid_json") from error


class TooFast(Exception):
    """The bot posts faster than Slack lets it."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"wait {wait_s} s")
        self.wait_s = wait_s


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


def post_message(workspace: Workspace, call: Call) -> Json:
    channel = _joined(workspace, call.text("channel"))
    thread_ts = _thread(workspace, channel.id, call.text("thread_ts"))
    body = _body(call)
    blocks = workspace.checked(body)
    _paced(workspace, channel.id)
    metadata = call.parsed("metadata") or {}
    said = workspace.talk.say(Message(channel.id, BOT.id, body["text"], blocks, thread_ts, metadata=metadata))
    if thread_ts and yes(call.args.get("reply_broadcast")):
        workspace.talk.say(Message(channel.id, BOT.id, body["text"], blocks))
    return {"channel": channel.id, "ts": said.ts, "message": told(said)}


def post_ephemeral(workspace: Workspace, call: Call) -> Json:
    channel = _joined(workspace, call.text("channel"))
    if call.text("user") not in PEOPLE:
        raise Refused("user_not_in_channel")
    body = _body(call)
    blocks = workspace.checked(body)
    _paced(workspace, channel.id)
    line = Message(channel.id, BOT.id, body["text"], blocks, call.text("thread_ts"), private_to=call.text("user"))
    return {"message_ts": workspace.talk.say(line).ts}


def update(workspace: Workspace, call: Call) -> Json:
    own = _own(workspace, call, "cant_update_message")
    body = _body(call)
    edited = workspace.talk.edit(own.channel, own.ts, body["text"], workspace.checked(body))
    return {"channel": own.channel, "ts": own.ts, "text": edited.text, "message": told(edited)}


def delete(workspace: Workspace, call: Call) -> Json:
    own = _own(workspace, call, "cant_delete_message")
    workspace.talk.remove(own.channel, own.ts)
    return {"channel": own.channel, "ts": own.ts}


def permalink(workspace: Workspace, call: Call) -> Json:
    channel, ts = call.text("channel"), call.text("message_ts")
    message = workspace.talk.find(_channel(channel).id, ts)
    if message is None or message.private_to:
        raise Refused("message_not_found")
    return {"channel": channel, "permalink": f"{call.home}/#{channel}/{ts}"}


def users_info(workspace: Workspace, call: Call) -> Json:
    person = EVERYBODY.get(call.text("user"))
    if person is None:
        raise Refused("user_not_found")
    return {"user": _told_person(person, workspace.now())}


def conversations_info(workspace: Workspace, call: Call) -> Json:
    return {"channel": _told_channel(workspace, _channel(call.text("channel")))}


def users_conversations(workspace: Workspace, call: Call) -> Json:
    channels = [channel for channel in CHANNELS.values() if workspace.talk.has_bot(channel.id)]
    if yes(call.args.get("exclude_archived")):
        channels = [channel for channel in channels if not channel.archived]
    return {"channels": [_told_channel(workspace, channel) for channel in channels], "response_metadata": {"next_cursor": ""}}


def history(workspace: Workspace, call: Call) -> Json:
    channel = _channel(call.text("channel"))
    if not workspace.talk.has_bot(channel.id):
        raise Refused("not_in_channel")
    oldest, latest = call.text("oldest") or "0", call.text("latest") or "9999999999.999999"
    limit = call.number("limit", 100)
    found = (said for said in reversed(workspace.talk.history(channel.id)) if not said.thread and oldest < said.ts <= latest)
    messages = list(islice(found, limit))
    with_metadata = yes(call.args.get("include_all_metadata"))
    return {
        "messages": [
            told(said) | ({"metadata": dict(said.metadata)} if with_metadata and said.metadata else {}) for said in messages
        ],
        "has_more": next(found, None) is not None,
    }


def ask_upload(workspace: Workspace, call: Call) -> Json:
    name, length = call.text("filename"), call.number("length", 0)
    if not name or length <= 0:
        raise Refused("invalid_arguments", "missing required field: filename and length")
    file = workspace.files.ask(name, call.text("alt_txt"))
    return {"upload_url": f"{call.home}/slack/upload/{file.key}", "file_id": file.id}


def complete_upload(workspace: Workspace, call: Call) -> Json:
    wanted = call.parsed("files")
    if not isinstance(wanted, list) or not wanted or not all(isinstance(each, dict) for each in wanted):
        raise Refused("invalid_arguments", "missing required field: files")
    channel = _joined(workspace, call.text("channel_id")) if call.text("channel_id") else None
    files = [workspace.files.complete(str(each.get("id")), str(each.get("title") or "")) for each in wanted]
    done = [file for file in files if file]
    if len(done) < len(files):
        raise Refused("file_not_found")
    if channel:
        thread_ts = _thread(workspace, channel.id, call.text("thread_ts"))
        shared = tuple(file.id for file in done)
        workspace.talk.say(Message(channel.id, BOT.id, call.text("initial_comment"), thread_ts=thread_ts, files=shared))
    return {"files": [_told_file(workspace, file, call.home) for file in done]}


def files_info(workspace: Workspace, call: Call) -> Json:
    file = workspace.files.find(call.text("file"))
    if file is None or file.completed_at is None:
        raise Refused("file_not_found")
    return {"file": _told_file(workspace, file, call.home)}


METHODS: Mapping[str, Callable[[Workspace, Call], Json]] = {
    "auth.test": auth_test,
    "bots.info": bots_info,
    "chat.delete": delete,
    "chat.getPermalink": permalink,
    "chat.postEphemeral": post_ephemeral,
    "chat.postMessage": post_message,
    "chat.update": update,
    "conversations.history": history,
    "conversations.info": conversations_info,
    "files.completeUploadExternal": complete_upload,
    "files.getUploadURLExternal": ask_upload,
    "files.info": files_info,
    "users.conversations": users_conversations,
    "users.info": users_info,
}


def _body(call: Call) -> Json:
    return {"text": call.text("text"), "blocks": call.parsed("blocks")}


def _channel(id_: str) -> Channel:
    channel = CHANNELS.get(id_)
    if channel is None:
        raise Refused("channel_not_found")
    return channel


def _joined(workspace: Workspace, id_: str) -> Channel:
    channel = _channel(id_)
    if channel.archived:
        raise Refused("is_archived")
    if not workspace.talk.has_bot(id_):
        raise Refused("not_in_channel")
    return channel


def _thread(workspace: Workspace, channel: str, ts: str) -> str:
    """The thread's ts; that of its parent when a reply was named."""
    if not ts:
        return ""
    parent = workspace.talk.find(channel, ts)
    if parent is None:
        raise Refused("thread_not_found")
    return parent.thread or ts


def _own(workspace: Workspace, call: Call, otherwise: str) -> Message:
    """The bot's message that the call names. Private lines are not found: only their response_url can change them."""
    message = workspace.talk.find(_channel(call.text("channel")).id, call.text("ts"))
    if message is None or message.private_to:
        raise Refused("message_not_found")
    if message.user != BOT.id:
        raise Refused(otherwise)
    return message


def _paced(workspace: Workspace, channel: str) -> None:
    wait_s = workspace.pace.wait_s(channel)
    if wait_s:
        raise TooFast(wait_s)


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


def _told_file(workspace: Workspace, file: File, home: str) -> Json:
    """A file as files.info tells it: without a type until Slack has looked at it."""
    ready = workspace.files.ready(file.id)
    return {
        "id": file.id,
        "name": file.name,
        "title": file.title,
        "mimetype": file.mimetype if ready else "",
        "filetype": file.name.rpartition(".")[2] if ready else "",
        "size": len(file.content),
        "user": BOT.id,
        "url_private": home + path(file),
        "permalink": home + path(file),
        "alt_txt": file.alt,
    }
