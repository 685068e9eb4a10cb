"""Makes the pictures of the documentation with the real bot in the sandbox and a real browser: `make pictures`."""

from __future__ import annotations

import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser, FloatRect, Locator, Page, expect, sync_playwright

from bot.app import build
from sandbox.company import Company
from tests.sandbox.browsing import ARGUMENTS, FIELD

FOLDER = Path("docs/pictures")
PATIENCE_MS = 30_000
START = datetime(2026, 11, 22, 14, 0, 30, tzinfo=UTC)


def main() -> None:
    """Writes charts, an answer, the hints and an alert's life into docs/pictures, at a moment that is always the same."""
    company = Company(start_at=START, latency_ms=50)
    company.start()
    try:
        charts(company)
        pages(company)
    finally:
        company.stop()


def charts(company: Company) -> None:
    for theme in ("light", "dark"):
        bot = build(company.settings(theme), now=company.clock.now)
        bot.warm()
        image = bot.answer("checkout 6h vs yesterday", "Europe/Berlin").image
        bot.stop()
        if image is None:
            sys.exit("the chart could not be drawn")
        (FOLDER / f"chart-{theme}.png").write_bytes(image)


def pages(company: Company) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(ARGUMENTS))
        page = browser.new_page(color_scheme="light")
        page.goto(company.url)
        page.wait_for_selector("body[data-ready]")
        hints(page)
        answer(page)
        home(page)
        alert(browser, company)
        browser.close()


def hints(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 700})
    page.locator(FIELD).type("/pay ch")
    page.wait_for_timeout(300)
    page.screenshot(path=FOLDER / "hints.png")


def answer(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 1480})
    page.locator(FIELD).fill("/pay checkout 6h")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    page.wait_for_selector("table", timeout=20_000)
    page.wait_for_timeout(1_000)
    page.screenshot(path=FOLDER / "answer.png")


def home(page: Page) -> None:
    page.locator("#open-home").click()
    page.wait_for_selector("#home-blocks img", timeout=20_000)
    page.wait_for_timeout(1_000)
    page.screenshot(path=FOLDER / "home.png")


def alert(browser: Browser, company: Company) -> None:
    """One alert's life: retries fail, somebody is paged, and it is over."""
    page = browser.new_page(color_scheme="light", viewport={"width": 1270, "height": 1100})
    page.goto(company.url)
    page.wait_for_selector("body[data-ready]")
    page.get_by_role("button", name="Close", exact=True).click()
    page.get_by_role("button", name="Sandbox", exact=True).click()
    turn(page, company, on=True, minutes=8)
    told = page.locator("#messages .message", has=page.locator(".block", has_text="Retry failures (prod): "))
    expect(told.locator("figure img")).to_be_visible(timeout=PATIENCE_MS)
    picture(page, told, "alert-firing")
    told.get_by_role("button", name="Escalate to PagerDuty").click()
    page.get_by_role("button", name="Page now").click()
    expect(told).to_contain_text("the incident in PagerDuty", timeout=PATIENCE_MS)
    expect(page.locator("#pages")).to_contain_text("Triggered", timeout=PATIENCE_MS)
    picture(page, told, "alert-escalated")
    turn(page, company, on=False, minutes=30)
    expect(told).to_contain_text("resolved after", timeout=PATIENCE_MS)
    expect(page.locator("#pages")).to_contain_text("Resolved", timeout=PATIENCE_MS)
    picture(page, told, "alert-resolved")


def turn(page: Page, company: Company, *, on: bool, minutes: int) -> None:
    """Retries fail from now on, or do so no more; so many minutes pass."""
    with page.expect_response("**/scenarios/*"):
        page.locator("#scenario-retry-storm").set_checked(on)
    company.clock.jump(timedelta(minutes=minutes))


def picture(page: Page, told: Locator, name: str) -> None:
    """The message with its chart, and beside it who was paged."""
    page.mouse.move(0, 0)
    told.evaluate("message => message.scrollIntoView({ block: 'end' })")
    page.wait_for_timeout(1_500)  # the page has scrolled and the picture has come
    message, pages = told.bounding_box(), page.locator("#pages").bounding_box()
    if not message or not pages:
        sys.exit("the alert cannot be seen")
    left, top = message["x"], 44.0  # below the page's own bar
    bottom = max(message["y"] + message["height"], pages["y"] + pages["height"] + 12)
    clip: FloatRect = {"x": left, "y": top, "width": 1270 - left, "height": bottom - top}
    page.screenshot(path=FOLDER / f"{name}.png", clip=clip)


if __name__ == "__main__":
    main()
