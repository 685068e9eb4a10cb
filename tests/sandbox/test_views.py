"""Modals of the small Slack, over real HTTP: opened within three seconds, checked, filled in and submitted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.workspace.cast import DANA, HOME, MEI, SAM
from tests.sandbox.stub_bot import HTTP, Heard, Json, SmallSlack, StubBot, small_slack

BUTTON = {"type": "button", "action_id": "alert.snooze", "text": {"type": "plain_text", "text": "Snooze"}, "value": "v1"}
BUTTONS = [{"type": "actions", "block_id": "buttons", "elements": [BUTTON]}]


def words(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def asking(name: str, label: str, **element: Any) -> Json:
    field = {"type": "plain_text_input", "action_id": name} | element
    return {"type": "input", "block_id": name, "label": words(label), "element": field}


VIEW = {
    "type": "modal",
    "callback_id": "alert.snooze.length",
    "private_metadata": "kept",
    "title": words("Snooze this alert"),
    "submit": words("Snooze"),
    "close": words("Cancel"),
    "blocks": [asking("length", "For how long?", max_length=20)],
}


def trigger(slack: SmallSlack, user: str = DANA.id) -> str:
    """The trigger_id of a button that this person has pressed."""
    ts = slack.post(blocks=BUTTONS)["ts"]
    slack.do("press", user=user, channel=HOME.id, ts=ts, block_id="buttons", action_id="alert.snooze")
    return str(slack.bot.heard[-1].payload["trigger_id"])


def opened(slack: SmallSlack, user: str = DANA.id, **changes: Any) -> Json:
    told: Json = slack.call("views.open", trigger_id=trigger(slack, user), view=VIEW | changes)["view"]
    return told


def submit(slack: SmallSlack, view: Json, user: str = DANA.id, **values: Any) -> Json:
    return slack.do("submit", user=user, view=view["id"], values=values)


def answering(answer: Json | None) -> StubBot:
    """A bot that answers submissions with this, and everything else with nothing."""

    def answer_to(heard: Heard) -> tuple[int, bytes]:
        submitted = b"view_submission" in heard.body
        return 200, json.dumps(answer).encode() if submitted and answer is not None else b""

    return StubBot(answer_to)


def test_a_trigger_opens_one_modal(slack: SmallSlack) -> None:
    """Once: the second time it has been exchanged."""
    own = trigger(slack)
    view = slack.call("views.open", trigger_id=own, view=json.dumps(VIEW))["view"]
    assert view | {"type": "modal", "callback_id": "alert.snooze.length", "private_metadata": "kept"} == view
    assert slack.call("views.open", trigger_id=own, view=VIEW)["error"] == "exchanged_trigger_id"


def test_a_trigger_lives_for_three_seconds(slack: SmallSlack) -> None:
    """Whoever thinks longer opens nothing."""
    own = trigger(slack)
    slack.seconds += 3.1
    assert slack.call("views.open", trigger_id=own, view=VIEW)["error"] == "expired_trigger_id"


def test_a_command_has_a_trigger_too(slack: SmallSlack) -> None:
    """What somebody typed can be answered with a modal."""
    slack.say("/pay alerts")
    assert slack.call("views.open", trigger_id=slack.bot.heard[0].form["trigger_id"], view=VIEW)["ok"]


def test_a_trigger_has_its_shape(slack: SmallSlack) -> None:
    """What is none is told apart from one that is over; a call without one is incomplete."""
    assert slack.call("views.open", trigger_id="now", view=VIEW)["error"] == "invalid_trigger_id"
    assert slack.call("views.open", view=VIEW)["error"] == "invalid_arguments"


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"title": words("x" * 25)}, "must be less than 25 characters [json-pointer:/view/title/text]"),
        ({"title": None}, "missing required field: title [json-pointer:/view]"),
        ({"submit": None}, "missing required field: submit [json-pointer:/view]"),
        ({"type": "home"}, "unsupported type: home [json-pointer:/view/type]"),
        ({"private_metadata": "x" * 3_001}, "must be less than 3001 characters [json-pointer:/view/private_metadata]"),
        ({"blocks": []}, "missing required field: blocks [json-pointer:/view]"),
        ({"blocks": [{"type": "divider"}] * 101}, "no more than 100 items allowed [json-pointer:/view/blocks]"),
        ({"blocks": [{"type": "actions"}]}, "unsupported type: actions [json-pointer:/view/blocks/0]"),
        (
            {"blocks": [asking("a", "A", type="marquee")]},
            "unsupported type: marquee [json-pointer:/view/blocks/0/element]",
        ),
        ({"blocks": [asking("a", "")]}, "missing required field: text [json-pointer:/view/blocks/0/label]"),
        ({"blocks": [asking("a", "A")] * 2}, "`block_id` already exists [json-pointer:/view/blocks]"),
        (
            {"blocks": [asking("a", "A", max_length=9_000)]},
            "invalid length [json-pointer:/view/blocks/0/element/max_length]",
        ),
    ],
)
def test_a_faulty_view_is_pointed_at(slack: SmallSlack, changes: Json, fault: str) -> None:
    """The answer says where in the view the fault is."""
    refused = slack.call("views.open", trigger_id=trigger(slack), view=VIEW | changes)
    assert (refused["error"], refused["response_metadata"]["messages"]) == ("invalid_arguments", [f"[ERROR] {fault}"])


def test_a_view_can_be_too_large(slack: SmallSlack) -> None:
    """Slack takes 250 kB."""
    large = VIEW | {"blocks": [asking("a", "A"), {"type": "divider", "more": "x" * 250_001}]}
    assert slack.call("views.open", trigger_id=trigger(slack), view=large)["error"] == "view_too_large"


def test_a_submission_tells_what_was_filled_in(slack: SmallSlack) -> None:
    """The payload names who, the whole view with its state, and a new trigger; it has no channel and no message."""
    view = opened(slack)
    assert submit(slack, view, length="45m") == {"ok": True, "errors": {}}
    told = slack.bot.heard[-1].payload
    assert (told["type"], told["user"]["id"], told["view"]["private_metadata"]) == ("view_submission", DANA.id, "kept")
    assert told["view"]["state"]["values"] == {"length": {"length": {"type": "plain_text_input", "value": "45m"}}}
    assert slack.call("views.open", trigger_id=told["trigger_id"], view=VIEW)["ok"]
    assert "channel" not in told


def test_what_is_empty_or_too_long_is_told_at_once(slack: SmallSlack) -> None:
    """Slack says so itself; the bot hears nothing."""
    view = opened(slack)
    heard = len(slack.bot.heard)
    assert submit(slack, view)["errors"] == {"length": "Please complete this required field."}
    assert submit(slack, view, length="x" * 21)["errors"] == {"length": "Please write at most 20 characters."}
    assert len(slack.bot.heard) == heard


def test_choices_are_those_of_the_view(slack: SmallSlack) -> None:
    """What the page says is looked up in the view; what may be left out is null."""
    options = [{"text": words(text), "value": text} for text in ("15 min", "1 h")]
    menu = asking("menu", "Menu", type="static_select", options=options)
    boxes = asking("boxes", "Boxes", type="checkboxes", options=options)
    note = asking("note", "Note") | {"optional": True}
    submit(slack, opened(slack, blocks=[menu, boxes, note]), menu="1 h", boxes=["15 min", "never"])
    values = slack.bot.heard[-1].payload["view"]["state"]["values"]
    assert values["menu"]["menu"]["selected_option"] == options[1]
    assert values["boxes"]["boxes"]["selected_options"] == options[:1]
    assert values["note"]["note"]["value"] is None


def test_the_bots_errors_stand_at_their_inputs() -> None:
    """The modal stays open and can be submitted again."""
    with small_slack(answering({"response_action": "errors", "errors": {"length": "That is over already."}})) as slack:
        view = opened(slack)
        assert submit(slack, view, length="soon") == submit(slack, view, length="now")
        assert submit(slack, view, length="now")["errors"] == {"length": "That is over already."}


@pytest.mark.parametrize("answer", [None, {"response_action": "clear"}])
def test_a_taken_submission_closes_the_modal(answer: Json | None) -> None:
    """With an empty answer as with "clear"; afterwards there is none to submit."""
    with small_slack(answering(answer)) as slack:
        view = opened(slack)
        assert submit(slack, view, length="1h")["ok"]
        assert submit(slack, view, length="1h")["error"] == "view_not_found"


def test_a_modal_can_be_shown_anew() -> None:
    """With "update" the next submission is of the new view, under the same ID."""
    second = VIEW | {"blocks": [asking("why", "Why?")]}
    with small_slack(answering({"response_action": "update", "view": second})) as slack:
        view = opened(slack)
        submit(slack, view, length="1h")
        submit(slack, view, why="a drill")
        values = slack.bot.heard[-1].payload["view"]["state"]["values"]
    assert values["why"]["why"]["value"] == "a drill"


def test_errors_that_fit_no_input_are_a_fault() -> None:
    """As in Slack, where the person reads that something went wrong."""
    with small_slack(answering({"response_action": "errors", "errors": {"title": "No."}})) as slack:
        assert submit(slack, opened(slack), length="1h")["error"] == "dispatch_unknown_error"


def test_closing_is_not_told_to_the_bot(slack: SmallSlack) -> None:
    """The modal is gone, and nothing was submitted."""
    view = opened(slack)
    heard = len(slack.bot.heard)
    assert slack.do("close", user=DANA.id, view=view["id"])["ok"]
    assert (len(slack.bot.heard), submit(slack, view, length="1h")["error"]) == (heard, "view_not_found")


def test_a_modal_is_for_one(slack: SmallSlack) -> None:
    """It is shown to whoever pressed, and nobody else can submit it."""
    with HTTP.request("GET", f"{slack.url}/sandbox/events?user={SAM.id}", preload_content=False) as stream:
        lines = iter(stream)
        next(lines)
        opened(slack, MEI.id)
        view = opened(slack, SAM.id)
        told = next(event for line in lines if b'"view"' in line and (event := json.loads(line[5:]))["kind"] == "view")
    assert told["view"]["id"] == view["id"]
    assert submit(slack, view, MEI.id, length="1h")["error"] == "view_not_found"
