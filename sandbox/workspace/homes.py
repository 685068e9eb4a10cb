"""App Homes: what the bot has published for whom. Limits: the view reference on docs.slack.dev."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sandbox.workspace.blocks import BLOCKS, Faults, Json, named
from sandbox.workspace.cast import APP_ID, BOT_ID, TEAM_ID
from sandbox.workspace.refused import Refused
from sandbox.workspace.views import checked, faults_of_content

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
    """The Home, if it keeps Slack's limits. Raises Refused."""
    return checked(wanted, lambda view: _faults(view, ready))


def _faults(view: Json, ready: Callable[[str], bool]) -> Faults:
    if view.get("type") != "home":
        yield f"unsupported type: {view.get('type')} [json-pointer:/view/type]"
    for key in ("submit", "close", "title"):
        if view.get(key) is not None:
            yield f"additional property: {key} [json-pointer:/view]"
    yield from faults_of_content(view, ready, IN_HOME)
