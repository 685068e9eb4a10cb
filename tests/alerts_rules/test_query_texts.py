"""Queries of rules as text: what a source would refuse is a fault at every start, and what it takes is none."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts import log_text, metric_text
from bot.alerts.query_text import LANGUAGES
from bot.shapes import Misfit
from sandbox.datadog.query import QueryError, parse_query


def fault(source: str, text: str, measure: str = "mean", part: str = "value") -> str:
    """What is wrong with a text; "" where nothing is."""
    try:
        LANGUAGES[source].check(text, measure, part)
    except Misfit as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    "text",
    [
        "avg:$success_rate{$scope}",
        "sum:$expired_count{$scope}.as_count()",
        "sum:payments.x{$scope,attempt:1} by {region,host}.rollup(max, 60).fill(zero, 300)",
        "default_zero(sum:a.b{$scope}.as_rate()) * 100 / (sum:c{$scope} + 1.5)",
        "-avg:a{$scope} + -3",
        "avg:a{$scope AND (region:eu OR !host:x) AND NOT version IN (1,2)}",
        "count(v: v<=1):a{$scope}",
        "anomalies(avg:a{$scope}, 'basic', 2, direction='both', interval=60)",
        "top(avg:a{$scope} by {host}, 10, 'mean', 'desc')",
        "timeshift(max:a{$scope}, -3600)",
        "moving_rollup(avg:a{$scope}, 900, 'avg')",
        "(avg:a{$scope} by {x} - min:a{$scope} by {x}) * 1e3",
        "a.b{$scope}",
        "avg:a {$scope}  by {b} . rollup( sum , 60 )",
        "some_new_function(avg:a{$scope}).some_new_method()",
    ],
)
def test_what_datadog_takes_is_no_fault(text: str) -> None:
    """Also functions and methods that were not there when this was written: a false fault would stop the start."""
    assert fault("datadog", text) == ""


@pytest.mark.parametrize("text", ["p95:a{$scope}", "p99.9:a{$scope} by {x}"])
def test_percentiles_are_no_fault_where_the_newest_counts(text: str) -> None:
    """They cannot be averaged, and need not be."""
    assert fault("datadog", text, "last") == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "avgg:a{$scope}",
            'aggregates by "avgg", which is none of avg, sum, min, max, count and p50 to p99; did you mean "avg"?',
        ),
        ("p100:a{$scope}", 'aggregates by "p100"'),
        ("avg:a{$scope} avg:b{$scope}", 'cannot be read from "avg:b{$scope}" on: there must be +, -, * or /, or the end'),
        ("avg:a{$scope}, avg:b{$scope}", 'cannot be read from ", avg:b{$scope}" on'),
        ("avg:a{$scope} +", "cannot be read at its end: there must be a metric"),
        ("avg:1a{$scope}", 'cannot be read from "avg:1a{$scope}" on'),
        ("avg:a{$scope,}", "has nothing where {…} needs a tag"),
        ("avg:a{$scope} by {}", "has nothing where by {…} needs a tag"),
        ("sum:a{$scope}.as_cout()", 'names .as_cout(), which Datadog does not have; did you mean "as_count"?'),
        ("sum:a{$scope}.as_count", 'cannot be read from ".as_count" on'),
        ("abs(sum:a{$scope}, )", 'cannot be read from ")" on'),
        ("}avg:a{$scope}{", 'cannot be read from "}avg:a{$scope}{" on'),
        ("(" * 60 + "avg:a{$scope}" + ")" * 60, "is too deep"),
        ("logs('x').index('main'){$scope}", "cannot be read"),
    ],
)
def test_what_datadog_refuses_is_a_fault(text: str, said: str) -> None:
    """With where it begins and what should stand there."""
    assert fault("datadog", text).startswith(said)


def made(dice: random.Random, depth: int = 0) -> str:
    """A query of the forms that the sandbox knows; some are spoilt."""
    selector = f"{dice.choice(('avg:', 'sum:', 'p95:', 'max :'))}a.b{{{dice.choice(('*', 'env:prod', 'a:1, !b:2', 'a:1,'))}}}"
    selector += dice.choice(("", " by {x}", "by{x,y}")) + dice.choice(("", ".as_count()", ".rollup(max, 60)", ".rollup(60)"))
    if depth > 3 or dice.random() < 0.4:
        return dice.choice((selector, selector, "3", "1.5"))
    one, two = made(dice, depth + 1), made(dice, depth + 1)
    forms = (f"{one} {dice.choice('+-*/')}{two}", f"({one})", f"default_zero({one})", f"moving_rollup({one}, 60, 'max')", one[1:])
    return dice.choice(forms)


def test_whatever_the_sandbox_can_evaluate_is_no_fault() -> None:
    """Two readers of one grammar, on 3,000 texts: what the other one reads ours does not refuse."""
    dice = random.Random(11)
    read = 0
    for text in (made(dice) for _ in range(3_000)):
        try:
            parse_query(text)
        except QueryError:
            continue
        read += 1
        metric_text.fitting(text)
    assert 1_000 < read < 3_000


@given(st.text(alphabet="avg:$scope{}()., +-*/'=13by", max_size=80))
def test_any_text_is_a_query_or_a_fault(text: str) -> None:
    """No text makes another exception, and none takes long."""
    fault("datadog", text)


LAG = {"percentiles": {"field": "$webhook_lag_ms", "percents": [95]}}
EVENTS = {"range": {"$time": {"gte": "$start", "lt": "$end"}}}


def lag(aggregation: Any = None, query: Any = None, metric: Any = None) -> str:
    """A rule's query with one part of it changed."""
    kind = aggregation or {"filters": {"filters": {"events": query or EVENTS}}}
    return fault("elastic", json.dumps({"all": {**kind, "aggs": {"lag": metric or LAG}}}), "lag")


def test_what_a_rule_may_ask_of_logs_is_no_fault() -> None:
    """Terms, ranges and their combinations, over fields of the settings and others."""
    term = {"term": {"http.response.status_code": 500}}
    assert lag() == ""
    assert lag(query={"bool": {"filter": [EVENTS, term], "must_not": {"exists": {"field": "labels.x"}}}}) == ""


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"query": {"query_string": {"query": "*"}}}, 'asks "query_string", which is none of bool, term'),
        ({"query": {"regexp": {"a": "(x+)+"}}}, 'asks "regexp"'),
        ({"query": {"wildcard": {"a": "*x"}}}, 'asks "wildcard"'),
        ({"query": {"script": {"script": "1"}}}, 'asks "script"'),
        ({"query": {"bool": {"filtr": []}}}, 'has "filtr" in a bool'),
        ({"query": {"bool": {"must": [{"range": EVENTS["range"]}, {"rage": {}}]}}}, 'asks "rage"'),
        ({"query": {"term": {"_id": "x"}}}, 'names "_id", which is no field that may be asked'),
        ({"query": {"term": []}}, 'names no field at "term"'),
        ({"aggregation": {"scripted_metric": {}}}, 'asks "scripted_metric", which is none of filters'),
        ({"aggregation": {"filtres": {}}}, 'asks "filtres"'),
        ({"aggregation": {"terms": {"field": "_all"}}}, 'names "_all"'),
        ({"aggregation": {"terms": {"script": "x", "field": "a"}}}, "may not run a script"),
        ({"aggregation": {"terms": {}}}, 'lacks "field"'),
        ({"metric": {"percentiles": {"percents": [95]}}}, 'lacks "field"'),
        ({"metric": {"percentiles": {"field": "a", "percents": [95, 950]}}}, 'has "percents" that are no numbers'),
        ({"metric": {"percentiles": {"field": "a", "percents": [95], "script": "x"}}}, "may not run a script"),
    ],
)
def test_what_no_rule_may_ask_of_logs_is_a_fault(changed: dict[str, Any], said: str) -> None:
    """No query language, no regular expression, no script, no field of Elasticsearch's own; and no misspelt name."""
    assert lag(**changed).startswith(said)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["aggs", "filters", "filter", "bool", "term", "field", "percentiles"]), inner, max_size=3
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_an_aggregation_or_a_fault(tree: Any) -> None:
    """No shape makes another exception."""
    with suppress(Misfit):
        log_text.fitting(tree)


def metric(**changed: Any) -> str:
    usual = {"namespace": "AWS/SQS", "metric": "Age", "stat": "Maximum", "dimensions": {"QueueName": "$queue"}}
    return fault("cloudwatch", json.dumps({**usual, **changed}))


@pytest.mark.parametrize("stat", ["Average", "SampleCount", "p99", "p99.9", "tm90", "TM(10%:90%)", "PR(:300)", "IQM"])
def test_every_statistic_of_cloudwatch_is_one(stat: str) -> None:
    """The plain ones, percentiles, and trimmed ones in both of their forms."""
    assert metric(stat=stat) == ""


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"stat": "Max"}, 'asks the statistic "Max", which is none of SampleCount, Average, Sum, Minimum, Maximum, IQM, p95'),
        ({"stat": "average"}, 'asks the statistic "average"'),
        ({"dimesions": {}}, 'has "dimesions", which is none of namespace, metric, stat, dimensions; did you mean "dimensions"?'),
        ({"namespace": "AWS SQS"}, "names a namespace or a metric as CloudWatch has none"),
        ({"metric": ""}, "names a namespace or a metric"),
        ({"dimensions": {"QueueName": ""}}, '"dimensions" must be an object of texts'),
        ({"dimensions": {f"d{number}": "x" for number in range(31)}}, '"dimensions" are more than the 30'),
    ],
)
def test_what_cloudwatch_refuses_is_a_fault(changed: dict[str, Any], said: str) -> None:
    """A misspelt part would else be left out without a word."""
    assert metric(**changed).startswith(said)
