"""The lives of five alerts in a real browser: outage on, message with its chart, paged, outage off, the same message resolved."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from sandbox.company import Company
from sandbox.workspace.cast import DANA
from tests.sandbox.browsing import opened

START = datetime(2026, 11, 24, 13, 0, 30, tzinfo=UTC)
PATIENCE_MS = 25_000
OWN_CHART = 600  # pixels across, at least


@pytest.fixture(scope="module")
def company() -> Iterator[Company]:
    """One company for all lives: each ends as it began."""
    company = Company(start_at=START, latency_ms=5)
    company.start()
    try:
        yield company
    finally:
        company.stop()


@pytest.fixture
def page(browser: Browser, company: Company) -> Iterator[Page]:
    """The page with its switches open; it fails the test when a script of it failed."""
    with opened(browser, company.url) as page:
        page.get_by_role("button", name="Sandbox", exact=True).click()
        yield page


# --- what people press ------------------------------------------------------------------------------------------------


def press(told: Locator, name: str) -> None:
    told.get_by_role("button", name=name, exact=True).click(timeout=PATIENCE_MS)


def is_told(told: Locator, words: str) -> None:
    expect(told).to_contain_text(re.compile(words, re.DOTALL), timeout=PATIENCE_MS)


def nothing(told: Locator) -> None:
    """Nobody takes it."""


def take_and_give_back(told: Locator) -> None:
    """Acknowledge, and undo that; PagerDuty hears that somebody had it."""
    press(told, "Acknowledge")
    is_told(told, f"firing, acknowledged by {DANA.name}")
    expect(paged(told.page, "Webhook lag").first).to_contain_text("Acknowledged", timeout=PATIENCE_MS)
    press(told, "Undo acknowledge")
    is_told(told, "Webhook lag.*: firing(?!, ack)")
    is_told(told, "Acknowledge")


def snooze(told: Locator) -> None:
    """A length of the menu; Opsgenie hears that somebody has it."""
    told.get_by_role("combobox", name="Snooze").select_option("15 min")
    is_told(told, f"firing, snoozed until .*Snoozed until .* by {DANA.name}")
    expect(paged(told.page, "Receipt render failures").first).to_contain_text("Acknowledged", timeout=PATIENCE_MS)
    press(told, "End snooze")
    is_told(told, "failures.*: firing(?!, snoozed)")


def snooze_as_long_as_one_likes(told: Locator) -> None:
    """A length that is written into the modal, once wrongly; then an escalation on top of it."""
    page, modal = told.page, told.page.locator("#modal")
    told.get_by_role("combobox", name="Snooze").select_option("other length …")
    expect(modal).to_be_visible(timeout=PATIENCE_MS)
    modal.get_by_role("textbox").fill("soon")
    modal.get_by_role("button", name="Snooze", exact=True).click()
    expect(modal.locator(".wrong", has_text=re.compile("45m"))).to_be_visible(timeout=PATIENCE_MS)
    modal.get_by_role("textbox").fill("1h 30m")
    page.keyboard.press("Enter")
    expect(modal).to_be_hidden(timeout=PATIENCE_MS)
    is_told(told, f"firing, snoozed until .*Snoozed until .* by {DANA.name}")
    escalate(told)


def escalate(told: Locator) -> None:
    """Only who says yes to the question pages anybody."""
    confirm = told.page.locator("#confirm")
    press(told, "Escalate to PagerDuty")
    confirm.get_by_role("button", name="Not now").click()
    press(told, "Escalate to PagerDuty")
    expect(confirm).to_contain_text("is paged at once")
    confirm.get_by_role("button", name="Page now").click()
    is_told(told, "escalated to PagerDuty")
    is_told(told, f"Escalated to PagerDuty by {DANA.name}")


# --- the lives --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Life:
    """A scenario and its alert: the drawer's jumps until it fires and until it is over, who pages, and what people press."""

    scenario: str
    title: str
    grows: tuple[str, ...]
    fades: tuple[str, ...]
    pager: str
    paged_by_itself: bool
    people: Callable[[Locator], None]


LIVES = (
    Life("issuer-outage", "Checkout success rate", ("15 min", "15 min"), ("15 min", "15 min"), "PagerDuty", True, nothing),
    Life("webhook-lag", "Webhook lag", ("15 min",), ("15 min",), "PagerDuty", True, take_and_give_back),
    Life("renderer-down", "Receipt render failures", ("15 min",), ("15 min", "15 min"), "Opsgenie", True, snooze),
    Life("retry-storm", "Retry failures", (), ("15 min", "15 min"), "PagerDuty", False, escalate),
    Life("expiry-wave", "Expired sessions", ("1 h", "15 min"), ("1 h", "1 h"), "PagerDuty", False, snooze_as_long_as_one_likes),
)


@pytest.mark.timeout(150)
@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.scenario)
def test_an_outage_is_told_paged_and_resolved_in_one_message(page: Page, life: Life) -> None:
    """The scenario alone makes its alert fire, with its chart; the right people are paged, once; the same message ends it."""
    page.get_by_role("button", name="+ 1 h").click()  # what fires twice within an hour would have to be good for an hour
    messages, pages = told_of(page, life.title).count(), paged(page, life.title).count()
    outage(page, life.scenario, on=True, jumps=life.grows)
    expect(told_of(page, life.title)).to_have_count(messages + 1, timeout=PATIENCE_MS)
    told = pinned(told_of(page, life.title).nth(messages))
    speed(page, 1)
    has_its_chart(told)
    expect(paged(page, life.title)).to_have_count(pages + life.paged_by_itself, timeout=PATIENCE_MS)
    life.people(told)
    page_ = paged(page, life.title).first
    expect(page_).to_contain_text(life.pager, timeout=PATIENCE_MS)
    outage(page, life.scenario, on=False, jumps=life.fades)
    is_told(told, f"{life.title}.*: resolved after")
    expect(page_.locator(".state")).to_have_text(re.compile("Resolved|Closed"), timeout=PATIENCE_MS)
    speed(page, 1)
    keeps_its_facts(told, life)
    expect(told_of(page, life.title)).to_have_count(messages + 1)
    expect(paged(page, life.title)).to_have_count(pages + 1)


def outage(page: Page, scenario: str, *, on: bool, jumps: tuple[str, ...]) -> None:
    """Turns the scenario's switch and presses the clock's jumps; then a minute passes in each second."""
    with page.expect_response("**/scenarios/*"):
        page.locator(f"#scenario-{scenario}").set_checked(on)
    for jump in jumps:
        page.get_by_role("button", name=f"+ {jump}").click()
    speed(page, 60)


def speed(page: Page, times: int) -> None:
    page.get_by_label("Speed").select_option(str(times))


def told_of(page: Page, title: str) -> Locator:
    """The messages of the rule's alerts in the channel, oldest first: it stands in their first line."""
    headline = page.locator(".block:first-of-type, .who + .block", has_text=re.compile(rf"{title} \(prod\): "))
    return page.locator("#messages .message").filter(has=headline)


def pinned(found: Locator) -> Locator:
    """The same message by its ts, however it changes."""
    return found.page.locator(f'#messages [data-ts="{found.get_attribute("data-ts")}"]')


def paged(page: Page, title: str) -> Locator:
    """Who was paged for the rule, the newest first."""
    return page.locator("#pages li.page").filter(has_text=title)


def has_its_chart(told: Locator) -> None:
    picture = told.locator("figure img")
    expect(picture).to_be_visible(timeout=PATIENCE_MS)
    told.page.wait_for_function("picture => picture.naturalWidth > 0", arg=picture.element_handle(), timeout=PATIENCE_MS)
    assert picture.evaluate("picture => picture.naturalWidth") >= OWN_CHART


def keeps_its_facts(told: Locator, life: Life) -> None:
    """What is over still says when, how bad, whose, with its chart; only the runbook can be opened; its thread tells the end."""
    for label in ("When", "At the end", "Worst", "Owner"):
        expect(told.locator(".fields")).to_contain_text(label)
    expect(told.locator("figure img")).to_be_visible()
    assert told.locator(".block.actions").all_inner_texts() == ["Runbook"]
    told.get_by_role("button", name=re.compile("repl(y|ies)")).click()
    expect(told.page.locator("#thread .message").last).to_contain_text("Resolved after", timeout=PATIENCE_MS)
