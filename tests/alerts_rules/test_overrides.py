"""What an operator writes: only what differs, or a rule of one's own."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from bot.alerts.rulebook import rules
from bot.config import Config
from tests.alerts_rules.written import rules_of

OWN = """
[rules.queue-age]
title = "Retry queue is old"
source = "cloudwatch"
query = '''
{"namespace": "AWS/SQS", "metric": "ApproximateAgeOfOldestMessage", "stat": "Maximum", "dimensions": {"QueueName": "$queue"}}'''
above = 900
"""


def test_nothing_written_leaves_the_shipped_rules(tmp_path: Path) -> None:
    """An empty table changes nothing either."""
    assert tuple(rules_of(tmp_path, "[rules.webhook-lag]").values()) == rules(Config())


def test_every_key_can_differ(tmp_path: Path) -> None:
    """What is written holds, all else stays as shipped."""
    text = """
[rules.window-expired]
title = "Too many expired"
owner = "Support Ops"
section = "overview"
query = "sum:$expired_count{$scope,region:eu} by {region}.as_count()"
above = 20
recover = 15
over = "2h"
for = "5m"
clear = "1h30m"
no_data = "nodata"
severity = "info"
routes = ["opsgenie", "slack"]
repeat_every = "1h"
environments = ["prod", "eu-staging"]
enabled = false
"""
    rule = rules_of(tmp_path, text)["window-expired"]
    assert (rule.title, rule.owner, rule.section) == ("Too many expired", "Support Ops", "overview")
    assert (rule.above, rule.below, rule.recover) == (20.0, None, 15.0)
    assert (rule.over, rule.hold) == (timedelta(hours=2), timedelta(minutes=5))
    assert (rule.clear, rule.repeat_every) == (timedelta(minutes=90), timedelta(hours=1))
    assert (rule.no_data, rule.severity, rule.routes) == ("nodata", "info", ("opsgenie", "slack"))
    assert (rule.environments, rule.enabled) == (("prod", "eu-staging"), False)
    assert rule.queries["value"].text == "sum:$expired_count{$scope,region:eu} by {region}.as_count()"
    assert rule.queries["value"].options == {"fill": "zero"}


def test_another_limit_recovers_at_itself(tmp_path: Path) -> None:
    """The shipped hysteresis was made for the shipped limit; one that is written with the limit holds."""
    assert rules_of(tmp_path, "[rules.checkout-success-rate]\nbelow = 90")["checkout-success-rate"].recover == 90
    assert rules_of(tmp_path, "[rules.checkout-success-rate]\nbelow = 97")["checkout-success-rate"].recover == 97.5
    assert rules_of(tmp_path, "[rules.checkout-success-rate]\nbelow = 90\nrecover = 91")["checkout-success-rate"].recover == 91


def test_a_limit_may_change_its_side(tmp_path: Path) -> None:
    """What is above then takes the place of what is below."""
    rule = rules_of(tmp_path, "[rules.checkout-success-rate]\nabove = 99.9")["checkout-success-rate"]
    assert (rule.above, rule.below, rule.recover) == (99.9, None, 99.9)


def test_the_window_of_a_lag_is_asked_as_it_is_written(tmp_path: Path) -> None:
    """The percentile follows `over`; how far back the newest event is looked for does not."""
    queries = rules_of(tmp_path, '[rules.webhook-lag]\nover = "10m"')["webhook-lag"].queries
    assert (queries["value"].over, queries["last"].over) == (timedelta(minutes=10), timedelta(hours=24))


def test_reminders_come_as_often_as_the_settings_say(tmp_path: Path) -> None:
    """A rule's own number goes before that of all."""
    found = rules_of(tmp_path, '[alerts]\nrepeat_every = "2h"\n[rules.webhook-lag]\nrepeat_every = "30m"')
    assert found["webhook-lag"].repeat_every == timedelta(minutes=30)
    assert found["window-expired"].repeat_every == timedelta(hours=2)


def test_a_rule_of_ones_own_stands_after_the_shipped_ones(tmp_path: Path) -> None:
    """Source, query, title and a limit are enough."""
    found = rules_of(tmp_path, OWN)
    rule = found["queue-age"]
    assert list(found)[-1] == "queue-age"
    assert (rule.above, rule.recover, rule.measure, rule.severity, rule.routes) == (900.0, 900.0, "mean", "warning", ("slack",))
    assert rule.queries["value"].source == "cloudwatch"


def test_the_built_in_rule_takes_numbers_and_routes(tmp_path: Path) -> None:
    """It is overridden under its own name."""
    text = '[rules.source-silent]\nfor = "10m"\nseverity = "critical"\nroutes = ["slack", "pagerduty"]'
    rule = rules_of(tmp_path, text)["source-silent"]
    assert (rule.hold, rule.severity, rule.routes) == (timedelta(minutes=10), "critical", ("slack", "pagerduty"))
    assert (rule.measure, rule.queries) == ("answers", {})
