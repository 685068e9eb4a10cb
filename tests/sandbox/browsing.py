"""The page in a real browser: how it is started, and an answer to look at."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page

from tests.sandbox.stub_bot import SmallSlack

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
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


@contextmanager
def opened(browser: Browser, url: str, height: int = 1100) -> Iterator[Page]:
    """The page, ready; the block fails at its end where a script failed or the policy of the page was broken."""
    context = browser.new_context(viewport={"width": 1280, "height": height}, color_scheme="light")
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.goto(url)
    page.wait_for_selector("body[data-ready]")
    yield page
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
