"""Faults of rules: each in one line with its file, its line and the reason; all of them at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.alerts.rulebook import rules
from bot.config import Config, ConfigError
from tests.alerts_rules.written import faults_of

SHIPPED = "[rules.checkout-success-rate]\n"
LAG = "[rules.webhook-lag]\n"
OWN = '[rules.own]\ntitle = "Own"\nsource = "datadog"\nabove = 3\n'


def own(query: str, more: str = "") -> str:
    return f"{OWN}query = '{query}'\n{more}"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (LAG + "belo = 2", '2: "rules.webhook-lag.belo" is not a setting; did you mean "rules.webhook-lag.below"?'),
        ("\n[rules.webhok-lag]\nabove = 3", '2: there is no rule "webhok-lag"; did you mean "webhook-lag"?'),
        ("[rules.queue]\nabove = 3", '1: there is no rule "queue"; one of your own needs a query'),
        ('[rules]\nbelow = "x"', '2: "rules.below" is not a setting; [rules.<name>] is a table of its own'),
        ("rules = 3", "1: rules is a table: write [rules] above its keys"),
        (LAG + 'for = "soon"', '2: rules.webhook-lag.for: "soon" is not a duration like'),
        (LAG + "clear = 5", '2: rules.webhook-lag.clear: "5" must be a text in quotes'),
        (LAG + 'for = "2d"', '2: rules.webhook-lag.for: "2d" is not between 0s and 24h'),
        (LAG + 'over = "90s"', '2: rules.webhook-lag.over: "90s" must be whole minutes'),
        (LAG + "above = 3\nbelow = 2", "3: rules.webhook-lag.below: above and below are both set; one of them must go"),
        (LAG + "\nrecover = 121", "3: rules.webhook-lag.recover: must be 120 or less, for the rule fires above that"),
        (SHIPPED + "recover = 96.9", "2: rules.checkout-success-rate.recover: must be 97 or more, for the rule fires below that"),
        (SHIPPED + "below = true", '2: rules.checkout-success-rate.below: "True" must be a number'),
        (SHIPPED + "below = nan", '2: rules.checkout-success-rate.below: "nan" must be a number'),
        (SHIPPED + f"below = 1{'0' * 400}", "2: rules.checkout-success-rate.below: "),
        (SHIPPED + 'routes = ["slack", "slak"]', '2: rules.checkout-success-rate.routes: "slak" is not one of slack, pagerduty'),
        (SHIPPED + 'routes = "slack"', '2: rules.checkout-success-rate.routes: "slack" must be a list of texts'),
        (SHIPPED + 'routes = ["slack", "slack"]', '2: rules.checkout-success-rate.routes: "slack" stands there twice'),
        (SHIPPED + "routes = []", "2: rules.checkout-success-rate.routes: must name at least one"),
        (SHIPPED + 'severity = "criticl"', '2: rules.checkout-success-rate.severity: "criticl" is not one of critical, error'),
        (SHIPPED + 'no_data = "zero"', '2: rules.checkout-success-rate.no_data: "zero" is not one of keep, fire, ok, nodata'),
        (SHIPPED + 'enabled = "no"', '2: rules.checkout-success-rate.enabled: "no" is neither true nor false'),
        (SHIPPED + 'section = "chekout"', '2: rules.checkout-success-rate.section: "chekout" is not one of'),
        (SHIPPED + 'environments = ["PROD"]', '2: rules.checkout-success-rate.environments: "PROD" is not the name of an env'),
        (SHIPPED + 'title = "a\\nb"', '2: rules.checkout-success-rate.title: "a?b" is not one line of 1 to 100 characters'),
        (SHIPPED + 'measure = "answers"', '2: rules.checkout-success-rate.measure: "answers" is not one of mean, sum, last, lag'),
        (SHIPPED + 'measure = "lag"', '2: rules.checkout-success-rate.measure: datadog is judged by measure = "mean" or "sum"'),
        (SHIPPED + 'source = "elastic"', '2: rules.checkout-success-rate.source: elastic is judged by measure = "lag"'),
        (SHIPPED + 'source = "sqs"', '2: rules.checkout-success-rate.source: "sqs" is not one of datadog, elastic, cloudwatch'),
        (SHIPPED + 'last_query = "x"', '2: rules.checkout-success-rate.last_query: is asked only where measure = "lag"'),
        ('[rules.source-silent]\nabove = 3', "2: rules.source-silent.above: cannot be set: this rule is built in"),
        (own("avg:$success_rate{$scope}").replace("above = 3", ""), "1: rules.own: a rule of your own needs above or below too"),
        ('[rules.own]\nquery = "avg:x{$scope}"', "1: rules.own: a rule of your own needs title, source and above or below too"),
        ("[rules.webhook-lag]\n\n[rules.webhook-lag]", "3: is not TOML: Cannot declare ('rules', 'webhook-lag') twice"),
        (f"{LAG}title = [\n]\nabove = 1{'0' * 5000}", "4: is not TOML that can be read: a number is too long"),
        (f"\n{LAG}title = {'[' * 5000}", "3: is not TOML that can be read: a number is too long, or lists too deep"),
        (LAG + "above = 3\nabove = 4", "3: is not TOML: Cannot overwrite a value; it stands there twice"),
    ],
)  # fmt: skip
def test_a_fault_names_file_line_key_and_reason(tmp_path: Path, text: str, fault: str) -> None:
    """Whatever is wrong with a rule, the reader's editor goes straight there."""
    (found, *_) = faults_of(tmp_path, text)
    assert found.startswith(f"paybot.toml:{fault}")


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ("avg:$succes_rate{$scope}", 'names "$succes_rate", which nothing stands for; did you mean "$success_rate"?'),
        ("avg:$success_rate{*}", "must select by {$scope}"),
        ("avg:$success_rate", "must select by {$scope}"),
        ("avg:$success_rate{$scope} / avg:x{env:prod}", "must select by {$scope}"),
        ("(avg:$success_rate{$scope}", "has brackets that do not match"),
        ("p95:$render_time_ms{$scope}", "asks a percentile, which cannot be averaged or added up"),
        ("", "must be a query of 1 to 5,000 characters"),
    ],
)
def test_a_metric_query_that_cannot_be_asked_is_a_fault(tmp_path: Path, query: str, part: str) -> None:
    """Before Datadog would refuse it, and before it would look at another environment."""
    (found,) = faults_of(tmp_path, own(query))
    assert found.startswith(f"paybot.toml:5: rules.own.query: {part}")


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ("{", "is not JSON: Expecting property name enclosed in double quotes (line 1 of the query, column 2)"),
        ("[" * 4000, "is not JSON: it holds a number that is too long, or too many levels"),
        ("[]", "must be a JSON object"),
        ('{"all": {}}', 'must be one aggregation with "lag", percentiles with the percent 95 in its aggs'),
        ('{"all": {"aggs": {"lag": {"percentiles": {"field": "$webhok_lag_ms", "percents": [95]}}}}}', 'names "$webhok_lag_ms"'),
    ],
)
def test_a_log_query_that_cannot_be_judged_is_a_fault(tmp_path: Path, query: str, part: str) -> None:
    """It must be JSON, name known fields, and bring the column that a lag is made of."""
    (found,) = faults_of(tmp_path, f"{LAG}query = '{query}'")
    assert found.startswith(f"paybot.toml:2: rules.webhook-lag.query: {part}")


def test_the_newest_event_of_a_lag_is_looked_at_too(tmp_path: Path) -> None:
    """Without its time nobody would see that nothing comes any more."""
    (found,) = faults_of(tmp_path, LAG + """last_query = '{"all": {"aggs": {}}}'""")
    assert (
        found == 'paybot.toml:2: rules.webhook-lag.last_query: must be one aggregation with "at", the max of a time in its aggs'
    )


@pytest.mark.parametrize(
    "query",
    [
        '{"metric": "m"}',
        '{"namespace": "n", "metric": "m", "stat": "Sum", "dimensions": 3}',
        '{"namespace": "n", "metric": "m", "stat": "Sum", "dimensions": {"QueueName": "$que"}}',
    ],
)
def test_a_cloudwatch_query_names_one_metric(tmp_path: Path, query: str) -> None:
    """With its namespace, its statistic, and dimensions that something stands for."""
    (found,) = faults_of(tmp_path, own(query).replace("datadog", "cloudwatch"))
    assert found.startswith("paybot.toml:5: rules.own.query: ")


def test_all_wrong_options_are_told(tmp_path: Path) -> None:
    """Those that the source does not have, and values that they cannot take."""
    found = faults_of(tmp_path, own("avg:$success_rate{$scope}", 'options = { rate = "ratio", kind = "x", unit = "a\\nb" }'))
    assert [fault.partition("options: ")[2] for fault in found] == [
        'rate can only be percent, not "ratio"',
        'datadog has no option "kind"; there are rate, fill, unit',
        "unit must be a text of one line",
    ]
    assert faults_of(tmp_path, own("avg:$success_rate{$scope}", "options = { rate = 3 }"))[0].endswith('{ fill = "zero" }')


def test_a_lag_of_ones_own_needs_its_newest_event(tmp_path: Path) -> None:
    """As one that stands still writes nothing."""
    query = (
        '{"all": {"filters": {"filters": {}}, "aggs": {"lag": {"percentiles": {"field": "$webhook_lag_ms", "percents": [95]}}}}}'
    )
    (found,) = faults_of(tmp_path, own(query, 'measure = "lag"').replace('"datadog"', '"elastic"'))
    assert found == "paybot.toml:1: rules.own: a rule of your own needs last_query too"


def test_a_name_that_cannot_be_one_is_a_fault(tmp_path: Path) -> None:
    """And it is shown in quotes, on one line."""
    (found,) = faults_of(tmp_path, own("avg:$success_rate{$scope}").replace("rules.own", 'rules."Ow\\nn"'))
    assert found.startswith('paybot.toml:1: "rules.Ow?n": a rule\'s name is made of small letters')


def test_all_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    """Those of rules beside those of all else, each at its line."""
    text = f'[alerts]\ntick = "soon"\n{SHIPPED}for = "x"\nbelow = "y"\nrecove = 3\n{LAG}routes = ["x"]\n[rules.nobody]'
    found = faults_of(tmp_path, text)
    assert sorted(fault.split(":")[1] for fault in found) == ["2", "4", "5", "6", "8", "9"]


def test_overrides_that_come_without_a_file_are_checked_too() -> None:
    """Settings that a program makes are no better than written ones."""
    with pytest.raises(ConfigError) as raised:
        rules(Config(overrides={"webhook-lag": {"above": "much"}}))
    assert raised.value.faults == ('paybot.toml: rules.webhook-lag.above: "much" must be a number (without quotes)',)
