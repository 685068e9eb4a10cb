"""The runbook: a section for each alert and each part of the dashboard, commands that can be asked, owners as registered."""

from __future__ import annotations

import re

import pytest

from bot.runbook import plainer, told, topics
from commands import SECTIONS
from commands.help import usage
from tests.commands.asking import said_or_refused

ALERTS = ("checkout-success-rate", "webhook-lag", "window-expired", "retry-failures", "receipt-render-failures", "source-silent")
PARTS = ("What it means", "First three checks", "Likely causes", "What to do", "Owner")
LIMIT = 3000  # characters of one text in Slack


def test_every_alert_and_every_section_has_its_own() -> None:
    """Buttons and `/pay runbook` lead there by these names."""
    assert set(topics()) == {*ALERTS, *SECTIONS}


@pytest.mark.parametrize("topic", [*ALERTS, *SECTIONS])
def test_every_topic_has_all_parts(topic: str) -> None:
    """In the order in which one needs them at night, and short enough for one message."""
    text = topics()[topic]
    places = [text.find(f"**{part}") for part in PARTS]
    assert -1 not in places
    assert places == sorted(places)
    assert len(told(topic)) < LIMIT


@pytest.mark.parametrize("topic", [*ALERTS, *SECTIONS])
def test_every_check_can_be_asked(topic: str) -> None:
    """Three commands that paybot understands."""
    checks = topics()[topic].split("**First three checks**")[1].split("**")[0]
    commands = re.findall(r"`/pay ?([^`]*)`", checks)
    assert len(commands) >= 3
    for command in commands:
        assert said_or_refused(command), command


@pytest.mark.parametrize("name", [name for name in SECTIONS if name != "overview"])
def test_owners_are_those_of_the_register(name: str) -> None:
    """One truth."""
    assert topics()[name].split("**Owner.**")[1].strip() == SECTIONS[name].owner


def test_an_unknown_topic_gets_the_nearest() -> None:
    """And the list of what there is."""
    assert "Did you mean `webhook-lag`?" in told("webhok-lag")
    assert told("").startswith("`/pay runbook <name>` knows: ")
    assert told("x" * 500).count("x") < 100


def test_the_page_is_linked_where_it_is_known() -> None:
    """At the topic's own heading."""
    assert told("retries", "https://wiki/run").endswith("The whole page: https://wiki/run#retries")


def test_markdown_becomes_what_slack_writes() -> None:
    """One star for bold; a paragraph is one line."""
    assert plainer("**Do.** one\ntwo\n\n1. three\n2. four") == "*Do.* one two\n1. three\n2. four"


def test_help_names_every_section_with_its_owner() -> None:
    """The four teams of the dashboard, within one message."""
    text = usage(SECTIONS)
    assert all(f"`{name}`" in text for name in SECTIONS)
    assert all(team in text for team in ("Commerce Backend", "Payments SRE", "Product Analytics", "Support Ops"))
    assert len(text) < LIMIT
