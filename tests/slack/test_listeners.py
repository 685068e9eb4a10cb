"""From a payload to the desk and back to an acknowledgement, through Bolt itself."""

from __future__ import annotations

import json
import logging
import re
import threading
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.inbox import Inbox
from bot.slack.heard import Command, Mention, Press, Submission
from bot.slack.identity import Identity
from bot.slack.listeners import APOLOGY, UNKNOWN_COMMAND, UNREADABLE, http_handler, make_app
from bot.slack.modal import INPUT, LENGTH
from bot.slack.server import Handler
from tests.slack.wire import FORM, FakeDesk, command, form, interactive, mention, numbers, press, recorded

ME = Identity("U0PAYBOT", "B0PAYBOT", "T0SHOP")


@dataclass
class FakeAlerts:
    """Keeps what it hears, and finds the same fault with whatever is written; fails with `bug` where one is given."""

    wrong: str = ""
    bug: Exception | None = None
    heard: list[Press | Submission] = field(default_factory=list)

    def press(self, heard: Press) -> None:
        self._keep(heard)

    def submitted(self, heard: Submission) -> str:
        self._keep(heard)
        return self.wrong

    def _keep(self, heard: Press | Submission) -> None:
        self.heard.append(heard)
        if self.bug:
            raise self.bug


def listening(desk: FakeDesk, me: Identity = ME) -> Handler:
    return http_handler(make_app(desk, Inbox(), lambda: me))


def acked(handle: Handler, body: bytes, content_type: str = FORM) -> Any:
    """The JSON of an acknowledgement, {} where there is none; it is always a 200."""
    reply = handle(body, {"content-type": content_type})
    assert reply.status == 200
    return json.loads(reply.body or b"{}")


def event(payload: dict[str, Any]) -> bytes:
    return json.dumps(payload).encode()


def test_a_command_is_acknowledged_with_the_desk_s_line() -> None:
    """The asker alone sees what the desk says, and the desk has heard the command."""
    desk = FakeDesk()
    ack = acked(listening(desk), form(command("checkout 6h")))
    assert ack == {"response_type": "ephemeral", "text": "Checking checkout, last 6 h …"}
    assert [heard.text for heard in desk.heard if isinstance(heard, Command)] == ["checkout 6h"]


def test_a_mention_reaches_the_desk() -> None:
    """A mention is heard without the bot's name."""
    desk = FakeDesk()
    acked(listening(desk), event(mention()), "application/json")
    assert [heard.text for heard in desk.heard if isinstance(heard, Mention)] == ["checkout 1h"]


def test_a_press_reaches_the_desk() -> None:
    """A button of an answer is heard with its value."""
    desk = FakeDesk()
    assert acked(listening(desk), interactive(press("answer.csv"))) == {}
    assert [(heard.action, heard.value) for heard in desk.heard if isinstance(heard, Press)] == [("answer.csv", "checkout 24h")]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [(form(command()), FORM), (event(mention()), "application/json"), (interactive(press()), FORM)],
    ids=["command", "mention", "press"],
)
def test_what_slack_brings_again_is_done_once(body: bytes, content_type: str) -> None:
    """Every delivery is acknowledged, the first is carried out."""
    desk = FakeDesk()
    handle = listening(desk)
    for _ in range(4):
        acked(handle, body, content_type)
    assert len(desk.heard) == 1


def test_equal_words_said_twice_are_two_commands() -> None:
    """Only a redelivery is dropped, not a person who asks again."""
    desk = FakeDesk()
    handle = listening(desk)
    acked(handle, form(command("checkout")))
    acked(handle, form(command("checkout")))
    assert len(desk.heard) == 2


@pytest.mark.parametrize("sign", [{"bot_id": "B0OTHER"}, {"user": "U0PAYBOT"}])
def test_the_bot_hears_neither_itself_nor_other_bots(sign: dict[str, str]) -> None:
    """No loop can start."""
    desk = FakeDesk()
    acked(listening(desk), event(mention(**sign)), "application/json")
    assert desk.heard == []


def test_commands_are_answered_while_slack_has_not_said_who_the_bot_is() -> None:
    """A Slack API that is down at the start delays no acknowledgement."""
    desk = FakeDesk()
    handle = listening(desk, Identity())
    assert "Checking" in acked(handle, form(command()))["text"]
    acked(handle, event(mention()), "application/json")
    assert [type(heard) for heard in desk.heard] == [Command, Mention]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (form(command(command="/refund")), UNKNOWN_COMMAND),
        (interactive(press("digest.take")), None),
        (interactive(press("answer.link.datadog")), None),
        (interactive({"type": "shortcut", "callback_id": "x", "trigger_id": "1.2.a"}), None),
        (event({"type": "event_callback", "event_id": "Ev1", "team_id": "T0SHOP", "event": {"type": "reaction_added"}}), None),
        (form(command(user_id="nobody")), UNREADABLE),
    ],
    ids=["command", "button", "link", "shortcut", "event", "unreadable"],
)
def test_what_nobody_listens_to_is_acknowledged_and_not_done(body: bytes, text: str | None) -> None:
    """Slack brings nothing again, nobody sees "dispatch_failed", and the desk is left alone."""
    desk = FakeDesk()
    content_type = "application/json" if body.startswith(b"{") else FORM
    assert acked(listening(desk), body, content_type).get("text") == text
    assert desk.heard == []


def test_slack_s_check_of_the_address_is_answered() -> None:
    """The challenge of url_verification comes back."""
    body = event({"type": "url_verification", "challenge": "3eZbrw1a"})
    assert acked(listening(FakeDesk()), body, "application/json") == {"challenge": "3eZbrw1a"}


def test_a_bug_at_the_desk_is_an_apology_with_a_reference(caplog: pytest.LogCaptureFixture) -> None:
    """The person gets eight digits, the log the traceback under them, once."""
    desk = FakeDesk(bug=KeyError("4242"))
    with caplog.at_level(logging.ERROR):
        text = acked(listening(desk), form(command()))["text"]
    (reference,) = re.findall(r"`([0-9a-f]{8})`", text)
    assert [reference in record.getMessage() for record in caplog.records] == [True]
    assert caplog.records[0].exc_info is not None
    assert "4242" not in text


@pytest.mark.parametrize("body", [b"[1, 2]", b"{", b"[" * 100_000, b"payload=%5B", b"payload=7"])
def test_what_is_no_payload_is_a_400(body: bytes) -> None:
    """Signed or not, it is refused before Bolt's listeners."""
    assert listening(FakeDesk())(body, {"content-type": "application/json" if body[:1] in b"[{" else FORM}).status == 400


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from([*mention(), *press(), *command()]), st.none() | st.text() | st.lists(st.none())))
def test_no_signed_json_makes_a_5xx(payload: dict[str, Any]) -> None:
    """Any object is acknowledged or refused."""
    assert listening(FakeDesk())(event(payload), {"content-type": "application/json"}).status in {200, 400}


def test_a_listener_runs_in_the_thread_of_its_request() -> None:
    """Bolt's five threads and its polling stand in nobody's way."""

    class Watching(FakeDesk):
        def command(self, heard: Command) -> str:
            ran_in.append(threading.current_thread())
            return super().command(heard)

    ran_in: list[threading.Thread] = []
    acked(listening(Watching()), form(command()))
    assert ran_in == [threading.current_thread()]


def test_bolt_holds_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bolt takes a token from the environment by itself; ours never uses one."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-planted")
    app = make_app(FakeDesk(), Inbox(), lambda: ME)
    assert "xoxb-planted" not in repr(vars(app)) + str(app.client.token)


def test_slack_s_recorded_payloads_are_understood() -> None:
    """A command and a press as Slack's own test data have them reach the desk."""
    desk = FakeDesk()
    handle = listening(desk)
    acked(handle, recorded("slack_slash_command_body.txt").strip().replace(b"%2Fhello-world", b"%2Fpay"))
    pressed = json.loads(recorded("slack_block_actions_payload.json"))
    pressed["actions"][0]["action_id"] = "answer.refresh"
    acked(handle, interactive(pressed))
    assert [type(heard) for heard in desk.heard] == [Command, Press]


def listening_to_alerts(alerts: FakeAlerts, desk: FakeDesk | None = None) -> Handler:
    return http_handler(make_app(desk or FakeDesk(), Inbox(), lambda: ME, alerts))


def submission(**changed: Any) -> dict[str, Any]:
    """What Slack sends when a person sends the form of the free snooze."""
    written = {INPUT: {INPUT: {"type": "plain_text_input", "value": "45m"}}}
    view = {"type": "modal", "callback_id": LENGTH, "private_metadata": "kept", "state": {"values": written}}
    trigger, user = f"{next(numbers)}.2.abc", {"id": "U0ANNA", "team_id": "T0SHOP"}
    made = {"type": "view_submission", "trigger_id": trigger, "user": user, "team": {"id": "T0SHOP"}, "view": view}
    return {**made, **changed}


@pytest.mark.parametrize(
    "action",
    [
        "alert.acknowledge",
        "alert.acknowledge.undo",
        "alert.snooze",
        "alert.snooze.end",
        "alert.escalate",
        "alert.runbook",
        "alert.new",
    ],
)
def test_a_button_of_an_alert_reaches_the_desk_for_alerts(action: str) -> None:
    """That desk alone, and the acknowledgement says nothing."""
    alerts, desk = FakeAlerts(), FakeDesk()
    assert acked(listening_to_alerts(alerts, desk), interactive(press(action))) == {}
    assert [heard.action for heard in alerts.heard if isinstance(heard, Press)] == [action]
    assert desk.heard == []


def test_a_choice_of_the_snooze_menu_is_heard_with_its_trigger() -> None:
    """The modal is opened by it."""
    alerts = FakeAlerts()
    chosen = {"type": "static_select", "action_id": "alert.snooze", "selected_option": {"value": "00.1.ab.other"}}
    acked(listening_to_alerts(alerts), interactive(press(actions=[chosen], trigger_id="5.2.abc")))
    assert [(heard.value, heard.trigger) for heard in alerts.heard if isinstance(heard, Press)] == [("00.1.ab.other", "5.2.abc")]


def test_a_modal_closes_where_nothing_is_wrong() -> None:
    """What was written and what was kept in it are heard, and who sent it."""
    alerts = FakeAlerts()
    assert acked(listening_to_alerts(alerts), interactive(submission())) == {}
    assert alerts.heard == [Submission("45m", "kept", "U0ANNA", "T0SHOP")]


def test_what_is_wrong_is_said_in_the_modal() -> None:
    """Under the input; each correction is heard anew."""
    alerts = FakeAlerts("That is over already.")
    handle = listening_to_alerts(alerts)
    for _ in range(2):
        ack = acked(handle, interactive(submission()))
        assert ack == {"response_action": "errors", "errors": {INPUT: "That is over already."}}
    assert len(alerts.heard) == 2


def test_alerts_presses_and_forms_that_come_again_are_done_once() -> None:
    """Slack repeats what it thinks was lost, and so might an attacker within the signature's time."""
    alerts = FakeAlerts()
    handle = listening_to_alerts(alerts)
    for body in (interactive(press("alert.escalate")), interactive(submission())):
        for _ in range(4):
            acked(handle, body)
    assert len(alerts.heard) == 2


def test_without_alerts_their_buttons_are_acknowledged() -> None:
    """A bot without a store says nothing, and Slack shows no error."""
    desk = FakeDesk()
    assert acked(listening(desk), interactive(press("alert.escalate"))) == {}
    assert desk.heard == []


@pytest.mark.parametrize(("changed", "words"), [({"user": {"id": "nobody"}}, UNREADABLE), ({}, APOLOGY[:20])])
def test_a_form_that_fails_stays_open_and_says_so(changed: dict[str, Any], words: str) -> None:
    """Unreadable or a bug of ours: what was typed is not lost."""
    ack = acked(listening_to_alerts(FakeAlerts(bug=KeyError("4242"))), interactive(submission(**changed)))
    assert ack["response_action"] == "errors"
    assert ack["errors"][INPUT].startswith(words)
    assert "4242" not in ack["errors"][INPUT]


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from([*submission(), "state", "actions"]), st.none() | st.text() | st.lists(st.none())))
def test_no_signed_form_makes_a_5xx(payload: dict[str, Any]) -> None:
    """Any object is acknowledged or refused."""
    body = interactive({**submission(), **payload})
    assert listening_to_alerts(FakeAlerts())(body, {"content-type": FORM}).status in {200, 400}


def test_messages_of_channels_are_acknowledged_unread(caplog: pytest.LogCaptureFixture) -> None:
    """Where the bot's echo is subscribed to, Slack brings what people write, too: no desk and no log line has it."""
    desk = FakeDesk()
    written = {**mention(), "event": {"type": "message", "channel_type": "group", "user": "U0ANNA", "text": "4242", "ts": "1.1"}}
    edited = {**mention(), "event": {"type": "message", "subtype": "message_changed", "channel": "C0PROBE", "ts": "1.1"}}
    with caplog.at_level(logging.INFO):
        for payload in (written, edited):
            assert acked(listening(desk), event(payload), "application/json") == {}
    assert desk.heard == []
    assert caplog.text == ""


def test_an_event_that_slack_brings_four_times_is_done_once() -> None:
    """Over HTTP it comes with the number of its retry, and always with the same ID."""
    desk, body = FakeDesk(), event(mention())
    handle = listening(desk)
    for number in range(4):
        retried = {"x-slack-retry-num": str(number), "x-slack-retry-reason": "http_timeout"} if number else {}
        assert handle(body, {"content-type": "application/json", **retried}).status == 200
    assert len(desk.heard) == 1
