"""The page in a real browser: what a person sees and does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from bot.sources.kibana import discover
from sandbox.workspace.cast import HOME
from tests.sandbox.browsing import FIELD, answer
from tests.sandbox.stub_bot import NOON, SmallSlack

HOSTILE = '<img src=x onerror="window.stung=1"><script>window.stung=1</script>'


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


def test_the_drawer_lets_the_time_run_faster(page: Page, slack: SmallSlack) -> None:
    """The speed stands beside the time, unless it is an ordinary one."""
    expect(page.locator("#clock")).to_have_text("Sun 22 Nov, 13:00 · Berlin")
    page.get_by_role("button", name="Sandbox", exact=True).click()
    page.get_by_label("Speed").select_option("60 ×")
    expect(page.locator("#clock")).to_contain_text("60 × speed")
    assert slack.switches.times == 60


@pytest.mark.parametrize(
    ("link", "words"),
    [
        (
            "/datadog/metric/explorer?from_ts=1795348800000&to_ts=1795352400000&exp_metric=a.b,c.d&exp_scope=env:prod",
            ["Sun 22 Nov, 12:00 to Sun 22 Nov, 13:00, UTC", "a.b, c.d", "env:prod"],
        ),
        (
            discover("/kibana", "payments", 'who: "O\'Hara!"', NOON, NOON + timedelta(hours=1)),
            ["Sun 22 Nov, 12:00 to Sun 22 Nov, 13:00, UTC", 'who: "O\'Hara!"', "payments"],
        ),
        ("/kibana/app/discover#/?_g=%", ["not named in this link"] * 3),
    ],
)
def test_a_link_to_a_vendor_says_what_it_asks_for(page: Page, slack: SmallSlack, link: str, words: list[str]) -> None:
    """In the sandbox it leads to a page that tells range and query in words."""
    page.goto(slack.url + link)
    expect(page.locator("#question dd")).to_have_text(words)


def test_the_drawer_posts_the_standup_and_says_what_came_of_it(page: Page, slack: SmallSlack) -> None:
    """The second press of a day says that there is one already; what was said stays where the drawer is drawn anew."""
    page.get_by_role("button", name="Sandbox", exact=True).click()
    page.get_by_role("button", name="Stand-up now").click()
    expect(page.locator("#standup-said")).to_have_text("Posted.")
    page.get_by_role("button", name="Stand-up now").click()
    expect(page.locator("#standup-said")).to_have_text("Not posted: it has been posted already.")
    page.get_by_label("Speed").select_option("60 ×")
    expect(page.locator("#clock")).to_contain_text("60 ×")
    expect(page.locator("#standup-said")).to_contain_text("already")
    assert slack.switches.posted == 2


def test_the_drawer_runs_a_night_and_stops_it(page: Page, slack: SmallSlack) -> None:
    """Beside the button stands until when it goes and what goes wrong on the way."""
    page.get_by_role("button", name="Sandbox", exact=True).click()
    expect(page.locator("#night-plan")).to_contain_text("until Mon 23 Nov, 10:20")
    expect(page.locator("#night-plan")).to_contain_text("issuer outage at 02:53")
    page.get_by_role("button", name="Run a night").click()
    page.get_by_role("button", name="Stop here").click()
    expect(page.get_by_role("button", name="Run a night")).to_be_visible()
    assert not slack.switches.nightly


def test_the_drawer_says_why_there_is_no_second_bot(page: Page, slack: SmallSlack) -> None:
    """Alone, a bot has no switch; two have one each."""
    page.get_by_role("button", name="Sandbox", exact=True).click()
    expect(page.locator("#bots")).to_contain_text("PostgreSQL is not installed here.")
    expect(page.locator("#bots button")).to_have_count(0)
    slack.switches.alone, slack.switches.bots = "", {1: True, 2: True}
    slack.do("clock", speed=1)
    page.get_by_role("button", name="Stop paybot 2").click()
    expect(page.get_by_role("button", name="Start paybot 2")).to_be_visible()
    assert slack.switches.bots == {1: True, 2: False}
