"""The sandbox's `views.publish`, and Home as its people use it: in Slack's own shapes."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.workspace.cast import DANA, SAM
from tests.sandbox.stub_bot import SmallSlack

Json = dict[str, Any]
BUTTON: Json = {"type": "button", "action_id": "home.refresh", "text": {"type": "plain_text", "text": "Refresh"}}
OPTION: Json = {"text": {"type": "plain_text", "text": "Only me"}, "value": "only-me"}
BOXES: Json = {"type": "checkboxes", "action_id": "home.only_me", "options": [OPTION]}


def home(*blocks: Json, **changed: Any) -> Json:
    words: Json = {"type": "section", "text": {"type": "mrkdwn", "text": "Payments now"}}
    return {"type": "home", "blocks": list(blocks) or [words], **changed}


def publish(slack: SmallSlack, view: Json, user: str = DANA.id, **more: Any) -> Json:
    return slack.call("views.publish", user_id=user, view=view, **more)


def test_a_home_is_seen_by_its_person_alone(slack: SmallSlack) -> None:
    """Published anew it keeps its ID and gets another hash."""
    first, second = publish(slack, home()), publish(slack, home())
    assert first["view"]["type"] == "home"
    assert first["view"]["id"] == second["view"]["id"]
    assert first["view"]["hash"] != second["view"]["hash"]
    assert slack.workspace.homes.of(SAM.id) is None


@pytest.mark.parametrize(
    "view",
    [
        home(type="modal"),
        home(title={"type": "plain_text", "text": "No"}),
        home(*[{"type": "divider"}] * 101),
        home({"type": "input"}),
        home({"type": "section", "text": {"type": "mrkdwn", "text": "a"}, "accessory": {**BOXES, "initial_options": [{}]}}),
        {"type": "home"},
    ],
    ids=["modal", "title", "too long", "unknown block", "unknown option", "no blocks"],
)
def test_what_slack_would_refuse_is_refused(slack: SmallSlack, view: Json) -> None:
    """With a pointer to the fault, and nothing is shown."""
    told = publish(slack, view)
    assert (told["ok"], told["error"]) == (False, "invalid_arguments")
    assert "json-pointer" in told["errors"][0]
    assert slack.workspace.homes.of(DANA.id) is None


def test_a_hash_that_is_old_is_a_conflict(slack: SmallSlack) -> None:
    """The present one is taken."""
    hash_ = publish(slack, home())["view"]["hash"]
    assert publish(slack, home(), hash="1.old")["error"] == "hash_conflict"
    assert publish(slack, home(), hash=hash_)["ok"]


def test_nobody_has_a_home_who_is_not_there(slack: SmallSlack) -> None:
    """As Slack says it."""
    assert publish(slack, home(), user="U0NOBODY")["error"] == "user_not_found"


def test_opening_home_is_an_event_with_what_is_there(slack: SmallSlack) -> None:
    """The first time there is no view in it."""
    slack.do("home", user=DANA.id)
    publish(slack, home())
    slack.bot.await_heard(1)
    slack.do("home", user=DANA.id)
    first, second = (heard.payload["event"] for heard in slack.bot.await_heard(2))
    assert (first["type"], first["tab"], first["user"]) == ("app_home_opened", "home", DANA.id)
    assert "view" not in first
    assert second["view"]["type"] == "home"


def test_a_press_in_home_names_no_message(slack: SmallSlack) -> None:
    """It comes with the view, and with what was ticked."""
    row = {"type": "section", "block_id": "mine", "text": {"type": "mrkdwn", "text": "a"}, "accessory": BOXES}
    publish(slack, home(row, {"type": "actions", "block_id": "again", "elements": [BUTTON]}))
    assert slack.do("home/press", user=DANA.id, block_id="again", action_id="home.refresh")["ok"]
    assert slack.do("home/press", user=DANA.id, block_id="mine", action_id="home.only_me", value=["only-me", "forged"])["ok"]
    pressed, ticked = (heard.payload for heard in slack.bot.await_heard(2))
    assert pressed["container"] == {"type": "view", "view_id": pressed["view"]["id"]}
    assert not {"channel", "message", "response_url"} & set(pressed)
    assert ticked["actions"][0]["selected_options"] == [OPTION]


def test_what_is_not_in_a_home_cannot_be_pressed_there(slack: SmallSlack) -> None:
    """Neither in one's own nor where there is none."""
    publish(slack, home())
    assert slack.do("home/press", user=DANA.id, block_id="b0", action_id="home.refresh")["error"] == "action_not_found"
    assert slack.do("home/press", user=SAM.id, block_id="b0", action_id="home.refresh")["error"] == "view_not_found"
