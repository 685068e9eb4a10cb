"""`paybot check`: every fault in one list, and what each edge said, on time."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from bot.check import Finding, asked, checked, faults, finding, not_configured, settings_of
from bot.manifest import manifest
from bot.ports import ChatError, SourceError

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


def test_what_is_not_configured_is_no_fault() -> None:
    """It is listed with the settings that it needs."""
    assert {each.state for each in not_configured({})} == {"not configured"}
    assert {"needs ELASTICSEARCH_URL", "needs PAGERDUTY_API_KEY"} <= {each.said for each in not_configured({})}
