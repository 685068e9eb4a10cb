"""Every button with every kind of person, under every kind of settings, from every place: who may, and who may not."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.alerts.actions import Actions
from bot.slack.alert_buttons import ACKNOWLEDGE, END_SNOOZE, ESCALATE, RUNBOOK, SNOOZE, UNDO
from bot.slack.alert_desk import FREE_SNOOZE
from bot.slack.heard import Place
from bot.slack.modal import LENGTH
from bot.slack.roles import (
    BOT,
    DEACTIVATED,
    EXTERNAL,
    GUEST,
    NOT_NAMED,
    UNKNOWN,
    UNREACHABLE,
    Roles,
)
from bot.store import audit
from tests.alerts_actions.making import NOW, Scene, a_scene, episode, minutes
from tests.slack.alert_office import CHANNEL, TS, Office, press, value, written
from tests.slack.test_roles import FakeDirectory, person

TEAM, GROUP = "T0SHOP", "S0ONCALL"
ACKED = {"handling": "acked", "acked_by": "U0ELSE", "acked_at": NOW - minutes(5)}
SNOOZED = {"handling": "snoozed", "snoozed_by": "U0ELSE", "snoozed_until": NOW + minutes(60)}

# Each button: the state in which it stands, the menu's choice, and whether a press of somebody who may changes the alert.
BUTTONS: Mapping[str, tuple[Mapping[str, Any], str, bool]] = {
    ACKNOWLEDGE: ({}, "", True),
    UNDO: (ACKED, "", True),
    SNOOZE: ({}, "1h", True),
    FREE_SNOOZE: ({}, "other", False),  # it only opens the form
    LENGTH: ({}, "other", True),  # the form, sent
    END_SNOOZE: (SNOOZED, "", True),
    ESCALATE: ({}, "", True),
    RUNBOOK: ({}, "", False),
}
OPEN_TO_ALL = {FREE_SNOOZE, RUNBOOK}

# Each kind of person: what Slack says of them (None: it knows nobody; a code: it cannot be asked), and why they may not, ever.
PEOPLE: Mapping[str, tuple[Mapping[str, Any] | str | None, str]] = {
    "responder": ({}, ""),
    "member": ({}, ""),
    "guest": ({"is_restricted": True}, GUEST),
    "guest of one channel": ({"is_restricted": True, "is_ultra_restricted": True}, GUEST),
    "external": ({"team_id": "T0OTHER", "is_stranger": True}, EXTERNAL),
    "bot": ({"is_bot": True}, BOT),
    "deactivated": ({"deleted": True}, DEACTIVATED),
    "unknown": (None, UNKNOWN),
    "while Slack cannot be asked": ("timeout", UNREACHABLE),
}
# Each kind of settings: what `[roles] responder` names, and whether it lets a member in who is not a responder.
SETTINGS: Mapping[str, tuple[tuple[str, ...] | None, bool]] = {
    "unset": (None, True),
    "a group": ((GROUP,), False),
    "everybody by ID": (tuple(f"U{number:05}" for number in range(len(PEOPLE))), True),
}
PLACES: Mapping[str, Mapping[str, Any]] = {
    "its message": {},
    "its thread": {"ts": "1700000099.000100", "place": Place(CHANNEL, thread_ts=TS)},
    "a private list": {"ts": "1700000099.000200", "ephemeral": True, "place": Place("C0OTHER")},
}
USERS = {kind: f"U{number:05}" for number, kind in enumerate(PEOPLE)}
CELLS = list(itertools.product(BUTTONS, PEOPLE, SETTINGS, PLACES))
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One store for all cells: each has an alert of its own in it."""
    folder: Path = tmp_path_factory.mktemp("cells")
    with a_scene(folder) as scene:
        yield scene


def directory(kind: str) -> FakeDirectory:
    told, user = PEOPLE[kind][0], USERS[kind]
    if isinstance(told, str):
        return FakeDirectory(refuses=told)
    people = {user: person(user, **told)} if told is not None else {}
    return FakeDirectory(dict(people), {GROUP: (USERS["responder"],)})


def verdict(kind: str, named: str) -> str:
    """Why this person may not under these settings; "" where they may."""
    never, lets_members_in = PEOPLE[kind][1], SETTINGS[named][1]
    return never or ("" if kind == "responder" or lets_members_in else NOT_NAMED)


def pressed(scene: Scene, button: str, kind: str, named: str, place: str, known_as: str) -> list[str]:
    """What the person reads who presses."""
    roles = Roles(directory(kind), SETTINGS[named][0], lambda: TEAM, lambda: 0.0)
    office = Office(Actions(scene.database, roles, lambda: None, lambda: NOW, pages=True))
    carried = value(BUTTONS[button][1], known_as=known_as)
    if button == LENGTH:
        assert office.desk().submitted(written("1h", carried, USERS[kind], **PLACES[place])) == ""
    else:
        office.desk().press(press(button, carried, USERS[kind], **PLACES[place]))
    return [line for _, line in office.told.lines]


@pytest.mark.parametrize(("button", "kind", "named", "place"), CELLS)
def test_each_cell(shared: Scene, button: str, kind: str, named: str, place: str) -> None:
    """Who may changes the alert; who may not reads why and changes nothing; both stand in the audit."""
    known_as, (state, _, changes) = f"{next(numbers):016x}", BUTTONS[button]
    was = episode(id=known_as, number=int(known_as, 16), channel=CHANNEL, ts=TS, **state)
    shared.has(was)
    said, refused = pressed(shared, button, kind, named, place, known_as), verdict(kind, named)
    allowed = not refused or button in OPEN_TO_ALL
    assert (shared.found(known_as) != was) == bool(shared.owed(known_as)) == (allowed and changes)
    assert (said == [refused]) == (not allowed)
    with shared.database.begin() as conn:
        (row,) = audit.entries(conn, known_as)
    assert (row.who, row.outcome == "refused") == (USERS[kind], not allowed)


def test_every_button_has_its_row() -> None:
    """A new action that nobody thought about here fails."""
    assert set(BUTTONS) == Office(Actions.__new__(Actions)).desk().actions | {LENGTH}
    assert len(CELLS) >= 500
