"""Alerts in the page, in a real browser: the message's life, its menu and its modal, and who was paged."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from sandbox.workspace.cast import DANA, HOME, LEA, TOM
from tests.sandbox.stub_bot import NOON, Heard, Json, SmallSlack, StubBot, small_slack
from tests.sandbox.test_views import VIEW, asking, words

MENU = ("15 min", "1 h", "other length …")
PAGED: Json = {
    "service": "PagerDuty",
    "id": "PSBX4711",
    "who": "Dana Weber",
    "what": "Checkout success rate: 93.9 %, below 97 %",
    "when": NOON.timestamp(),
    "status": "triggered",
    "url": "",
}


@pytest.fixture
def slack() -> Iterator[SmallSlack]:
    """A small Slack whose bot refuses every length but 45m, and takes it then."""

    def answer(heard: Heard) -> tuple[int, bytes]:
        if b"view_submission" not in heard.body:
            return 200, b""
        values = heard.payload["view"]["state"]["values"]
        wrong = {"response_action": "errors", "errors": {"length": "That is no length of time: write 45m."}}
        return 200, b"" if values["length"]["length"]["value"] == "45m" else json.dumps(wrong).encode()

    with small_slack(StubBot(answer)) as served:
        yield served


def alert(said: str = "Checkout success rate is 93.9 %, below 97 %", *, over: bool = False) -> list[Json]:
    """Blocks like those of paybot's alerts."""
    button = {"type": "button", "text": words("Acknowledge"), "action_id": "alert.acknowledge", "value": "v", "style": "primary"}
    options = [{"text": words(text), "value": text} for text in MENU]
    menu = {"type": "static_select", "placeholder": words("Snooze"), "action_id": "alert.snooze", "options": options}
    runbook = {"type": "button", "text": words("Runbook"), "action_id": "alert.runbook", "url": "http://127.0.0.1/runbook"}
    fields = [
        {"type": "mrkdwn", "text": f"*{label}*\n{text}"} for label, text in (("Since", "13:00"), ("Owner", "Commerce Backend"))
    ]
    return [
        {"type": "section", "text": {"type": "mrkdwn", "text": f"*{said}*"}},
        {"type": "section", "fields": fields},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "checkout-success-rate · prod"}]},
        {"type": "actions", "elements": [runbook] if over else [button, menu, runbook]},
    ]


def snoozing(page: Page, slack: SmallSlack, **changes: Any) -> None:
    """Chooses "other length …" in an alert's menu; the bot opens its modal."""
    slack.post(text="fires", blocks=alert())
    page.locator("[data-action='alert.snooze']").focus()
    page.locator("[data-action='alert.snooze']").select_option("other length …")
    trigger = slack.bot.await_heard(1)[0].payload["trigger_id"]
    assert slack.call("views.open", trigger_id=trigger, view=VIEW | changes)["ok"]
    expect(page.get_by_role("dialog", name="Snooze this alert")).to_be_visible()


def test_an_alert_is_edited_where_it_stands(page: Page, slack: SmallSlack) -> None:
    """When it is over the same message says so, with "(edited)", and a note hangs below it."""
    ts = slack.post(text="fires", blocks=alert())["ts"]
    slack.post(text="Recovered after 12 min.", thread_ts=ts)
    slack.call("chat.update", channel=HOME.id, ts=ts, text="over", blocks=alert("Resolved: checkout is at 98.2 %", over=True))
    message = page.locator("#messages .message")
    expect(message).to_have_count(1)
    expect(message).to_contain_text("Resolved: checkout is at 98.2 %")
    expect(message.locator(".edited")).to_have_text("(edited)")
    expect(message.get_by_role("button", name="Acknowledge")).to_have_count(0)
    page.get_by_role("button", name=re.compile("1 reply")).click()
    expect(page.locator("#thread .message").last).to_contain_text("Recovered after 12 min.")


def test_signs_of_state_are_drawn(page: Page, slack: SmallSlack) -> None:
    """They are pictures with names, whatever fonts a machine has; what is copied is the sign itself."""
    slack.post(text="fires", blocks=alert("🔴 Checkout success rate: firing"))
    sign = page.get_by_role("img", name="red circle")
    expect(sign).to_have_css("background-color", "rgb(221, 46, 68)")
    expect(sign).to_have_text("🔴")


def test_keys_open_a_menu_and_choose_nothing(page: Page, slack: SmallSlack) -> None:
    """An arrow at a closed menu snoozes nothing: it opens, and only what is chosen in it counts."""
    slack.post(text="fires", blocks=alert())
    menu = page.get_by_role("combobox", name="Snooze")
    menu.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    page.keyboard.press("Escape")
    expect(menu).to_be_focused()
    page.get_by_role("button", name="Acknowledge").press("Enter")
    assert [heard.payload["actions"][0]["action_id"] for heard in slack.bot.await_heard(1)] == ["alert.acknowledge"]


def test_a_modal_says_what_is_wrong_and_closes_when_all_is_well(page: Page, slack: SmallSlack) -> None:
    """The bot's words stand at the input, which is told to be invalid and has the focus; then the focus is back at the menu."""
    snoozing(page, slack)
    field = page.get_by_label("For how long?")
    field.fill("soon")
    field.press("Enter")
    expect(page.get_by_text("That is no length of time: write 45m.")).to_be_visible()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    field.fill("45m")
    page.get_by_role("button", name="Snooze", exact=True).click()
    expect(page.locator("#modal")).to_be_hidden()
    expect(page.locator("[data-action='alert.snooze']")).to_be_focused()


def test_what_is_required_is_told_without_the_bot(page: Page, slack: SmallSlack) -> None:
    """Slack's own words, at the input."""
    snoozing(page, slack)
    page.get_by_label("For how long?").press("Enter")
    expect(page.get_by_text("Please complete this required field.")).to_be_visible()
    assert len(slack.bot.heard) == 1


@pytest.mark.parametrize("way", ["Escape", "Cancel", "Close"])
def test_a_modal_can_be_left(page: Page, slack: SmallSlack, way: str) -> None:
    """By key or button; the bot hears nothing."""
    snoozing(page, slack)
    if way == "Escape":
        page.keyboard.press("Escape")
    else:
        page.locator("#modal").get_by_role("button", name=way, exact=True).click()
    expect(page.locator("#modal")).to_be_hidden()
    assert len(slack.bot.heard) == 1


def test_every_kind_of_input_is_filled_in(page: Page, slack: SmallSlack) -> None:
    """Text, choices, a date and a time come to the bot as Slack tells them."""
    options = [{"text": words(text), "value": text} for text in ("one", "two")]
    kinds = ("plain_text_input", "static_select", "radio_buttons", "checkboxes", "datepicker", "timepicker")
    menus = {kind: {"options": options} for kind in kinds[1:4]}
    blocks = [asking(kind, f"The {kind}", type=kind, **menus.get(kind, {})) for kind in kinds]
    snoozing(page, slack, blocks=[*blocks, asking("length", "Length", multiline=True)])
    page.get_by_label("The plain_text_input").fill("words")
    page.get_by_label("The static_select").select_option("two")
    page.get_by_role("radio", name="one").check()
    page.get_by_role("checkbox", name="two").check()
    page.get_by_label("The datepicker").fill("2026-11-23")
    page.get_by_label("The timepicker").fill("09:00")
    page.get_by_label("Length").fill("45m")
    page.get_by_role("button", name="Snooze", exact=True).click()
    values = slack.bot.await_heard(2)[1].payload["view"]["state"]["values"]
    state = {kind: list(values[kind][kind].values())[1] for kind in kinds}
    assert state == {
        "plain_text_input": "words",
        "static_select": options[1],
        "radio_buttons": options[0],
        "checkboxes": [options[1]],
        "datepicker": "2026-11-23",
        "timepicker": "09:00",
    }


def test_a_modal_fits_a_phone(page: Page, slack: SmallSlack) -> None:
    """Nothing of it is beside the screen, and its buttons are in sight."""
    page.set_viewport_size({"width": 360, "height": 640})
    snoozing(page, slack, blocks=[asking(f"b{number}", f"Question {number}") for number in range(12)])
    box = page.locator("#modal").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360
    expect(page.get_by_role("button", name="Cancel")).to_be_in_viewport()


def test_the_drawer_tells_who_was_paged(page: Page, slack: SmallSlack) -> None:
    """Who, for what, by whom and how it stands; nobody where nobody was."""
    page.get_by_role("button", name="Sandbox", exact=True).click()
    expect(page.locator("#pages")).to_have_text("Nobody yet.")
    slack.pagers.pages.append(dict(PAGED))
    expect(page.locator("#pages li")).to_contain_text("Dana Weber")
    expect(page.locator("#pages li")).to_contain_text("PagerDuty · Sun 22 Nov, 13:00")
    expect(page.locator("#pages .state")).to_have_text("Triggered")


def test_a_page_is_acknowledged_and_resolved_in_the_drawer(page: Page, slack: SmallSlack) -> None:
    """By the person that one acts as; what is over has no buttons."""
    slack.pagers.pages.append(dict(PAGED))
    page.get_by_role("button", name="Sandbox", exact=True).click()
    page.get_by_role("button", name="Acknowledge: Checkout").click()
    expect(page.locator("#pages .state")).to_have_text("Acknowledged")
    page.get_by_role("button", name="Resolve: Checkout").click()
    expect(page.locator("#pages .state")).to_have_text("Resolved")
    expect(page.locator("#pages button")).to_have_count(0)
    assert slack.pagers.handled == [("PagerDuty", "PSBX4711", action, DANA.id) for action in ("acknowledge", "resolve")]


def test_a_page_that_is_not_there_cannot_be_handled(slack: SmallSlack) -> None:
    """Neither by an unknown name, nor by nobody, nor in another way."""
    slack.pagers.pages.append(dict(PAGED))
    path = "pages/PagerDuty/PSBX4711"
    assert slack.do("pages/PagerDuty/P1", user=DANA.id, action="resolve")["error"] == "no_such_switch"
    assert slack.do(path, user="U0NOBODY001", action="resolve")["error"] == "invalid_arguments"
    assert slack.do(path, user=DANA.id, action="delete")["error"] == "invalid_arguments"


def test_whoever_is_not_in_a_channel_does_not_see_it(page: Page, slack: SmallSlack) -> None:
    """A guest and an external person have channels of their own; what is said elsewhere does not disturb their page."""
    page.locator(f"[data-person={LEA.id}]").click()
    expect(page.locator("#channels li")).to_have_count(2)
    page.locator(f"[data-person={TOM.id}]").click()
    expect(page.locator("#title")).to_have_text("# shared-northbank")
    slack.post(text="not for Tom")
    slack.say("for Tom", channel="C0NORTHBANK")
    expect(page.locator("#messages .message")).to_have_text(re.compile("for Tom"))
