"""A message as the page shows it: mrkdwn is already taken apart, so that the page only ever sets plain text."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from sandbox.workspace import mrkdwn
from sandbox.workspace.conversations import Message
from sandbox.workspace.files import File, Files

Json = dict[str, Any]


def shown(message: Message, files: Files) -> Json:
    """The message with its text and blocks as spans, and its files with the paths where they lie."""
    return {
        "channel": message.channel,
        "ts": message.ts,
        "thread_ts": message.thread,
        "user": message.user,
        "private_to": message.private_to,
        "edited": message.edited,
        "text": spans(message.text),
        "blocks": [part(block, files) for block in message.blocks],
        "files": [attachment(file) for id_ in message.files if (file := files.find(id_))],
    }


def modal(view: Json, files: Files) -> Json:
    """An open modal for the page: its texts as spans."""
    words = {key: part(view[key], files) for key in ("title", "submit", "close")}
    return {"id": view["id"], **words, "blocks": [part(block, files) for block in view["blocks"]]}


def home(view: Json | None, files: Files) -> Json | None:
    """A Home for the page: its texts as spans; None where nothing was published yet."""
    return {"id": view["id"], "blocks": [part(block, files) for block in view["blocks"]]} if view else None


def spans(text: str) -> list[Json]:
    """The parts of a mrkdwn text."""
    return [
        {"text": span.text, "kind": span.kind, "target": span.target, "styles": sorted(span.styles)}
        for span in mrkdwn.parse(text)
    ]


def part(value: Any, files: Files) -> Any:
    """A block, or a part of one: texts become spans, a picture's file becomes the path where it lies."""
    if isinstance(value, list):
        return [part(each, files) for each in value]
    if not isinstance(value, dict):
        return value
    if value.get("type") in ("mrkdwn", "markdown"):
        return {**value, "spans": spans(value["text"])}
    if value.get("type") == "plain_text":
        return {**value, "spans": [{"text": mrkdwn.plain(value["text"]), "kind": "text", "target": "", "styles": []}]}
    if "slack_file" in value:
        file = files.find(value["slack_file"]["id"])
        return {**value, "path": path(file) if file else ""}
    return {key: part(each, files) for key, each in value.items()}


def attachment(file: File) -> Json:
    return {"name": file.name, "title": file.title, "size": len(file.content), "type": file.mimetype, "path": path(file)}


def path(file: File) -> str:
    return f"/files/{file.id}/{quote(file.name, safe='')}"
