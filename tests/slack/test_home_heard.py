"""App Home on the wire: what is heard of it, by whom it may be seen, and presses that belong to no message."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.inbox import Inbox
from bot.ports import ChatError
from bot.slack.alert_value import value_of
from bot.slack.heard import Opened, Place, Press
from bot.slack.identity import Identity
from bot.slack.listeners import UNREADABLE, http_handler, make_app
from bot.slack.modal import kept_in, kept_text
from bot.slack.payloads import Unreadable, heard_home, heard_press
from bot.slack.refusals import refusal
from bot.slack.roles import DEACTIVATED, EXTERNAL, UNREACHABLE, Roles
from commands.typed import BadInput
from tests.slack.alert_office import SECRET
from tests.slack.test_listeners import FakeAlerts
from tests.slack.wire import FORM, FakeDesk, interactive, numbers

ME = Identity("U0PAYBOT", "B0PAYBOT", "T0SHOP")
VIEW = {"id": "V0HOME", "type": "home"}


def opened(**changed: Any) -> dict[str, Any]:
    event = {"type": "app_home_opened", "user": "U0DANA", "channel": "D0DANA", "tab": "home", **changed}
    return {"type": "event_callback", "event_id": f"Ev{next(numbers)}", "team_id": "T0SHOP", "event": event}


def in_home(action: str = "home.zone", **changed: Any) -> dict[str, Any]:
    chosen = {"type": "static_select", "action_id": action, "block_id": "b", "selected_option": {"value": "Asia/Tokyo"}}
    return {
        "type": "block_actions",
        "trigger_id": f"{next(numbers)}.2.abc",
        "user": {"id": "U0DANA", "team_id": "T0SHOP"},
        "team": {"id": "T0SHOP"},
        "container": {"type": "view", "view_id": "V0HOME"},
        "view": VIEW,
        "actions": [chosen],
        **changed,
    }


@dataclass
class FakeHome:
    """Keeps what it hears."""

    heard: list[Opened | Press] = field(default_factory=list)

    def opened(self, heard: Opened) -> None:
        self.heard.append(heard)

    def press(self, heard: Press) -> None:
        self.heard.append(heard)


def said_to(home: FakeHome, alerts: FakeAlerts, body: bytes, kind: str = FORM) -> Any:
    handle = http_handler(make_app(FakeDesk(), Inbox(), lambda: ME, alerts, home))
    replies = [handle(body, {"content-type": kind}) for _ in range(2)]
    assert [reply.status for reply in replies] == [200, 200]
    return json.loads(replies[0].body or b"{}")


def test_an_opening_is_heard_once() -> None:
    """Also where Slack brings the event again."""
    home = FakeHome()
    said_to(home, FakeAlerts(), json.dumps(opened()).encode(), "application/json")
    assert home.heard == [Opened("U0DANA", "T0SHOP")]


def test_the_other_tab_of_the_app_is_not_home() -> None:
    """Who opens the messages is shown nothing."""
    assert heard_home(opened(tab="messages")) is None


def test_a_choice_in_home_reaches_home() -> None:
    """With who chose, and what; there is no message and no channel."""
    home = FakeHome()
    said_to(home, FakeAlerts(), interactive(in_home()))
    (press,) = home.heard
    assert isinstance(press, Press)
    assert (press.action, press.value, press.user, press.team) == ("home.zone", "Asia/Tokyo", "U0DANA", "T0SHOP")
    assert (press.place.channel, press.ts, press.response_url) == ("", "", "")


def test_an_alert_s_button_in_home_reaches_the_alerts() -> None:
    """The same desk acts on it as on a message's."""
    home, alerts = FakeHome(), FakeAlerts()
    said_to(home, alerts, interactive(in_home("alert.acknowledge")))
    assert [heard.action for heard in alerts.heard if isinstance(heard, Press)] == ["alert.acknowledge"]
    assert home.heard == []


@pytest.mark.parametrize(("ticked", "value"), [([{"value": "only-me"}], "only-me"), ([], "")])
def test_a_checkbox_is_read_as_it_stands(ticked: list[Any], value: str) -> None:
    """Ticked it has its value, else none."""
    box = {"type": "checkboxes", "action_id": "home.only_me", "selected_options": ticked}
    assert heard_press(in_home(actions=[box])).value == value


@pytest.mark.parametrize("view", [{"type": "modal"}, {}, None, "home"])
def test_a_press_in_another_view_is_unreadable(view: object) -> None:
    """Only Home has presses without a message."""
    with pytest.raises(Unreadable):
        heard_press(in_home(view=view))
    assert said_to(FakeHome(), FakeAlerts(), interactive(in_home(view=view)))["text"] == UNREADABLE


def test_a_snooze_written_after_a_press_in_home_is_read() -> None:
    """It names no place; one that names half a place is not ours."""
    pressed = Press("alert.snooze", value_of(SECRET, "0" * 16, 1, "other"), "U0DANA", "T0SHOP", Place(""), "", "")
    kept = kept_in(kept_text(pressed, pressed.value))
    assert (kept.value, kept.place.channel, kept.response_url) == (pressed.value, "", "")
    half = Press("alert.snooze", pressed.value, "U0DANA", "T0SHOP", Place("C0HOME"), "", "")
    with pytest.raises(BadInput):
        kept_in(kept_text(half, half.value))


@dataclass
class Directory:
    """One person, as Slack tells them; away when told so."""

    known: dict[str, Any]
    error: ChatError | None = None

    def person(self, user: str) -> dict[str, Any]:
        if self.error:
            raise self.error
        return {"id": user, "team_id": "T0SHOP", **self.known}

    def members(self, group: str) -> tuple[str, ...]:
        return ()


def stranger(known: dict[str, Any], error: ChatError | None = None, own: str = "T0SHOP", team: str = "T0SHOP") -> str:
    return Roles(Directory(known, error), (), lambda: own).stranger("U0DANA", team)


def test_whoever_may_run_the_command_sees_numbers() -> None:
    """Members and guests of the workspace; nobody who is at home elsewhere, and nobody while Slack cannot say."""
    assert stranger({}) == ""
    assert stranger({"is_restricted": True}) == ""
    assert stranger({"team_id": "T0BANK"}, team="T0BANK") == EXTERNAL
    assert stranger({"deleted": True}) == DEACTIVATED
    assert stranger({}, error=refusal("service_unavailable")) == UNREACHABLE
    assert stranger({}, own="") == UNREACHABLE
