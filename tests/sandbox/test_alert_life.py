"""The life of an alert in a real browser: outage on, message with its chart, escalated, paged, outage off, resolved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from sandbox.company import Company
from sandbox.switches import CompanySwitches

START = datetime(2026, 11, 24, 13, 0, 30, tzinfo=UTC)
PATIENCE_MS = 25_000


@pytest.fixture
def company() -> Iterator[Company]:
    company = Company(start_at=START, latency_ms=5)
    company.start()
    try:
        yield company
    finally:
        company.stop()


@pytest.fixture
def page(browser: Browser, company: Company) -> Iterator[Page]:
    page = browser.new_page(color_scheme="light", viewport={"width": 1280, "height": 1100})
    page.goto(company.url)
    page.wait_for_selector("body[data-ready]")
    yield page
    page.close()


def alert(page: Page, title: str) -> Locator:
    return page.locator(".message").filter(has_text=re.compile(rf"{title}.*(firing|recovering|resolved)", re.DOTALL)).first


@pytest.mark.timeout(180)
def test_an_outage_is_told_escalated_paged_and_resolved_in_one_message(page: Page, company: Company) -> None:
    """Without a scenario nobody is paged; with one the right people are, and the same message says how it ended."""
    switches = CompanySwitches(company.world, company.faults)
    switches.scenario("expiry-wave", True)
    switches.jump(3 * 3600)
    told = alert(page, "Expired")
    expect(told).to_contain_text("firing", timeout=PATIENCE_MS)
    expect(told.locator("figure img")).to_be_visible(timeout=PATIENCE_MS)
    assert company.incidents.pages() == []
    told.get_by_role("button", name="Escalate to PagerDuty").click()
    page.locator("#confirm button[value=yes]").click()
    expect(told).to_contain_text("scalated", timeout=PATIENCE_MS)
    paged(page, company, "triggered")
    switches.scenario("expiry-wave", False)
    switches.jump(12 * 3600)
    page.wait_for_timeout(2500)
    switches.jump(12 * 3600)
    expect(told).to_contain_text("resolved", timeout=PATIENCE_MS)
    paged(page, company, "resolved")


def paged(page: Page, company: Company, state: str) -> None:
    """One incident, which comes to be in that state."""
    for _ in range(100):
        if [each["status"] for each in company.incidents.pages()] == [state]:
            return
        page.wait_for_timeout(100)
    raise AssertionError(company.incidents.pages())
