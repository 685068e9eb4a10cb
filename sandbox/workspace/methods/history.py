"""`conversations.history` and `conversations.replies`: what was said, page by page."""

from __future__ import annotations

import base64
import binascii
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from sandbox.workspace.conversations import Message
from sandbox.workspace.methods.call import Call, Json, channel_of
from sandbox.workspace.payloads import told
from sandbox.workspace.refused import Refused
from sandbox.workspace.workspace import Workspace, yes

MOST = 999
USUAL = {"conversations.history": 100, "conversations.replies": 1_000}
TS = re.compile(r"\d{1,12}(\.\d{1,9})?")
ALWAYS = ("0", "9999999999.999999")


def history(workspace: Workspace, call: Call) -> Json:
    """The channel's own messages, the newest first; `oldest` and `latest` bound them from outside."""
    channel = _readable(workspace, call)
    said = [each for each in workspace.talk.history(channel) if not each.thread and _within(call, each)]
    return _page(workspace, call, "conversations.history", said[::-1])


def replies(workspace: Workspace, call: Call) -> Json:
    """A thread, the oldest first. Its first message stands at the head of the first page, whatever the bounds are."""
    channel, ts = _readable(workspace, call), call.text("ts")
    named = workspace.talk.find(channel, ts)
    if named is None or named.private_to:
        raise Refused("thread_not_found")
    root = named.thread or ts
    said = [each for each in workspace.talk.thread(channel, root) if each.ts == root or _within(call, each)]
    return _page(workspace, call, "conversations.replies", said)


def _readable(workspace: Workspace, call: Call) -> str:
    channel = channel_of(call.text("channel"))
    if not workspace.talk.has_bot(channel.id):
        raise Refused("not_in_channel")
    return channel.id


def _within(call: Call, said: Message) -> bool:
    low, high = (_stamp(call, name, default) for name, default in zip(("oldest", "latest"), ALWAYS, strict=True))
    at = _micros(said.ts)
    return low <= at <= high if yes(call.args.get("inclusive")) else low < at < high


def _stamp(call: Call, name: str, default: str) -> int:
    text = call.text(name) or default
    if not TS.fullmatch(text):
        raise Refused(f"invalid_ts_{name}")
    return _micros(text)


def _micros(ts: str) -> int:
    whole, _, part = ts.partition(".")
    return int(whole) * 1_000_000 + int(part[:6].ljust(6, "0"))


def _page(workspace: Workspace, call: Call, method: str, said: Sequence[Message]) -> Json:
    limit = call.number("limit", USUAL[method])
    if not 1 <= limit <= 1_000:
        raise Refused("invalid_limit")
    start = _started(call.text("cursor"), said)
    page, rest = said[start : start + min(limit, MOST)], said[start + min(limit, MOST) :]
    answers = _answers(workspace, call)
    body: Json = {"messages": [_told(call, each, answers.get(each.ts, [])) for each in page], "has_more": bool(rest)}
    if rest:
        body["response_metadata"] = {"next_cursor": _cursor(rest[0])}
    return body


def _cursor(first: Message) -> str:
    """What names the first message of the next page."""
    return base64.b64encode(f"next_ts:{first.ts.replace('.', '')}".encode()).decode()


def _started(cursor: str, said: Sequence[Message]) -> int:
    """Where the page begins: messages that came or went since the page before do not shift it."""
    if not cursor:
        return 0
    try:
        name, _, number = base64.b64decode(cursor, validate=True).decode().partition(":")
    except (binascii.Error, ValueError) as error:
        raise Refused("invalid_cursor") from error
    if name != "next_ts" or not number.isdecimal():
        raise Refused("invalid_cursor")
    falling = len(said) > 1 and _micros(said[0].ts) > _micros(said[-1].ts)
    reached = (
        n for n, each in enumerate(said) if (_micros(each.ts) <= int(number) if falling else _micros(each.ts) >= int(number))
    )
    return next(reached, len(said))


def _answers(workspace: Workspace, call: Call) -> Mapping[str, list[str]]:
    """The ts of the replies in each thread of the channel, the oldest first."""
    found: dict[str, list[str]] = defaultdict(list)
    for said in workspace.talk.history(call.text("channel")):
        if said.thread:
            found[said.thread].append(said.ts)
    return found


def _told(call: Call, said: Message, answers: Sequence[str]) -> Json:
    body = told(said)
    if yes(call.args.get("include_all_metadata")) and said.metadata:
        body["metadata"] = dict(said.metadata)
    if answers:
        body |= {"thread_ts": said.ts, "reply_count": len(answers), "latest_reply": answers[-1]}
    return body
