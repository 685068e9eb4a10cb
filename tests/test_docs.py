"""Promises in prose: the pages for operators name every setting, with the default that the code has."""

from __future__ import annotations

import re
from pathlib import Path
from tomllib import loads

import pytest

from bot.alerts import rulebook
from bot.alerts.listing import condition
from bot.alerts.rule import Rule
from bot.config import KNOWN, TABLES, Alerts, Answers, Archives, Aws, Config, Opsgenie, PagerDuty
from commands.words import duration

DOCS = Path("docs")
PAGES = "\n".join(page.read_text() for page in (DOCS / "settings.md", DOCS / "setup-sources.md", DOCS / "setup-slack.md"))
ALERTS = (DOCS / "alerts.md").read_text()
OWN = sorted((*KNOWN.settings, *KNOWN.secrets))
KEYS = sorted(key for keys in TABLES.values() for key in keys)


def default_of(name: str) -> str:
    """What a page's table says is the default of this setting or key."""
    row = re.search(rf"^\| `{name}` \|.*\|(?: `?([^|`]*)`?)? \|$", PAGES, re.MULTILINE)
    assert row, f"no row for {name}"
    return row[1] or ""


@pytest.mark.parametrize("name", OWN)
def test_every_setting_has_its_place_in_the_pages(name: str) -> None:
    """Nothing can be set that nobody reads of."""
    assert f"`{name}`" in PAGES


@pytest.mark.parametrize("key", KEYS)
def test_every_key_of_the_file_has_its_place_in_the_pages(key: str) -> None:
    """In a table, or in the example of its own table."""
    assert re.search(rf"(^| ){key} = |`{key}`", PAGES, re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PAYBOT_ENV", Config().env),
        ("PAYBOT_TIMEZONE", Config().timezone),
        ("PAYBOT_BIND", "{}:{}".format(*Config().bind)),
        ("PAYBOT_LOG_LEVEL", Config().log_level),
        ("PAYBOT_BASE_URL", Config().base_url),
        ("DATABASE_URL", Config().database_url),
        ("deadline", f"{Answers().deadline_s:g}s"),
        ("theme", Answers().theme),
        ("agreement", f"{Answers().limits.agreement_pct:g}%"),
        ("PAYBOT_RETRY_QUEUE", Aws().retry_queue),
        ("PAYBOT_EVENT_BUS", Aws().event_bus),
        ("ATHENA_DATABASE", Archives().athena_database),
        ("cache_mb", str(Archives().cache_mb)),
        ("PAGERDUTY_API_URL", PagerDuty().api_url),
        ("PAGERDUTY_EVENTS_URL", PagerDuty().events_url),
        ("OPSGENIE_API_URL", Opsgenie(api_key="").api_url),
        ("service", PagerDuty().service),
        ("tick", f"{Alerts().tick.total_seconds():g}s"),
        ("delay", f"{Alerts().delay.total_seconds():g}s"),
        ("repeat_every", f"{Alerts().repeat_every.total_seconds() / 3600:g}h"),
        ("channel", Alerts().channel),
        ("copy_home", str(Answers().copy_home).lower()),
        ("at_once", str(Answers().at_once)),
        ("waiting", str(Answers().waiting)),
        ("per_user", str(Answers().per_user)),
    ],
)
def test_the_pages_give_the_defaults_that_the_code_has(name: str, value: str) -> None:
    """A default that is changed is changed in both."""
    assert default_of(name) == value


def in_words(rule: Rule) -> list[str]:
    """A rule as the page's table has it."""
    hold = duration(rule.hold) if rule.hold else "at once"
    again = "" if rule.measure == "answers" else f"{rule.recover:g} {rule.unit}".rstrip()
    cells = [
        f"`{rule.name}`",
        condition(rule),
        hold,
        again,
        duration(rule.clear),
        rule.severity,
        ", ".join(rule.routes),
        rule.owner,
    ]
    return [cell.replace("\u00a0", " ") for cell in cells]


@pytest.mark.parametrize("rule", rulebook.rules(Config()), ids=lambda rule: rule.name)
def test_the_page_of_alerts_has_every_shipped_rule_as_it_is(rule: Rule) -> None:
    """A number that is changed is changed in both."""
    assert f"| {' | '.join(in_words(rule))} |".replace("|  |", "| |") in ALERTS


@pytest.mark.parametrize("key", rulebook.KEYS)
def test_the_page_of_alerts_has_every_key_of_a_rule(key: str) -> None:
    """In its table, in a row of its own or with its opposite."""
    assert re.search(rf"^\| (`\w+`, )?`{key}`[ ,]", ALERTS, re.MULTILINE)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("measure", "mean"),
        ("over", "5m"),
        ("for", "0s"),
        ("clear", "5m"),
        ("no_data", "keep"),
        ("severity", "warning"),
        ("routes", '["slack"]'),
        ("enabled", "true"),
    ],
)
def test_the_page_of_alerts_gives_the_defaults_of_a_rule_of_ones_own(key: str, value: str) -> None:
    """The same rule with these values and without them."""
    least = {"title": "T", "source": "datadog", "query": "avg:$success_rate{$scope}", "above": 1}
    row = re.search(rf"^\| `{key}` \|.*\| `([^|`]*)` \|$", ALERTS, re.MULTILINE)
    assert row
    assert row[1] == value
    written = loads(f"x = {value if value[0] in '[t' else repr(value)}")["x"]
    assert own(least) == own({**least, key: written})


def own(table: dict[str, object]) -> Rule:
    return rulebook.rules(Config(overrides={"own": table}))[-1]


def test_the_examples_of_the_page_of_alerts_can_be_used() -> None:
    """As they stand, all in one file."""
    overrides: dict[str, object] = {}
    for example in re.findall(r"```toml\n(.*?)```", ALERTS, re.DOTALL):
        overrides |= loads(example).get("rules", {})
    assert len(overrides) == 3
    assert rulebook.rules(Config(overrides=overrides))[-1].name == "retry-queue-old"


def test_links_between_pages_lead_somewhere() -> None:
    """README and docs name only files that are there."""
    for page in (Path("README.md"), *DOCS.glob("**/*.md")):
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page}: {target}"
