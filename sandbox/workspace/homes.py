"""App Homes: what the bot has published for whom. Limits: the view reference on docs.slack.dev."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sandbox.workspace.blocks import BLOCKS, Faults, Json, faults_of, named, string
from sandbox.workspace.cast import APP_ID, BOT_ID, TEAM_ID
from sandbox.workspace.refused import Refused
from sandbox.workspace.views import MOST_BLOCKS, MOST_BYTES

IN_HOME = {kind: BLOCKS[kind] for kind in ("actions", "context", "divider", "header", "image", "rich_text", "section")}
KEPT = ("callback_id", "private_metadata", "external_id")


class Homes:
    """One view for each person that has one. Used from the event loop's thread."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._views: dict[str, Json] = {}

    def of(self, user: str) -> Json | None:
        """What the person sees, as Slack tells it; None where nothing was published yet."""
        return self._views.get(user)

    def publish(self, user: str, wanted: Any, hash_: str, ready: Callable[[str], bool]) -> Json:
        """Puts a view in the place of the person's. Raises Refused, also where `hash_` names another than the present one."""
        old = self._views.get(user)
        if hash_ and old and old["hash"] != hash_:
            raise Refused("hash_conflict")
        self._views[user] = view = self._told(check(wanted, ready), str(old["id"]) if old else "V" + secrets.token_hex(5).upper())
        return view

    def _told(self, wanted: Json, id_: str) -> Json:
        return {
            "id": id_,
            "team_id": TEAM_ID,
            "type": "home",
            "blocks": list(named(wanted["blocks"])),
            "private_metadata": "",
            "callback_id": "",
            "state": {"values": {}},
            "hash": f"{int(self._now().timestamp())}.{secrets.token_hex(4)}",
            "title": {"type": "plain_text", "text": "View Title", "emoji": True},
            "clear_on_close": False,
            "notify_on_close": False,
            "close": None,
            "submit": None,
            "previous_view_id": None,
            "root_view_id": id_,
            "app_id": APP_ID,
            "external_id": "",
            "app_installed_team_id": TEAM_ID,
            "bot_id": BOT_ID,
            **{key: wanted[key] for key in KEPT if key in wanted},
        }


def check(wanted: Any, ready: Callable[[str], bool]) -> Json:
    """The view, if it keeps Slack's limits. Raises Refused: `invalid_arguments` with a json-pointer for each fault."""
    if not isinstance(wanted, dict):
        raise Refused("invalid_arguments", "must be an object [json-pointer:/view]")
    if len(json.dumps(wanted, ensure_ascii=False).encode()) > MOST_BYTES:
        raise Refused("view_too_large")
    if faults := tuple(_faults(wanted, ready)):
        raise Refused("invalid_arguments", *faults)
    return wanted


def _faults(view: Json, ready: Callable[[str], bool]) -> Faults:
    if view.get("type") != "home":
        yield f"unsupported type: {view.get('type')} [json-pointer:/view/type]"
    for key in ("submit", "close", "title"):
        if view.get(key) is not None:
            yield f"additional property: {key} [json-pointer:/view]"
    for key, most in (("private_metadata", 3_000), ("callback_id", 255), ("external_id", 255)):
        if view.get(key):
            yield from string(view, key, most, "/view")
    blocks = view.get("blocks")
    if not isinstance(blocks, list) or not blocks or not all(isinstance(block, dict) for block in blocks):
        yield "missing required field: blocks [json-pointer:/view]"
        return
    if len(blocks) > MOST_BLOCKS:
        yield f"no more than {MOST_BLOCKS} items allowed [json-pointer:/view/blocks]"
    names = [block["block_id"] for block in blocks if "block_id" in block]
    if len(set(names)) < len(names):
        yield "`block_id` already exists [json-pointer:/view/blocks]"
    yield from faults_of(blocks, ready, IN_HOME, "/view/blocks")
