"""Two bots on a PostgreSQL, in a browser: either may be stopped, the second one killed, and every alert is told once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from sandbox.company import Company
from sandbox.postgres import why_not
from sandbox.workspace.cast import DANA
from tests.sandbox.browsing import opened
from tests.sandbox.stub_bot import StubBot, listening, small_slack

START = datetime(2026, 11, 24, 13, 0, 30, tzinfo=UTC)
PATIENCE_MS = 30_000


@pytest.fixture
def company() -> Iterator[Company]:
    if why_not():
        pytest.skip(why_not())
    started = Company(start_at=START, latency_ms=5, replicas=2)
    started.start()
    yield started
    started.stop()


def turn(page: Page, number: int, *, on: bool) -> None:
    """Presses the drawer's button, and waits until it has come about."""
    before, after = ("Start", "Stop") if on else ("Stop", "Start")
    page.get_by_role("button", name=f"{before} paybot {number}").click()
    expect(page.get_by_role("button", name=f"{after} paybot {number}")).to_be_visible(timeout=PATIENCE_MS)


def told(page: Page) -> Locator:
    return page.locator("#messages .message", has_text="Receipt render failures")


@pytest.mark.timeout(120)
def test_one_of_two_is_killed_and_the_other_goes_on(browser: Browser, company: Company) -> None:
    """The next alert comes exactly once, its page too; a press on it lands at the bot that did not post it."""
    with opened(browser, company.url) as page:
        page.get_by_role("button", name="Sandbox", exact=True).click()
        second = company.bots.pids[-1]
        turn(page, 2, on=False)
        with pytest.raises(ProcessLookupError):
            os.kill(second, 0)
        page.locator("#scenario-renderer-down").check()
        page.get_by_role("button", name="+ 15 min").click()
        page.get_by_label("Speed").select_option("60")
        expect(told(page)).to_contain_text("firing", timeout=PATIENCE_MS)
        expect(page.locator("#pages li.page")).to_have_count(1, timeout=PATIENCE_MS)
        turn(page, 2, on=True)
        turn(page, 1, on=False)
        told(page).get_by_role("button", name="Acknowledge", exact=True).click()
        expect(told(page)).to_contain_text(f"acknowledged by {DANA.name}", timeout=PATIENCE_MS)
        expect(page.locator("#pages .state")).to_have_text("Acknowledged", timeout=PATIENCE_MS)
        expect(told(page)).to_have_count(1)
        expect(page.locator("#pages li.page")).to_have_count(1)


def test_requests_take_turns_and_pass_over_who_is_away() -> None:
    """What Slack sends goes to the bots in turn, and to the next where nobody listens."""
    one, other = StubBot(), StubBot()
    with small_slack(one) as slack, listening(other) as url:
        slack.workspace.wire.urls = (*slack.workspace.wire.urls, url, "http://127.0.0.1:9/slack/events")
        for number in range(6):
            slack.say(f"/pay checkout {number + 1}h")
        assert len(one.heard) + len(other.heard) == 6
        assert (len(one.heard), len(other.heard)) == (4, 2)
