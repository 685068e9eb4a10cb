"""`chat.*`: what the bot says, and how it takes it back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from sandbox.workspace.cast import BOT, PEOPLE
from sandbox.workspace.conversations import Message
from sandbox.workspace.methods.call import Call, Json, TooFast, channel_of, joined, thread_of
from sandbox.workspace.payloads import told
from sandbox.workspace.refused import Refused
from sandbox.workspace.workspace import Workspace, yes

MOST_METADATA = 16_000  # bytes
EVENT_TYPE = re.compile(r"[A-Za-z0-9_.:-]{1,255}")


def post_message(workspace: Workspace, call: Call) -> Json:
    channel = joined(workspace, call.text("channel"))
    thread_ts = thread_of(workspace, channel.id, call.text("thread_ts"))
    body = _body(call)
    blocks = workspace.checked(body)
    metadata = metadata_of(call) or {}
    _paced(workspace, channel.id)
    said = workspace.talk.say(Message(channel.id, BOT.id, body["text"], blocks, thread_ts, metadata=metadata))
    if thread_ts and yes(call.args.get("reply_broadcast")):
        workspace.talk.say(Message(channel.id, BOT.id, body["text"], blocks))
    return {"channel": channel.id, "ts": said.ts, "message": told(said)}


def post_ephemeral(workspace: Workspace, call: Call) -> Json:
    channel = joined(workspace, call.text("channel"))
    person = PEOPLE.get(call.text("user"))
    if person is None or not person.sees(channel.id):
        raise Refused("user_not_in_channel")
    body = _body(call)
    blocks = workspace.checked(body)
    _paced(workspace, channel.id)
    line = Message(channel.id, BOT.id, body["text"], blocks, call.text("thread_ts"), private_to=call.text("user"))
    return {"message_ts": workspace.talk.say(line).ts}


def update(workspace: Workspace, call: Call) -> Json:
    own = _own(workspace, call, "cant_update_message")
    body = _body(call)
    blocks, metadata = workspace.checked(body), metadata_of(call)
    edited = workspace.talk.edit(own.channel, own.ts, body["text"], blocks, metadata)
    return {"channel": own.channel, "ts": own.ts, "text": edited.text, "message": told(edited)}


def delete(workspace: Workspace, call: Call) -> Json:
    own = _own(workspace, call, "cant_delete_message")
    workspace.talk.remove(own.channel, own.ts)
    return {"channel": own.channel, "ts": own.ts}


def permalink(workspace: Workspace, call: Call) -> Json:
    channel, ts = call.text("channel"), call.text("message_ts")
    message = workspace.talk.find(channel_of(channel).id, ts)
    if message is None or message.private_to:
        raise Refused("message_not_found")
    return {"channel": channel, "permalink": f"{call.home}/#{channel}/{ts}"}


def metadata_of(call: Call) -> Mapping[str, Any] | None:
    """The metadata of a message, None where a call has none. Raises Refused for any that Slack would not take."""
    metadata = call.parsed("metadata")
    if not metadata:
        return None if metadata is None else {}
    if not isinstance(metadata, dict) or not set(metadata) <= {"event_type", "event_payload", "entities"}:
        raise Refused("invalid_metadata_format")
    kind, payload = metadata.get("event_type"), metadata.get("event_payload")
    if not isinstance(kind, str) or not EVENT_TYPE.fullmatch(kind) or not isinstance(payload, dict):
        raise Refused("invalid_metadata_format")
    if len(json.dumps(metadata, ensure_ascii=False).encode()) > MOST_METADATA:
        raise Refused("metadata_too_large")
    return metadata


def _body(call: Call) -> Json:
    return {"text": call.text("text"), "blocks": call.parsed("blocks")}


def _own(workspace: Workspace, call: Call, otherwise: str) -> Message:
    """The bot's message that the call names. Private lines are not found: only their response_url can change them."""
    message = workspace.talk.find(channel_of(call.text("channel")).id, call.text("ts"))
    if message is None or message.private_to:
        raise Refused("message_not_found")
    if message.user != BOT.id:
        raise Refused(otherwise)
    return message


def _paced(workspace: Workspace, channel: str) -> None:
    wait_s = workspace.pace.wait_s(channel)
    if wait_s:
        raise TooFast(wait_s)
