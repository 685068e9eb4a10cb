"""`files.*`: an upload in Slack's three steps, and whether the file is ready."""

from __future__ import annotations

from sandbox.workspace.cast import BOT
from sandbox.workspace.conversations import Message
from sandbox.workspace.files import File
from sandbox.workspace.methods.call import Call, Json, joined, thread_of
from sandbox.workspace.refused import Refused
from sandbox.workspace.view import path
from sandbox.workspace.workspace import Workspace


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
    channel = joined(workspace, call.text("channel_id")) if call.text("channel_id") else None
    files = [workspace.files.complete(str(each.get("id")), str(each.get("title") or "")) for each in wanted]
    done = [file for file in files if file]
    if len(done) < len(files):
        raise Refused("file_not_found")
    if channel:
        thread_ts = thread_of(workspace, channel.id, call.text("thread_ts"))
        shared = tuple(file.id for file in done)
        workspace.talk.say(Message(channel.id, BOT.id, call.text("initial_comment"), thread_ts=thread_ts, files=shared))
    return {"files": [_told_file(workspace, file, call.home) for file in done]}


def files_info(workspace: Workspace, call: Call) -> Json:
    file = workspace.files.find(call.text("file"))
    if file is None or file.completed_at is None:
        raise Refused("file_not_found")
    return {"file": _told_file(workspace, file, call.home)}


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
