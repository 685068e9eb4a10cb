"""The sandbox's message menu and its chart block: the payload, the limits, and both in a real browser."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from bot.manifest import SHORTCUT
from bot.slack.native_chart import native_charts
from bot.slack.payloads import heard_shortcut
from sandbox.workspace.blocks import check
from sandbox.workspace.cast import DANA, HOME, LEA
from sandbox.workspace.refused import Refused
from tests.sandbox.stub_bot import HTTP, SmallSlack
from tests.slack.test_native_chart import bars, picture


def message(page: Page, text: str) -> Any:
    return page.locator("#messages > li").filter(has_text=text)


# --- the shortcut ---


def test_the_payload_is_a_message_action(slack: SmallSlack) -> None:
    """With the whole message, who used it where, and a trigger and a response_url of its own; paybot can read it."""
    ts = str(slack.say("Is checkout down?")["ts"])
    assert slack.do("shortcut", user=LEA.id, channel=HOME.id, ts=ts)["ok"]
    payload = slack.bot.await_heard(1)[0].payload
    assert (payload["type"], payload["callback_id"], payload["message_ts"]) == ("message_action", "then", ts)
    assert payload["message"]["text"] == "Is checkout down?"
    heard = heard_shortcut(payload)
    assert (heard.user, heard.place.channel, heard.place.thread_ts, heard.ts) == (LEA.id, HOME.id, ts, ts)


def test_of_a_reply_the_thread_is_told_and_answered(slack: SmallSlack) -> None:
    """The payload names the thread, and a private line by the response_url stands in it."""
    root = str(slack.say("Is checkout down?")["ts"])
    ts = str(slack.say("It was at noon.", thread_ts=root)["ts"])
    slack.do("shortcut", user=DANA.id, channel=HOME.id, ts=ts)
    heard = heard_shortcut(slack.bot.await_heard(1)[0].payload)
    assert heard.place.thread_ts == root
    HTTP.request("POST", heard.response_url, json={"text": "Only for you."})
    assert [said["thread_ts"] for said in slack.seen() if said["private_to"] == DANA.id] == [root]


def test_a_private_line_has_no_shortcuts(slack: SmallSlack) -> None:
    """Nor has a message that is not there: Slack offers none."""
    assert slack.do("shortcut", user=DANA.id, channel=HOME.id, ts="1.000001")["error"] == "message_not_found"


def test_the_menu_of_a_message_uses_it(page: Page, slack: SmallSlack) -> None:
    """Pointed at, a message shows its menu; the entry has the manifest's name, and the bot hears of the message."""
    ts = str(slack.say("Is checkout down?")["ts"])
    said = message(page, "Is checkout down?")
    said.hover()
    said.get_by_label("More actions").click()
    said.get_by_role("button", name=SHORTCUT).click()
    assert slack.bot.await_heard(1)[0].payload["message_ts"] == ts
    expect(said.get_by_role("button", name=SHORTCUT)).to_be_hidden()


def test_the_menu_works_by_keys(page: Page, slack: SmallSlack) -> None:
    """Enter opens it, Escape shuts it and nothing else."""
    slack.say("Is checkout down?")
    summary = message(page, "Is checkout down?").get_by_label("More actions")
    entry = message(page, "Is checkout down?").get_by_role("button", name=SHORTCUT)
    summary.press("Enter")
    expect(entry).to_be_visible()
    summary.press("Escape")
    expect(entry).to_be_hidden()
    assert slack.bot.heard == []


# --- the chart block ---

GOOD: Any = native_charts(picture(bars([3.0] * 60, [1.0] * 60)))[0]


def changed(*path: str | int, to: object) -> Any:
    """The good block with one thing in it otherwise."""
    found: Any = {"block": GOOD}
    return _put(found, ("block", *path), to)["block"]


def _put(part: Any, path: tuple[str | int, ...], to: object) -> Any:
    first, *rest = path
    inner = _put(part[first], tuple(rest), to) if rest else to
    if isinstance(part, list):
        return [inner if number == first else each for number, each in enumerate(part)]
    return {**part, first: inner}


@pytest.mark.parametrize(
    "wrong",
    [
        changed("title", to="t" * 51),
        changed("chart", to=None),
        changed("chart", "type", to="radar"),
        changed("chart", "series", to=[]),
        changed("chart", "series", to=GOOD["chart"]["series"] * 4),
        changed("chart", "series", 0, "name", to="n" * 21),
        changed("chart", "series", 0, "name", to="expired"),
        changed("chart", "series", 0, "data", to=GOOD["chart"]["series"][0]["data"][1:]),
        changed("chart", "series", 0, "data", 0, "value", to=None),
        changed("chart", "series", 0, "data", 0, "value", to=float("nan")),
        changed("chart", "series", 0, "data", 0, "label", to="elsewhere"),
        changed("chart", "axis_config", "categories", to=[str(number) for number in range(21)]),
        changed("chart", "axis_config", "categories", to=["13:00"] * 12),
        changed("chart", "axis_config", "x_label", to="x" * 51),
    ],
)
def test_what_slack_refuses_of_a_chart_the_sandbox_refuses(wrong: Any) -> None:
    """Each documented limit, one over."""
    with pytest.raises(Refused, match="invalid_blocks"):
        check([wrong], lambda _: True)


def test_a_message_has_two_charts_at_most() -> None:
    """A third is refused."""
    assert len(check([GOOD, GOOD], lambda _: True)) == 2
    with pytest.raises(Refused):
        check([GOOD] * 3, lambda _: True)


def test_the_page_draws_bars_side_by_side(page: Page, slack: SmallSlack) -> None:
    """One bar for each number, as high as it is; the title, the key and the axis' words are there to be read."""
    slack.post(text="91 % completed", blocks=[GOOD])
    drawn = page.locator(".chart")
    expect(drawn.locator("rect")).to_have_count(24)
    heights = drawn.locator("rect").evaluate_all("all => all.map((bar) => Number(bar.getAttribute('height')))")
    assert heights[0] == pytest.approx(3 * heights[12], rel=0.01)
    for text in ("Completed: 91 % of closed", "completed", "expired", "sums of 5", "13:00"):
        expect(drawn.get_by_text(text).first).to_be_visible()
