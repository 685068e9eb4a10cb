"""Makes the pictures of the README with the real bot in the sandbox and a real browser: `make pictures`."""

from __future__ import annotations

import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from bot.app import build
from sandbox.company import Company
from tests.sandbox.browsing import ARGUMENTS, FIELD

FOLDER = Path("docs/pictures")
START = datetime(2026, 11, 22, 14, 0, 30, tzinfo=UTC)


def main() -> None:
    """Writes the charts, an answer and the hints into docs/pictures, at a moment that is always the same."""
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


if __name__ == "__main__":
    main()
