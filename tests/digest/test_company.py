"""The digest of the sandbox's company: each row is what the section itself answers, over the vendors' own wire formats."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from starlette.routing import Mount

from bot.answer import Analyst
from bot.config import Answers, Config, Datadog, Elastic, PagerDuty
from bot.digest.content import Content
from bot.digest.maker import Maker, Standing
from bot.digest.runner import Due
from bot.observe import Metrics
from bot.sources import make
from commands import SECTIONS
from commands.args import Ask
from commands.digest import asked
from sandbox import datadog, elastic, pagerduty
from sandbox.faults import Faults
from sandbox.scenarios import SCENARIOS, episode
from tests.fakes import FakeRenderer
from tests.sandbox.company import fresh, served

NOW = datetime(2026, 11, 24, 8, 15, tzinfo=UTC)  # a Tuesday, 09:15 in Berlin
DAY = timedelta(days=1)
DUE = Due("stand-up", NOW.date(), NOW - DAY, NOW, "Europe/Berlin")
ALIKE = {"checkout": "Success rate", "window": "Expired", "retries": "Success", "receipts": "Render time, p95"}


@pytest.fixture(scope="module")
def analyst() -> Iterator[Analyst]:
    """A company whose issuers are failing at this moment; its archive is not configured."""
    past = (episode(SCENARIOS["issuer-outage"], NOW - timedelta(minutes=40), None, 0.9),)
    world, faults = fresh(seed=11, history=8 * DAY + timedelta(hours=2), past=past, at=NOW), Faults(latency_ms=0)
    routes = [
        Mount("/datadog", routes=datadog.routes(world, faults, real=NOW.timestamp)),
        Mount("/elastic", routes=elastic.routes(world, faults)),
        Mount("/pagerduty", routes=pagerduty.routes(world, faults)),
    ]
    with served(routes, "") as url:
        config = Config(
            answers=Answers(deadline_s=30),
            datadog=Datadog(api_key=datadog.API_KEY, app_key=datadog.APP_KEY, host=f"{url}/datadog"),
            elastic=Elastic(url=f"{url}/elastic", api_key=elastic.API_KEY),
            pagerduty=PagerDuty(api_key=pagerduty.API_KEY, api_url=f"{url}/pagerduty"),
        )
        sources = make(config, lambda: NOW)
        analyst = Analyst(sources, FakeRenderer(), config.answers, Metrics())
        yield analyst
        analyst.stop()
        for source in sources.values():
            source.stop()


@pytest.fixture(scope="module")
def told(analyst: Analyst) -> Content:
    return Content.from_json(Maker(analyst, lambda digest: Standing(), "prod")(DUE).content)


@pytest.mark.parametrize(("section", "panel"), ALIKE.items())
def test_a_row_is_what_the_section_answers(analyst: Analyst, told: Content, section: str, panel: str) -> None:
    """Number, change and state, for the same time and the same weekday before."""
    wanted = asked(DUE.start, DUE.end, DUE.zone, "prod")
    answer = analyst.answer(Ask(section, wanted.window, "prod", wanted.against))
    assert answer.picture
    chart = next(chart for chart in answer.picture.charts if chart.title == panel)
    (row,) = [row for row in told.rows if row.name == section]
    assert (row.number, row.change, row.state) == (f"{panel.lower()}: {chart.number}", chart.change, chart.state)
    assert row.owner == SECTIONS[section].owner


def test_the_outage_is_amber_and_what_has_no_archive_is_unknown(told: Content) -> None:
    """Nothing is well because nobody asked."""
    assert "checkout" in told.amber
    assert {"funnel", "schema", "error budget", "dead letters"} <= set(told.unknown)
    assert "Dana" in told.people or told.people not in {"", "nobody"}
