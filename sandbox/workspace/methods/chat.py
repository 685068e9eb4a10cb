"""`chat.*` and `conversations.history`: what the bot says, and what was said."""

from __future__ import annotations

from itertools import islice

from sandbox.workspace.cast import BOT, PEOPLE
from sandbox.workspace.conversations import Message
from sandbox.workspace.methods.call import Call, Json, TooFast, channel_of, joined, thread_of
from sandbox.workspace.payloads import told
from sandbox.workspace.refused import Refused
from sandbox.workspace.workspace import Workspace, yes


def post_message(workspace: Workspace, call: Call) -> Json:
    channel = joined(workspace, call.text("channel"))
    thread_ts = thread_of(workspace, channel.id, call.text("thread_ts"))
    body = _body(call)
    blocks = workspace.checked(body)
    _paced(workspace, channel.id)
    metadata = call.parsed("metadata") or {}
    said = workspace.talk.say(Message(channel.id, BOT.id, body["text"], blocks, thread_ts, metadata=metadata))
    if thread_ts and yes(call.args.get("reply_broadcast")):
        workspace.talk.say(Message(channel.id, BOT.id, body["text"], blocks))
    return {"channel": channel.id, "ts": said.ts, "message": told(said)}


def post_ephemeral(workspace: Workspace, call: Call) -> Json:
    channel = joined(workspace, call.text("channel"))
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
    message = workspace.talk.find(channel_of(channel).id, ts)
    if message is None or message.private_to:
        raise Refused("message_not_found")
    return {"channel": channel, "permalink": f"{call.home}/#{channel}/{ts}"}


def history(workspace: Workspace, call: Call) -> Json:
    channel = channel_of(call.text("channel"))
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
