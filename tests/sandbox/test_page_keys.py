"""The page by keyboard: typing, hints, and where the focus stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from sandbox.workspace.cast import HOME
from tests.sandbox.browsing import FIELD, answer
from tests.sandbox.stub_bot import SmallSlack, StubBot, small_slack


@pytest.fixture
def slack() -> Iterator[SmallSlack]:
    def answer(heard: Any) -> tuple[int, bytes]:
        return 200, json.dumps({"text": "Checking *checkout* …"}).encode() if b"command=" in heard.body else b""

    with small_slack(StubBot(answer)) as served:
        yield served


def test_typing_a_command_shows_hints(page: Page) -> None:
    """`/pay ch` offers commands; Tab completes the first one."""
    page.fill(FIELD, "/pay ch")
    expect(page.get_by_role("option")).not_to_have_count(0)
    page.press(FIELD, "Tab")
    expect(page.locator(FIELD)).to_have_value("/pay checkout 6h")


def test_arrows_choose_a_hint_and_enter_takes_it(page: Page, slack: SmallSlack) -> None:
    """Enter on a chosen hint completes, and does not send."""
    page.fill(FIELD, "/pay ch")
    page.press(FIELD, "ArrowDown")
    page.press(FIELD, "ArrowDown")
    page.press(FIELD, "Enter")
    expect(page.locator(FIELD)).to_have_value("/pay checkout 24h vs yesterday")
    assert slack.bot.heard == []


def test_enter_sends_and_the_ack_is_a_private_line(page: Page) -> None:
    """What the bot answers at once stands there as visible to the asker only."""
    page.fill(FIELD, "/pay checkout 6h")
    page.press(FIELD, "Enter")
    line = page.locator(".message.private")
    expect(line).to_contain_text("Only visible to you")
    expect(line).to_contain_text("Checking checkout …")
    expect(page.locator(FIELD)).to_have_value("")


def test_arrow_up_recalls_what_was_sent(page: Page) -> None:
    """As in a shell."""
    page.fill(FIELD, "hello there")
    page.press(FIELD, "Enter")
    page.press(FIELD, "ArrowUp")
    expect(page.locator(FIELD)).to_have_value("hello there")


def test_an_edited_message_keeps_the_focus(page: Page, slack: SmallSlack) -> None:
    """Whoever pressed a button by keyboard can press the next one: the button is drawn anew and still has the focus."""
    ts = answer(slack)
    page.get_by_role("button", name="Refresh").press("Enter")
    slack.bot.await_heard(1)
    button = {"type": "button", "action_id": "answer.refresh", "text": {"type": "plain_text", "text": "Again"}, "value": "v"}
    slack.call("chat.update", channel=HOME.id, ts=ts, text="x", blocks=[{"type": "actions", "elements": [button]}])
    expect(page.get_by_role("button", name="Again")).to_be_focused()


def test_escape_closes_what_is_nearest(page: Page, slack: SmallSlack) -> None:
    """First the hints, then the thread, whose message then has the focus."""
    answer(slack)
    page.get_by_role("button", name="Reply in thread").press("Enter")
    field = page.locator("#thread-composer textarea")
    field.fill("/pay")
    field.press("Escape")
    expect(field).to_be_visible()
    field.press("Escape")
    expect(field).to_be_hidden()
    expect(page.get_by_role("button", name="Reply in thread")).to_be_focused()


def test_escape_leaves_an_enlarged_picture(page: Page, slack: SmallSlack) -> None:
    """A picture is enlarged by Enter, and Escape goes back to it."""
    answer(slack)
    page.locator(".picture").press("Enter")
    expect(page.locator("#enlarged")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#enlarged")).to_be_hidden()
    expect(page.locator(".picture")).to_be_focused()
