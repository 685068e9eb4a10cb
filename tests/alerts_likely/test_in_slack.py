"""What is likely, and what is open, as people read it in the sandbox's Slack: the real bot, its store and its sources."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import urllib3

from bot.app import build
from bot.inbox import Inbox
from bot.slack.guard import Guard
from bot.slack.server import Front, Server
from sandbox.company import Company
from sandbox.scenarios import SCENARIOS
from sandbox.serving import ADDRESS
from sandbox.workspace.cast import BOT, DANA, HOME
from tests.fakes import FakeRenderer
from tests.promises.people import texts
from tests.promises.serving import until

START = datetime(2026, 11, 24, 13, 0, 30, tzinfo=UTC)
PATIENCE_S = 25.0


class Pictureless(Company):
    """A company whose bot cannot draw: words must do."""

    def start(self) -> None:
        super().start()
        front = Front(Guard(self._secret, Inbox(), lambda: self.clock.now().timestamp()))
        server = Server(front, ADDRESS, 0)
        server.start()
        self._stack.callback(server.stop)
        bot = build(self.settings(), renderer=FakeRenderer(fails=True), now=self.clock.now)
        self._stack.callback(bot.stop)
        bot.start(front)
        self._found((f"http://{ADDRESS}:{server.port}",))


@pytest.fixture
def company() -> Iterator[Company]:
    company = Pictureless(start_at=START, latency_ms=0, headless=True, replicas=0)
    company.start()
    yield company
    company.stop()


def said(company: Company) -> list[str]:
    """What the bot's messages in the home channel and their threads show."""
    found: Future[list[str]] = Future()

    def read() -> None:
        shown = (each for each in company.workspace.talk.history(HOME.id) if each.user == BOT.id)
        found.set_result(["\n".join(texts((each.text, *each.blocks))) for each in shown])

    company.serving.call(read)
    return found.result(5)


def watches(company: Company) -> bool:
    """Whether the bot has judged its rules: what follows is judged moment by moment."""
    metrics = urllib3.request("GET", company.webhooks.url.replace("/webhooks/pagerduty", "/metrics"), timeout=5.0).data.decode()
    return 'paybot_ticks_total{outcome="done"}' in metrics


def showing(company: Company, *words: str) -> str:
    """The message with all these words, as soon as there is one."""
    until(lambda: any(all(word in text for word in words) for text in said(company)), PATIENCE_S)
    return next(text for text in said(company) if all(word in text for word in words))


def test_an_alert_names_what_grew_and_the_overview_counts_it(company: Company) -> None:
    """The codes of the outage stand in the alert's own message, even where no chart can be drawn; the overview counts the alert,
    and says since when, and who has it."""
    until(partial(watches, company), PATIENCE_S)
    company.world.start("issuer-outage")
    company.clock.jump(timedelta(minutes=25))
    alert = showing(company, "Checkout success rate", "Likely reasons")
    assert any(code in alert for code in SCENARIOS["issuer-outage"].codes)
    ask = {"user": DANA.id, "channel": HOME.id, "text": "/pay overview 1h"}
    urllib3.request("POST", f"{company.url}/sandbox/say", json=ask, headers={"Origin": company.url}, timeout=10.0)
    answer = showing(company, " open; ", "open: 1 critical", "; nobody has ")
    assert "oldest since 14:0" in answer
    assert "firing" in showing(company, "Open alerts now", "Checkout success rate (prod)", "nobody")
