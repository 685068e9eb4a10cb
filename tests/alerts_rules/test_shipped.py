"""The shipped rules: those of the dashboard's table, asking what its sections ask."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.alerts.rule import Rule
from bot.alerts.rulebook import rules, shipped
from bot.config import Config
from bot.runbook import topics
from commands import SECTIONS, checkout, expiry, pipeline, receipts

MINUTE = timedelta(minutes=1)
SHIPPED = {rule.name: rule for rule in rules(Config())}
# measure, limit, over, for, severity, routes, owner
TABLE = {
    "checkout-success-rate": ("mean", "< 97", 15, 10, "critical", "slack pagerduty", "Commerce Backend"),
    "webhook-lag": ("lag", "> 120", 5, 0, "critical", "slack pagerduty", "Payments SRE"),
    "window-expired": ("sum", "> 10", 60, 0, "warning", "slack", "Commerce Backend"),
    "retry-failures": ("sum", "> 5", 15, 0, "warning", "slack", "Commerce Backend"),
    "receipt-render-failures": ("sum", "> 3", 5, 0, "error", "slack opsgenie", "Payments SRE"),
    "source-silent": ("answers", "< 1", 5, 5, "error", "slack", "Payments SRE"),
}


def row(rule: Rule) -> tuple[object, ...]:
    limit = f"{'>' if rule.above is not None else '<'} {rule.limit:g}"
    minutes = rule.over // MINUTE, rule.hold // MINUTE
    return (rule.measure, limit, *minutes, rule.severity, " ".join(rule.routes), rule.owner)


def test_the_shipped_rules_are_those_of_the_table() -> None:
    """Each with its number, its time, its owner and whom it tells; all of them switched on."""
    assert {name: row(rule) for name, rule in SHIPPED.items()} == TABLE
    assert all(rule.enabled for rule in SHIPPED.values())


@pytest.mark.parametrize("rule", SHIPPED.values(), ids=SHIPPED)
def test_each_leads_to_its_place(rule: Rule) -> None:
    """A section of the dashboard and a section of the runbook are there for it."""
    assert rule.section in SECTIONS
    assert rule.name in topics()
    assert rule.title


@pytest.mark.parametrize("rule", SHIPPED.values(), ids=SHIPPED)
def test_each_is_over_only_on_the_good_side(rule: Rule) -> None:
    """The level of recovery is no breach, and a recovery must last."""
    assert rule.recovered(rule.recover)
    assert not rule.breached(rule.recover)
    assert rule.clear > timedelta(0)


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("checkout-success-rate", checkout.RATE),
        ("window-expired", expiry.EXPIRED),
        ("receipt-render-failures", receipts.ERRORS),
    ],
)
def test_a_rule_asks_what_its_section_asks(name: str, query: object) -> None:
    """So that message and picture never part."""
    asked = SHIPPED[name].queries["value"]
    assert (asked.source, asked.text, asked.options) == (query.source, query.text, query.options)  # type: ignore[attr-defined]
    assert asked.over is None


def test_a_lag_is_asked_in_one_piece() -> None:
    """The percentile of the whole of `over`, which cannot be made of minutes; the newest event of a day."""
    queries = SHIPPED["webhook-lag"].queries
    assert queries["value"].over == SHIPPED["webhook-lag"].over
    assert "date_histogram" not in queries["value"].text
    assert (queries["last"].text, queries["last"].over) == (pipeline.LAST.text, timedelta(hours=24))
    assert queries["value"].options == queries["last"].options == pipeline.LAST.options


def test_counters_know_quiet_minutes() -> None:
    """A minute in which nothing was counted is a 0 where the company was heard."""
    counted = [rule for rule in SHIPPED.values() if rule.measure == "sum"]
    assert len(counted) == 3
    assert all(rule.queries["value"].options == {"fill": "zero"} for rule in counted)


def test_the_shipped_file_is_read_once() -> None:
    """A check, a start and a list do not parse it anew."""
    assert shipped() is shipped()
