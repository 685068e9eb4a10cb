"""Modals: opened by the bot for whoever gave it a trigger_id, filled in, submitted and closed.

Limits: the view reference on docs.slack.dev.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.workspace.blocks import Faults, Kinds, faults_of, named, object_of, string, text_object
from sandbox.workspace.cast import APP_ID, BOT_ID, TEAM_ID
from sandbox.workspace.inputs import IN_MODALS
from sandbox.workspace.refused import Refused

MOST_BLOCKS = 100
MOST_BYTES = 250_000
MOST_VIEWS = 200
REQUIRED = "Please complete this required field."
KEPT = ("title", "submit", "close", "callback_id", "private_metadata", "external_id", "clear_on_close", "notify_on_close")
VALUES = {"datepicker": "selected_date", "timepicker": "selected_time", "plain_text_input": "value"}

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class View:
    """An open modal: for whom, and what it holds, as Slack tells it."""

    user: str
    body: Json

    @property
    def id(self) -> str:
        return str(self.body["id"])

    def inputs(self) -> Iterator[Json]:
        """Its blocks in which something can be filled in."""
        return (block for block in self.body["blocks"] if block["type"] == "input")


class Views:
    """The open modals; the oldest are forgotten. Used from the event loop's thread."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._open: dict[str, View] = {}

    def open(self, user: str, wanted: Any, ready: Callable[[str], bool]) -> View:
        """Opens a modal for `user`. `ready` says whether a file can be shown yet. Raises Refused."""
        view = View(user, self._told(check(wanted, ready), "V" + secrets.token_hex(5).upper()))
        self._open[view.id] = view
        if len(self._open) > MOST_VIEWS:
            self._open.pop(next(iter(self._open)))
        return view

    def change(self, view: View, wanted: Any, ready: Callable[[str], bool]) -> View:
        """Shows something else in an open modal. Raises Refused."""
        changed = View(view.user, self._told(check(wanted, ready), view.id))
        self._open[view.id] = changed
        return changed

    def find(self, id_: str, user: str) -> View:
        """The modal that `user` has before them. Raises Refused."""
        view = self._open.get(id_)
        if view is None or view.user != user:
            raise Refused("view_not_found")
        return view

    def close(self, view: View) -> None:
        self._open.pop(view.id, None)

    def _told(self, wanted: Json, id_: str) -> Json:
        return {
            "id": id_,
            "team_id": TEAM_ID,
            "type": "modal",
            "blocks": list(named(wanted["blocks"])),
            "state": {"values": {}},
            "hash": f"{int(self._now().timestamp())}.{secrets.token_hex(4)}",
            "previous_view_id": None,
            "root_view_id": id_,
            "app_id": APP_ID,
            "app_installed_team_id": TEAM_ID,
            "bot_id": BOT_ID,
            "submit": None,
            "close": None,
            "callback_id": "",
            "private_metadata": "",
            "external_id": "",
            "clear_on_close": False,
            "notify_on_close": False,
            **{key: wanted[key] for key in KEPT if key in wanted},
        }


def check(wanted: Any, ready: Callable[[str], bool]) -> Json:
    """The modal, if it keeps Slack's limits. Raises Refused."""
    return checked(wanted, lambda view: _faults(view, ready))


def checked(wanted: Any, faults_in: Callable[[Json], Faults]) -> Json:
    """The view, if it has no faults. Raises Refused: `invalid_arguments` with a json-pointer for each fault."""
    if not isinstance(wanted, dict):
        raise Refused("invalid_arguments", "must be an object [json-pointer:/view]")
    if len(json.dumps(wanted, ensure_ascii=False).encode()) > MOST_BYTES:
        raise Refused("view_too_large")
    if faults := tuple(faults_in(wanted)):
        raise Refused("invalid_arguments", *faults)
    return wanted


def _faults(view: Json, ready: Callable[[str], bool]) -> Faults:
    if view.get("type") != "modal":
        yield f"unsupported type: {view.get('type')} [json-pointer:/view/type]"
    yield from text_object(view, "title", 24, "/view", plain=True)
    for key in ("submit", "close"):
        if view.get(key) is not None:
            yield from text_object(view, key, 24, "/view", plain=True)
    yield from faults_of_content(view, ready, IN_MODALS)
    blocks = view["blocks"] if isinstance(view.get("blocks"), list) else []
    if not view.get("submit") and any(object_of(block).get("type") == "input" for block in blocks):
        yield "missing required field: submit [json-pointer:/view]"


def faults_of_content(view: Json, ready: Callable[[str], bool], allowed: Kinds) -> Faults:
    """What is wrong with that which every kind of view has: hidden texts and blocks."""
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
    yield from faults_of(blocks, ready, allowed, "/view/blocks")


def filled(view: View, typed: Mapping[str, Any]) -> tuple[Json, Json]:
    """The view with what was typed (by block_id) as its state, and what Slack itself finds wrong with that, by block_id.

    What can be chosen is looked up in the view, never taken from the page.
    """
    values: Json = {}
    wrong: Json = {}
    for block in view.inputs():
        element, said = block["element"], typed.get(block["block_id"])
        state = _state(element, said)
        values[block["block_id"]] = {element["action_id"]: state}
        fault = _fault(block, element, next(iter(list(state.values())[1:]), None))
        if fault:
            wrong[block["block_id"]] = fault
    return view.body | {"state": {"values": values}}, wrong


def _state(element: Json, said: Any) -> Json:
    kind = element["type"]
    if kind in VALUES:
        return {"type": kind, VALUES[kind]: str(said) if said else None}
    wanted = [str(each) for each in said] if isinstance(said, list) else [str(said)]
    chosen = [option for option in element["options"] if option["value"] in wanted]
    if kind == "checkboxes":
        return {"type": kind, "selected_options": chosen}
    return {"type": kind, "selected_option": chosen[0] if chosen else None}


def _fault(block: Json, element: Json, value: Any) -> str:
    if not value:
        return "" if block.get("optional") else REQUIRED
    if not isinstance(value, str):
        return ""
    low, high = element.get("min_length", 0), element.get("max_length", 3_000)
    if len(value) < low:
        return f"Please write at least {low} characters."
    return f"Please write at most {high} characters." if len(value) > high else ""


def shown_faults(view: View, told: Any) -> Json:
    """The error texts in the bot's answer to a submission, by block_id. Raises Refused where they fit no input of the view."""
    names = {block["block_id"] for block in view.inputs()}
    faults = {str(name): str(text) for name, text in object_of(told).items()}
    if not faults or not set(faults) <= names:
        raise Refused("dispatch_unknown_error")
    return faults
