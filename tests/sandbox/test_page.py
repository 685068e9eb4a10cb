"""The page in a real browser: what a person sees and does."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from sandbox.workspace.cast import HOME
from tests.sandbox.stub_bot import SmallSlack, StubBot, small_slack

CHROMIUM = shutil.which("chromium")
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
FIELD = "#composer textarea"
HOSTILE = '<img src=x onerror="window.stung=1"><script>window.stung=1</script>'
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no browser here: Debian's package chromium is not installed")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))


@pytest.fixture
def slack() -> Iterator[SmallSlack]:
    def answer(heard: Any) -> tuple[int, bytes]:
        return 200, json.dumps({"text": "Checking *checkout* …"}).encode() if b"command=" in heard.body else b""

    with small_slack(StubBot(answer)) as served:
        yield served


@pytest.fixture
def page(browser: Browser, slack: SmallSlack) -> Iterator[Page]:
    """The page at 1280 x 800, opened; it fails the test when a script failed or the policy of the page was broken."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="light")
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    opened.goto(slack.url)
    opened.wait_for_selector("body[data-ready]")
    yield opened
    context.close()
    assert faults == []


def answer(slack: SmallSlack, headline: str = "Checkout success is 98.8 %.", text: str = "98.8 %") -> str:
    """Posts a message like paybot's; gives its ts."""
    file = slack.upload(content=PIXEL)
    slack.seconds += 1
    cell = {"type": "raw_text", "text": "insufficient_funds"}
    button = {"type": "button", "action_id": "answer.refresh", "text": {"type": "plain_text", "text": "Refresh"}, "value": "v"}
    blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": headline}},
        {"type": "image", "slack_file": {"id": file}, "alt_text": "the success rate"},
        {"type": "table", "rows": [[cell], [cell]]},
        {"type": "actions", "elements": [button]},
    ]
    return str(slack.post(text=text, blocks=blocks)["ts"])


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


def test_an_answer_shows_its_picture_and_table(page: Page, slack: SmallSlack) -> None:
    """The picture is loaded from the sandbox, the table is a table, and a click enlarges the picture."""
    answer(slack)
    message = page.locator(".message").last
    expect(message.locator(".badge")).to_have_text("APP")
    expect(message.get_by_role("table")).to_contain_text("insufficient_funds")
    picture = message.get_by_alt_text("the success rate")
    page.wait_for_function("picture => picture.naturalWidth > 0", arg=picture.element_handle())
    picture.click()
    expect(page.locator("#enlarged")).to_be_visible()


def test_a_press_is_busy_until_the_message_is_edited_in_place(page: Page, slack: SmallSlack) -> None:
    """The button turns until the bot has edited its message; nothing is added."""
    ts = answer(slack)
    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_role("button", name="Refresh")).to_have_attribute("aria-busy", "true")
    slack.bot.await_heard(1)
    slack.call("chat.update", channel=HOME.id, ts=ts, text="Checkout success is 91 %.")
    expect(page.locator(".message")).to_have_count(1)
    expect(page.locator(".message")).to_contain_text("91 %")
    expect(page.locator("[aria-busy]")).to_have_count(0)


def test_hostile_text_is_inert(page: Page, slack: SmallSlack) -> None:
    """Markup from data is shown as letters wherever it stands; no script runs."""
    hostile = HOSTILE.replace("<", "&lt;").replace(">", "&gt;")
    answer(slack, headline=hostile)
    slack.post(text=hostile)
    slack.say(HOSTILE)
    expect(page.get_by_text("<img src=x")).to_have_count(3)
    assert page.evaluate("window.stung") is None


def test_a_thread_opens_beside_the_channel(page: Page, slack: SmallSlack) -> None:
    """Replies are counted under the message and read in a pane of their own, where one can answer."""
    parent = slack.post(text="parent")["ts"]
    slack.post(text="a reply", thread_ts=parent)
    page.get_by_role("button", name="1 reply").click()
    page.fill("#thread-composer textarea", "thanks")
    page.press("#thread-composer textarea", "Enter")
    expect(page.locator("#thread .message")).to_have_count(3)
    expect(page.locator("#messages .message")).to_have_count(1)


def test_news_elsewhere_are_marked_unread(page: Page, slack: SmallSlack) -> None:
    """A dot stands at a channel until one has looked."""
    slack.post(channel="C0INCIDENT1", text="news")
    channel = page.locator("[data-channel=C0INCIDENT1]")
    expect(channel).to_have_class("unread")
    channel.click()
    expect(channel).not_to_have_class("unread")


def test_times_are_those_of_the_person(page: Page, slack: SmallSlack) -> None:
    """Noon in London is one o'clock in Berlin and eight in the evening in Singapore."""
    slack.post()
    expect(page.locator(".message time")).to_have_text("13:00")
    page.locator("[data-person=U0MEITAN001]").click()
    expect(page.locator(".message time")).to_have_text("20:00")


def test_nobody_writes_in_an_archived_channel(page: Page) -> None:
    """In place of the field the page says why."""
    page.locator("[data-channel=C0OLDLAUNCH]").click()
    expect(page.locator(FIELD)).to_be_hidden()
    expect(page.locator("#composer")).to_contain_text("archived")


def test_the_drawer_turns_a_scenario_on(page: Page, slack: SmallSlack) -> None:
    """A switch in the drawer reaches the company."""
    page.get_by_role("button", name="Sandbox", exact=True).click()
    page.get_by_role("switch", name="Outage").check()
    expect(page.locator("#open-drawer .dot")).to_be_visible()
    assert slack.switches.on == {"outage"}


def test_the_theme_follows_the_system_until_it_is_chosen(page: Page) -> None:
    """Dark systems get a dark page; the choice is remembered."""
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(ground) != light
    page.locator("#theme").click()
    page.reload()
    assert page.evaluate(ground) == light


@pytest.mark.parametrize("width", [360, 390, 768])
def test_narrow_windows_need_no_sideways_scrolling(page: Page, slack: SmallSlack, width: int) -> None:
    """The channel list folds away, and a wide table scrolls in its own place."""
    answer(slack)
    page.set_viewport_size({"width": width, "height": 740})
    expect(page.get_by_role("table")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    if width < 720:
        page.locator("#menu").click()
        expect(page.locator("[data-channel=C0RANDOM001]")).to_be_in_viewport()


def test_the_page_loads_nothing_from_elsewhere(page: Page, slack: SmallSlack) -> None:
    """It works without any network, and its policy forbids foreign sources and inline scripts."""
    loaded = page.evaluate("performance.getEntriesByType('resource').map(each => each.name)")
    assert all(url.startswith(slack.url) for url in loaded)
    policy = page.request.get(slack.url).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy


def test_a_choice_is_confirmed_before_it_counts(page: Page, slack: SmallSlack) -> None:
    """A menu with a confirm dialog sends nothing on "No", and what was chosen on "Yes"."""
    words = {name: {"type": "plain_text", "text": name.title()} for name in ("title", "text", "confirm", "deny")}
    options = [{"text": {"type": "plain_text", "text": text}, "value": text} for text in ("15 min", "1 h")]
    menu = {"type": "static_select", "action_id": "snooze", "options": options, "confirm": words}
    more = {"type": "overflow", "action_id": "more", "options": options}
    slack.post(blocks=[{"type": "actions", "elements": [menu, more]}])
    page.locator("[data-action=snooze]").select_option("1 h")
    page.get_by_role("button", name="Deny").click()
    page.locator("[data-action=snooze]").select_option("1 h")
    page.get_by_role("button", name="Confirm").click()
    slack.bot.await_heard(1)
    page.locator("[data-action=more]").click()
    page.get_by_role("button", name="15 min").click()
    chosen = [heard.payload["actions"][0]["selected_option"]["value"] for heard in slack.bot.await_heard(2)]
    assert chosen == ["1 h", "15 min"]


def test_a_link_to_a_message_leads_there(page: Page, slack: SmallSlack) -> None:
    """A permalink opens its channel in this page."""
    ts = slack.post(channel="C0INCIDENT1", text="the answer")["ts"]
    link = slack.call("chat.getPermalink", channel="C0INCIDENT1", message_ts=ts)["permalink"]
    slack.post(text=f"see <{link}|there>")
    page.get_by_role("link", name="there").click()
    expect(page.locator("#title")).to_have_text("# inc-checkout")
    expect(page.locator(".message.sought")).to_contain_text("the answer")


def test_the_page_mends_itself_after_a_break(page: Page, slack: SmallSlack) -> None:
    """A page that was cut off connects again and has missed nothing."""
    slack.serving.call(slack.workspace.feed.close)
    slack.post(text="meanwhile")
    expect(page.locator(".message")).to_contain_text("meanwhile")
