"""`paybot check`: every fault in one list, and what each edge said, on time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.routing import Mount

from bot.check import Finding, asked, checked, connected, faults, finding, not_configured, settings_of
from bot.config import KNOWN
from bot.manifest import manifest
from bot.ports import ChatError, SourceError
from bot.reading import read_settings
from sandbox import datadog, elastic, opsgenie, pagerduty
from sandbox.faults import Faults
from tests.sandbox.company import fresh, served
from tests.sources.vendor import Answer, serving

GOOD = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s", "PAYBOT_HOME_CHANNEL": "C0123ABCD"}


def test_faults_of_settings_and_manifest_come_together(tmp_path: Path) -> None:
    """One run shows all there is to mend."""
    (tmp_path / "manifest.yml").write_text("old", encoding="utf-8")
    found = faults({**GOOD, "DD_SITE": "x"}, tmp_path)
    assert [fault.split(":")[0] for fault in found] == ["DD_SITE", "manifest.yml"]


@pytest.mark.parametrize("url", ["", "https://paybot.example.com"])
def test_right_settings_and_a_fresh_manifest_have_no_fault(tmp_path: Path, url: str) -> None:
    """Whichever way Slack reaches the bot."""
    (tmp_path / "manifest.yml").write_text(manifest(url), encoding="utf-8")
    assert faults(GOOD, tmp_path) == ()


def test_faults_of_rules_come_with_those_of_settings(tmp_path: Path) -> None:
    """Each with its line."""
    (tmp_path / "paybot.toml").write_text('[rules.webhook-lag]\nabove = "much"\nfor = "soon"', encoding="utf-8")
    found = faults({**GOOD, "DD_SITE": "x"}, tmp_path)
    assert [fault.split(": ")[0] for fault in found] == ["DD_SITE", "paybot.toml:2", "paybot.toml:3"]


def test_what_is_right_but_cannot_work_is_said_and_is_no_fault(tmp_path: Path) -> None:
    """Rules without their source, routes without their pager, roles that name nobody."""
    (tmp_path / "paybot.toml").write_text("[roles]\nresponder = []", encoding="utf-8")
    lines, good = checked({**GOOD, "DD_API_KEY": "a", "DD_APP_KEY": "b", "OPSGENIE_API_KEY": "o"}, tmp_path, connect=False)
    assert good
    assert lines == [
        "settings, rules and manifest: no faults",
        "cannot be judged, as elastic is not configured (needs ELASTICSEARCH_URL): webhook-lag",
        "no pager for the route pagerduty (PAGERDUTY_ROUTING_KEY is not set): checkout-success-rate, webhook-lag",
        "roles.responder is empty: nobody may acknowledge, snooze or escalate",
    ]


def test_sources_can_be_asked_before_slack_is_set_up(tmp_path: Path) -> None:
    """Missing Slack is a fault of `serve`'s; wrong settings leave nothing to ask with."""
    assert settings_of({}, tmp_path) is not None
    assert settings_of({"DD_SITE": "x"}, tmp_path) is None


def refusing(error: Exception) -> str:
    raise error


def test_each_says_how_it_is() -> None:
    """An answer is ok, a refusal is a fault in its own words, in the order asked."""
    found = asked(
        {
            "Datadog": lambda _: "answers in 34 ms",
            "Elasticsearch": lambda _: refusing(SourceError("refused our keys (403)", "denied")),
            "Slack": lambda _: refusing(ChatError("not_in_channel", "says that paybot is not in #pay")),
        }
    )
    assert found == [
        Finding("Datadog", "ok", "answers in 34 ms"),
        Finding("Elasticsearch", "fault", "refused our keys (403)"),
        Finding("Slack", "fault", "says that paybot is not in #pay"),
    ]


def test_they_are_asked_at_once() -> None:
    """None waits for another: each of these returns only when all have begun."""
    together = threading.Barrier(3, timeout=5)
    found = asked(dict.fromkeys("abc", lambda _: str(together.wait() >= 0)))
    assert {each.state for each in found} == {"ok"}


def test_silence_and_bugs_are_faults_without_foreign_words() -> None:
    """A late answer is told as such; what an unexpected exception says stays in the log."""
    assert finding("Datadog", TimeoutError()) == Finding("Datadog", "fault", "did not answer in 8 s")
    assert "secret" not in finding("Datadog", KeyError("secret")).said


OWN = """\
[rules.own]
title = "Own"
source = "datadog"
above = 3
query = "sum:$success_rate{$scope}.as_count()"
[rules.lags]
title = "Lags"
source = "elastic"
measure = "lag"
above = 3
query = '''
{"a": {"filters": {"filters": {"x": {"match_all": {}}}},
    "aggs": {"lag": {"percentiles": {"field": "$kind", "percents": [95]}}}}}'''
last_query = '{"a": {"filters": {"filters": {"x": {"match_all": {}}}}, "aggs": {"at": {"max": {"field": "$time"}}}}}'
"""


@pytest.fixture(scope="module")
def company() -> Iterator[dict[str, str]]:
    """The settings of a bot whose vendors are the sandbox's."""
    world, faults = fresh(at=datetime.now(UTC)), Faults(latency_ms=0)
    routes = [
        Mount("/datadog", routes=datadog.routes(world, faults)),
        Mount("/elastic", routes=elastic.routes(world, faults)),
        Mount("/pagerduty", routes=pagerduty.routes(world, faults)),
        Mount("/opsgenie", routes=opsgenie.routes(world, faults)),
    ]
    with served(routes, "") as url:
        yield {
            "DD_API_KEY": datadog.API_KEY,
            "DD_APP_KEY": datadog.APP_KEY,
            "DATADOG_HOST": f"{url}/datadog",
            "ELASTICSEARCH_URL": f"{url}/elastic",
            "ELASTICSEARCH_API_KEY": elastic.API_KEY,
            "PAGERDUTY_ROUTING_KEY": pagerduty.ROUTING_KEY,
            "PAGERDUTY_EVENTS_URL": f"{url}/pagerduty",
            "OPSGENIE_API_KEY": opsgenie.API_KEY,
            "OPSGENIE_API_URL": f"{url}/opsgenie",
        }


def states(environ: dict[str, str], folder: Path, text: str = "") -> tuple[list[str], dict[str, Finding]]:
    """The faults of rules, and each finding by its name."""
    (folder / "paybot.toml").write_text(text, encoding="utf-8")
    config = settings_of(environ, folder)
    assert config is not None
    findings = connected(config, read_settings(KNOWN, environ, folder).file.at)
    return [fault for each in findings for fault in each.faults], {each.what: each for each in findings}


def test_a_query_that_its_source_refuses_is_a_fault_with_its_place(company: dict[str, str], tmp_path: Path) -> None:
    """What no grammar shows (a rate cannot be counted, a word has no percentile) is found by asking; the others are well."""
    faults, found = states(company, tmp_path, OWN)
    assert sorted(faults) == [
        "paybot.toml:11: rules.lags.query: Elasticsearch refused the question (400): "
        "Field [event.action] of type [keyword] is not supported for aggregation [percentiles]",
        "paybot.toml:5: rules.own.query: Datadog refused the question (400): "
        "as_count() is not supported for metric payments.checkout.success_rate: it is not a count or a rate.",
    ]
    assert found["Datadog, rules in prod"].said == "refused 1 of 5 queries"
    assert found["Elasticsearch, rules in prod"].said == "refused 1 of 4 queries"
    assert {found["Datadog"].state, found["Elasticsearch"].state} == {"ok"}


def test_the_whole_check_fails_with_the_rule_that_is_refused(company: dict[str, str], tmp_path: Path) -> None:
    """Its line comes first, and nobody reads that there are no faults."""
    (tmp_path / "paybot.toml").write_text(OWN, encoding="utf-8")
    lines, good = checked({**GOOD, **company, "SLACK_API_URL": "http://127.0.0.1:9"}, tmp_path, connect=True)
    assert not good
    assert lines[0].startswith("paybot.toml:")
    assert "no faults" not in "".join(lines)


def test_rules_that_are_taken_and_pagers_that_would_page_are_well(company: dict[str, str], tmp_path: Path) -> None:
    """The shipped rules, and both pagers, in the same table."""
    faults, found = states(company, tmp_path)
    assert faults == []
    assert {name for name, each in found.items() if each.state == "ok"} == {
        "Datadog", "Datadog events", "Elasticsearch", "Datadog, rules in prod", "Elasticsearch, rules in prod",
        "PagerDuty events", "Opsgenie",
    }  # fmt: skip
    assert found["Datadog, rules in prod"].said.startswith("4 queries taken, answered in ")


@pytest.mark.parametrize(
    ("name", "value", "what", "said"),
    [
        ("PAGERDUTY_ROUTING_KEY", "short", "PagerDuty events", "is no integration key of 32 letters and digits"),
        ("PAGERDUTY_ROUTING_KEY", "x" * 32, "PagerDuty events", "PagerDuty refused what it was told; is our key right? (400)"),
        ("PAGERDUTY_EVENTS_URL", "http://127.0.0.1:9", "PagerDuty events", "PagerDuty could not be reached"),
        ("OPSGENIE_API_KEY", "wrong", "Opsgenie", "Opsgenie refused our key (401)"),
        ("OPSGENIE_API_URL", "http://127.0.0.1:9", "Opsgenie", "Opsgenie could not be reached"),
    ],
)
def test_a_pager_that_would_not_page_is_a_fault(
    company: dict[str, str], tmp_path: Path, name: str, value: str, what: str, said: str
) -> None:
    """Found before the night in which it is needed."""
    _, found = states({**company, name: value}, tmp_path)
    assert (found[what].state, found[what].said[: len(said)]) == ("fault", said)


def test_another_server_is_no_opsgenie(company: dict[str, str], tmp_path: Path) -> None:
    """One that knows no such address answers 404, as Opsgenie does to what it does not know."""
    with serving(Answer(b"<html>", 404)) as vendor:
        _, found = states({**company, "OPSGENIE_API_URL": vendor.url}, tmp_path)
    assert found["Opsgenie"].said == "did not answer as Opsgenie does: is OPSGENIE_API_URL right?"


def test_trying_a_pager_pages_nobody(tmp_path: Path) -> None:
    """The event ends an incident that never was."""
    with serving(Answer({"status": "success"}, 202)) as vendor:
        environ = {"PAGERDUTY_ROUTING_KEY": "r" * 32, "PAGERDUTY_EVENTS_URL": vendor.url}
        _, found = states(environ, tmp_path)
    assert found["PagerDuty events"].state == "ok"
    assert [asked.json()["event_action"] for asked in vendor.asked] == ["resolve"]


def test_what_is_not_configured_is_no_fault() -> None:
    """It is listed with the settings that it needs."""
    assert {each.state for each in not_configured({})} == {"not configured"}
    assert {"needs ELASTICSEARCH_URL", "needs PAGERDUTY_API_KEY"} <= {each.said for each in not_configured({})}
