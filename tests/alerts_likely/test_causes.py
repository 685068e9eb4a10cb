"""What an alert says is likely, asked of the sandbox's company, whose scenarios know the truth; and when nothing is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from starlette.routing import Mount

from bot.alerts.causes import CAUSES, COMPARED, EDGES, LOOKUP_S, likely, windows
from bot.alerts.episode import Episode
from bot.answer import Analyst
from bot.config import Answers, Archives, Aws, Config, Elastic
from bot.observe import Metrics
from bot.sources import make
from charts.data import Table
from commands import SECTIONS
from commands.panel import Query
from commands.window import Window
from sandbox import aws, elastic
from sandbox.aws.bus import ARCHIVE
from sandbox.faults import Faults
from sandbox.scenarios import SCENARIOS, episode
from tests.alerts_actions.making import episode as an_episode
from tests.fakes import FakeRenderer, reasons_table
from tests.sandbox.company import HOUR, MINUTE, NOW, fresh, served

OUTAGE, REFUSALS, STORM, RENDERER, CALM = (NOW - hours * HOUR for hours in (3, 9, 6, 1, 12))
LASTING = 25 * MINUTE
WITH_CARD = "declined 4242 4242 4242 4242"


@pytest.fixture(scope="module")
def analyst(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Analyst]:
    """Reads the logs and metrics of a company that had one fault after the other."""
    past = (
        episode(SCENARIOS["issuer-outage"], OUTAGE, LASTING),
        episode(SCENARIOS["eventbridge-failures"], REFUSALS, LASTING),
        episode(SCENARIOS["retry-storm"], STORM, LASTING),
        episode(SCENARIOS["renderer-down"], RENDERER, LASTING),
    )
    world, faults = fresh(history=15 * HOUR, past=past), Faults(latency_ms=0)
    cloud = aws.Cloud(world, faults)
    with served([Mount("/elastic", routes=elastic.routes(world, faults)), *cloud.routes()], "") as url:
        config = Config(
            answers=Answers(deadline_s=30),
            elastic=Elastic(url=f"{url}/elastic", api_key=elastic.API_KEY),
            aws=Aws(
                region=aws.REGION,
                endpoint_url=f"{url}{aws.PATH}",
                access_key=aws.ACCESS_KEY,
                secret_key=aws.SECRET_KEY,
                event_bus=aws.BUS,
            ),
            archives=Archives(cloudfront_logs=aws.CLOUDFRONT, cache=str(tmp_path_factory.mktemp("cache"))),
        )
        sources = make(config, lambda: NOW)
        made = Analyst(sources, FakeRenderer(), config.answers, Metrics())
        yield made
        made.stop()
        for source in sources.values():
            source.stop()
    cloud.stop()


def named(analyst: Analyst, section: str, began: datetime, over: timedelta = 5 * MINUTE) -> list[str]:
    """What is said, a quarter of an hour after it began."""
    began = began.replace(second=0)
    alert = an_episode(section=section, since=began + 2 * MINUTE, opened=began + 5 * MINUTE)
    return [line.replace("\u00a0", " ") for line in likely(alert, over, began + 15 * MINUTE, analyst.asked)]


def test_an_issuers_outage_is_told_by_its_codes(analyst: Analyst) -> None:
    """The codes that the scenario brings, and no other."""
    said = named(analyst, "checkout", OUTAGE)
    assert said
    assert {line.partition(" ")[0].rstrip(":") for line in said} <= set(SCENARIOS["issuer-outage"].codes)
    assert all("of failures" in line for line in said)


def test_the_rule_whose_target_refuses_is_named(analyst: Analyst) -> None:
    """Of the bus's rules that one alone."""
    (line,) = named(analyst, "pipeline", REFUSALS)
    assert line.startswith(f"{ARCHIVE}: ")
    assert line.endswith("of its invocations failed")


def test_a_storm_of_retries_is_told_by_attempt_and_by_code(analyst: Analyst) -> None:
    """Both ways to look at it."""
    said = named(analyst, "retries", STORM)
    assert any(line.startswith("attempt ") and line.endswith("of its retries failed") for line in said)
    assert any(line.startswith("card_velocity_exceeded") and line.endswith("of failed payments") for line in said)


def test_failures_without_a_kind_have_no_likely_reason(analyst: Analyst) -> None:
    """The company's log says of receipts only that they failed, and its edges deliver as ever: nothing is made up."""
    assert named(analyst, "receipts", RENDERER) == []


def test_every_question_has_an_answer(analyst: Analyst) -> None:
    """Each is one that its source understands: silence is the numbers' doing, not a mistake's."""
    window = windows(an_episode(since=CALM, opened=CALM), MINUTE, CALM + HOUR)[1]
    found = {repr(cause.query): analyst.asked(cause.query, window, "prod") for causes in CAUSES.values() for cause in causes}
    assert [answer for answer in found.values() if isinstance(answer, str)] == []
    edges = found[repr(EDGES)]
    assert isinstance(edges, Table)
    assert [column.title for column in edges.columns] == ["edge", "downloads", "failures", "city"]
    assert edges.rows


@pytest.mark.parametrize("section", [*CAUSES, "window", "funnel", ""])
def test_a_calm_hour_has_no_likely_reason(analyst: Analyst, section: str) -> None:
    """Nothing grew, so nothing is said, whatever the section."""
    assert named(analyst, section, CALM) == []


@dataclass
class Asked:
    """Answers with one table before the start and another since, and keeps what it was asked."""

    before: Table | str
    since: Table | str
    began: datetime
    asked: list[tuple[str, Window, str]] = field(default_factory=list)

    def __call__(self, query: Query, window: Window, env: str) -> Table | str:
        self.asked.append((query.source, window, env))
        return self.before if window.end <= self.began else self.since


ALERT = an_episode(section="checkout", since=NOW - 20 * MINUTE, opened=NOW - 10 * MINUTE)
BEFORE, SINCE = reasons_table({"b": (0, 0, 100)}), reasons_table({"a": (0, 0, 50), "b": (0, 0, 50)})


def test_the_start_is_where_the_rule_had_looked() -> None:
    """A sum over 15 minutes that fired 10 minutes ago is of the failures of 25 minutes; before that is what is usual."""
    before, since = windows(ALERT, 15 * MINUTE, NOW)
    assert (since.start, since.end) == (NOW - 25 * MINUTE, NOW)
    assert (before.start, before.end) == (since.start - COMPARED, since.start)
    assert windows(ALERT, 5 * MINUTE, NOW)[1].start == ALERT.since


def test_a_source_that_does_not_answer_says_nothing() -> None:
    """It is asked for the one window, not for the other, and the next question is asked all the same."""
    away = Asked("Elasticsearch did not answer in 8 s.", SINCE, ALERT.since)
    assert likely(ALERT, MINUTE, NOW, away) == ()
    assert [window.end for _, window, _ in away.asked] == 2 * [ALERT.since]
    assert likely(ALERT, MINUTE, NOW, Asked(BEFORE, "Elasticsearch is busy.", ALERT.since)) == ()


def test_nothing_is_asked_once_the_time_is_over() -> None:
    """A chart waits for the reasons, and does not wait long."""
    asked = Asked(BEFORE, SINCE, ALERT.since)
    clock = iter((0.0, 0.0, LOOKUP_S, LOOKUP_S, LOOKUP_S))
    assert likely(ALERT, MINUTE, NOW, asked, lambda: next(clock)) == ()
    assert len(asked.asked) == 1


def test_reasons_are_masked_before_they_are_kept() -> None:
    """A decline code may hold anything."""
    since = reasons_table({WITH_CARD: (0, 0, 50), "b": (0, 0, 50)})
    (line, *_) = likely(ALERT, MINUTE, NOW, Asked(BEFORE, since, ALERT.since))
    assert line.startswith("declined [card number]: ")


def test_the_alerts_own_environment_is_asked() -> None:
    """Another one's failures explain nothing."""
    asked, alert = Asked(BEFORE, SINCE, ALERT.since), an_episode(section="pipeline", env="staging", since=ALERT.since)
    likely(alert, MINUTE, NOW, asked)
    assert {env for _, _, env in asked.asked} == {"staging"}


def test_every_question_is_of_a_section() -> None:
    """A name that no section has would never be asked."""
    assert set(CAUSES) <= set(SECTIONS)


def test_an_episode_of_long_ago_is_looked_at_from_its_start() -> None:
    """However late the lookup comes."""
    old: Episode = an_episode(section="checkout", since=NOW - 300 * MINUTE, opened=NOW - 290 * MINUTE)
    assert windows(old, 5 * MINUTE, NOW)[1].start == old.since
