"""The stand-up digest at a press, in a browser: the same row and the same way to Slack as at a quarter past nine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from sandbox.company import Company
from sandbox.workspace.cast import DANA
from tests.sandbox.browsing import opened

START = datetime(2026, 11, 25, 8, 13, 50, tzinfo=UTC)  # a Wednesday, 09:13:50 in Berlin
PATIENCE_MS = 40_000


@pytest.fixture
def company() -> Iterator[Company]:
    started = Company(start_at=START, latency_ms=5)
    started.start()
    yield started
    started.stop()


def passed(page: Page, words: re.Pattern[str]) -> None:
    """Waits until the page's clock shows the time."""
    expect(page.locator("#clock")).to_contain_text(words, timeout=PATIENCE_MS)


@pytest.mark.timeout(120)
def test_a_date_has_one_standup_however_often_it_is_asked_for(browser: Browser, company: Company) -> None:
    """A press posts today's at once, with who takes what; a second press and the time at which it is due add none."""
    with opened(browser, company.url) as page:
        page.get_by_role("button", name="Sandbox", exact=True).click()
        page.get_by_role("button", name="Stand-up now").click()
        expect(page.locator("#standup-said")).to_contain_text("Posted", timeout=PATIENCE_MS)
        standups = page.locator("#messages .message", has_text="Stand-up, Wed 25 Nov")
        expect(standups).to_have_count(1, timeout=PATIENCE_MS)
        page.get_by_role("button", name="Stand-up now").click()
        expect(page.locator("#standup-said")).to_have_text("Not posted: it has been posted already.", timeout=PATIENCE_MS)
        page.get_by_label("Speed").select_option("60")
        passed(page, re.compile(r"09:1[7-9]|09:[2-5]"))
        free = standups.get_by_role("button", name="I take it")
        many = free.count()
        free.first.click()
        expect(standups).to_contain_text(f"Taken by {DANA.name}", timeout=PATIENCE_MS)
        expect(free).to_have_count(many - 1)
        expect(standups).to_have_count(1)
        page.close()
