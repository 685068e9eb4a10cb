"""What several of the sandbox's test files start with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from elasticsearch import Elasticsearch
from playwright.sync_api import Browser, Page, sync_playwright

from sandbox import datadog as datadog_part
from sandbox import elastic as elastic_part
from tests.sandbox import asking
from tests.sandbox.browsing import ARGUMENTS, CHROMIUM, opened
from tests.sandbox.company import NOW, served, usual
from tests.sandbox.stub_bot import SmallSlack, small_slack


@pytest.fixture
def slack() -> Iterator[SmallSlack]:
    """A small Slack of one's own, with a bot that only listens."""
    with small_slack() as running:
        yield running


@pytest.fixture(scope="session")
def served_datadog() -> Iterator[str]:
    with served(datadog_part.routes(usual(), asking.FAULTS, real=NOW.timestamp), "/datadog") as base:
        yield base


@pytest.fixture
def datadog(served_datadog: str) -> Iterator[str]:
    """The URL of the usual company's Datadog, which is well again afterwards."""
    yield served_datadog
    asking.FAULTS.clear("datadog")


@pytest.fixture(scope="session")
def served_elastic() -> Iterator[str]:
    with served(elastic_part.routes(usual(), asking.FAULTS), "/elastic") as base:
        yield base


@pytest.fixture
def elastic(served_elastic: str) -> Iterator[str]:
    """The URL of the usual company's Elasticsearch, which is well again afterwards."""
    yield served_elastic
    asking.FAULTS.clear("elastic")


@pytest.fixture
def client(elastic: str) -> Iterator[Elasticsearch]:
    """The official client of that Elasticsearch."""
    with Elasticsearch(elastic, api_key=elastic_part.API_KEY, max_retries=0) as connected:
        yield connected


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; without it the test is skipped."""
    if CHROMIUM is None:
        pytest.skip("no browser here: Debian's package chromium is not installed")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))


@pytest.fixture
def page(browser: Browser, slack: SmallSlack) -> Iterator[Page]:
    """The page at 1280 x 800, opened; it fails the test when a script failed or the policy of the page was broken."""
    with opened(browser, slack.url, 800) as page:
        yield page
