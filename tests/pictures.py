"""Makes the pictures of the documentation with the real bot in the sandbox and a real browser: `make pictures`."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, FloatRect, Locator, Page, expect, sync_playwright

from bot.app import build
from bot.config import Config
from bot.slack.delivery import Delivery
from bot.slack.digest_message import digest_message
from commands import SECTIONS
from sandbox.company import Company
from tests.digest.office import TUESDAY, row, shown
from tests.sandbox.browsing import ARGUMENTS, FIELD

FOLDER = Path("docs/pictures")
PATIENCE_MS = 30_000
REHEARSED_MS = 120_000  # a weekend of archives, and the one a week before
COLOURS = 256  # of a tall picture, which is light to load then
START = datetime(2026, 11, 22, 14, 0, 30, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 7, 40, 30, tzinfo=UTC)
ON_CALL = "Dana Weber until Mon 30 Nov 09:00"
DUE = datetime(2026, 11, 23, 8, 15, tzinfo=UTC)


def main() -> None:
    """Writes the pictures into docs/pictures, each at a moment that is always the same."""
    with running(Company(start_at=START, latency_ms=50)) as company:
        charts(company)
        pages(company)
    with running(Patient(start_at=MONDAY, latency_ms=50)) as company, sync_playwright() as playwright:
        standups(playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(ARGUMENTS)), company)


class Patient(Company):
    """One whose bot waits for its archives however busy the machine is: a picture shows what they say."""

    def settings(self, theme: Literal["light", "dark"] = "light") -> Config:
        usual = super().settings(theme)
        return replace(usual, answers=replace(usual.answers, deadline_s=60))


@contextmanager
def running(company: Company) -> Iterator[Company]:
    company.start()
    try:
        yield company
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


def standups(browser: Browser, company: Company) -> None:
    """Monday's, an alert open and one thing taken; and one of a morning on which all is well."""
    page = browser.new_page(color_scheme="light", viewport={"width": 1130, "height": 2100})
    page.goto(company.url)
    page.wait_for_selector("body[data-ready]")
    page.get_by_role("button", name="Close", exact=True).click()
    company.bots.rehearse_standup()
    company.world.start("renderer-down")
    company.clock.jump(timedelta(minutes=20))
    alert_ = page.locator("#messages .message", has_text="Receipt render failures")
    expect(alert_).to_contain_text("firing", timeout=PATIENCE_MS)
    company.clock.jump(DUE - timedelta(minutes=4) - company.clock.now())
    page.wait_for_timeout(REHEARSED_MS)  # its questions are asked beforehand, so that the archives are read
    company.clock.jump(DUE - timedelta(seconds=5) - company.clock.now())
    told = page.locator("#messages .message", has_text="Stand-up, Mon 23 Nov")
    expect(told.locator("figure img")).to_be_visible(timeout=PATIENCE_MS)
    told.get_by_role("button", name="I take it").last.click()
    expect(told).to_contain_text("Taken by", timeout=PATIENCE_MS)
    message(page, told, "standup-monday")
    slack = company.settings().slack
    if slack is None:
        sys.exit("there is no Slack")
    calm = digest_message(shown(day=TUESDAY, people=ON_CALL, rows=tuple(row(name) for name in SECTIONS if name != "overview")))
    Delivery(slack).post(slack.home_channel, calm)
    quiet = page.locator("#messages .message", has_text="nothing needs a look")
    expect(quiet).to_be_visible(timeout=PATIENCE_MS)
    message(page, quiet, "standup-quiet")


def message(page: Page, told: Locator, name: str) -> None:
    """One message as it stands in the channel."""
    page.mouse.move(0, 0)
    told.evaluate("message => message.scrollIntoView({ block: 'end' })")
    page.wait_for_timeout(1_500)  # the page has scrolled and the picture has come
    seen = Image.open(BytesIO(told.screenshot()))
    seen.convert("RGB").quantize(COLOURS).save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
