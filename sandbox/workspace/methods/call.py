"""One call of the Web API, and what many methods read from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.workspace.cast import CHANNELS, Channel
from sandbox.workspace.refused import Refused
from sandbox.workspace.workspace import Workspace

Json = dict[str, Any]
UNREADABLE = {"blocks": "invalid_blocks_format", "metadata": "invalid_metadata_format", "view": "invalid_arguments"}


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
            raise Refused(UNREADABLE.get(name, "invalid_json")) from error


class TooFast(Exception):
    """The bot posts faster than Slack lets it."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"wait {wait_s} s")
        self.wait_s = wait_s


def channel_of(id_: str) -> Channel:
    """The channel of that ID. Raises Refused for one that is not there."""
    channel = CHANNELS.get(id_)
    if channel is None:
        raise Refused("channel_not_found")
    return channel


def joined(workspace: Workspace, id_: str) -> Channel:
    """A channel that the bot can write in. Raises Refused for any other."""
    channel = channel_of(id_)
    if channel.archived:
        raise Refused("is_archived")
    if not workspace.talk.has_bot(id_):
        raise Refused("not_in_channel")
    return channel


def thread_of(workspace: Workspace, channel: str, ts: str) -> str:
    """The thread's ts; that of its parent when a reply was named. Raises Refused for one that is not there."""
    if not ts:
        return ""
    parent = workspace.talk.find(channel, ts)
    if parent is None:
        raise Refused("thread_not_found")
    return parent.thread or ts
