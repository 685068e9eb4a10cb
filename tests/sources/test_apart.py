"""One question that a source refuses, asked with others: it alone has the refusal, and they have their answers."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import Mount

from bot.config import Datadog, Elastic
from bot.ports import Answers, Source, SourceError
from bot.sources.cloudwatch import CloudWatch
from bot.sources.datadog import DatadogMetrics
from bot.sources.elastic import Elastic as Logs
from bot.sources.faults import Refused
from bot.sources.retry import apart
from charts.data import Series
from commands.panel import Query
from sandbox import datadog, elastic
from sandbox.faults import Faults
from tests.sandbox.company import NOW, fresh, served
from tests.sources.aws import answering, fault, settings
from tests.sources.vendor import NOON, Answer, window

RATE = Query("datadog", "avg:$success_rate{$scope}")
COUNTED = Query("datadog", "sum:$success_rate{$scope}.as_count()")  # a rate cannot be counted: no grammar shows that
SLOW = Query("datadog", "p95:$success_rate{$scope}", {"whole": "percentile"})
FAILURES = Query("elastic", '{"all": {"terms": {"field": "$decline_code", "size": 5}}}', {"kind": "checkout.failed"})
WORDS = Query("elastic", '{"all": {"histogram": {"field": "$decline_code", "interval": 5}}}')


@pytest.fixture(scope="module")
def company() -> Iterator[tuple[Source, Source]]:
    """The sandbox's Datadog and Elasticsearch as sources."""
    world, faults = fresh(), Faults(latency_ms=0)
    routes = [
        Mount("/datadog", routes=datadog.routes(world, faults, real=NOW.timestamp)),
        Mount("/elastic", routes=elastic.routes(world, faults)),
    ]
    with served(routes, "") as url:
        keys = Datadog(api_key=datadog.API_KEY, app_key=datadog.APP_KEY, host=f"{url}/datadog")
        yield DatadogMetrics(keys, lambda: NOW), Logs(Elastic(url=f"{url}/elastic", api_key=elastic.API_KEY), lambda: NOW)


def refused(found: Answers) -> set[str]:
    return {key for key, answer in found.items() if isinstance(answer, Refused)}


@pytest.mark.parametrize("place", [0, 5, 12])
def test_a_wrong_metric_query_costs_the_others_nothing(company: tuple[Source, Source], place: int) -> None:
    """Wherever among thirteen it stands, twelve have their lines."""
    queries = {f"q{number}": COUNTED if number == place else RATE for number in range(13)}
    found = company[0].fetch(queries, window(end=NOW), "prod", 5)
    assert refused(found) == {f"q{place}"}
    assert all(isinstance(answer, Series) and answer.known() for key, answer in found.items() if key != f"q{place}")


def test_a_wrong_percentile_costs_the_others_nothing(company: tuple[Source, Source]) -> None:
    """The same where one number is asked."""
    good = Query("datadog", "p95:$render_time_ms{$scope}", {"whole": "percentile"})
    assert refused(company[0].fetch({"a": good, "b": SLOW, "c": RATE}, window(end=NOW), "prod", 5)) == {"b"}


def test_a_wrong_search_costs_the_others_nothing(company: tuple[Source, Source], caplog: pytest.LogCaptureFixture) -> None:
    """One search asks for all; the log names the one that was refused."""
    with caplog.at_level(logging.WARNING):
        found = company[1].fetch({"a": FAILURES, "rule value": WORDS, "c": FAILURES}, window(end=NOW), "prod", 5)
    assert refused(found) == {"rule value"}
    assert [record.__dict__["query"] for record in caplog.records if record.msg == "a source refused a query"] == ["rule value"]


def test_where_all_are_refused_the_whole_is(company: tuple[Source, Source]) -> None:
    """Nothing is no answer."""
    with pytest.raises(SourceError, match="refused the question"):
        company[0].fetch({"a": COUNTED, "b": COUNTED}, window(end=NOW), "prod", 5)


def test_a_wrong_statistic_costs_the_others_nothing() -> None:
    """CloudWatch refuses a request whole, too."""
    query = Query("cloudwatch", json.dumps({"namespace": "AWS/SQS", "metric": "Age", "stat": "Sum"}))
    good = Answer({"MetricDataResults": []})
    with answering(fault("ValidationError"), good, fault("ValidationError")) as vendor:
        aws = settings(vendor.url)
        from bot.sources.aws import Clients

        found = CloudWatch(aws, "prod", Clients(aws), lambda: NOON + timedelta(minutes=5)).fetch(
            {"a": query, "b": query}, window(), "prod", 5
        )
    assert refused(found) == {"b"}


@given(st.sets(st.integers(0, 40)), st.integers(1, 40))
def test_all_good_ones_are_answered_in_few_requests(wrong: set[int], many: int) -> None:
    """Each wrong one costs at most two questions for each time that the rest can be halved."""
    asked: list[int] = []

    def ask(some: tuple[int, ...]) -> dict[str, int]:
        asked.append(len(some))
        if wrong & set(some):
            raise Refused(400)
        return {str(each): each for each in some}

    found = apart(ask, range(many), str)
    here = {each for each in wrong if each < many}
    assert {key for key, answer in found.items() if isinstance(answer, Refused)} == {str(each) for each in here}
    assert len(found) == many
    assert len(asked) <= 1 + 2 * len(here) * many.bit_length()


def test_what_is_no_refusal_is_not_asked_apart() -> None:
    """Keys, limits and silence are the same for every part."""
    asked: list[int] = []

    def ask(some: tuple[int, ...]) -> dict[str, int]:
        asked.append(len(some))
        raise SourceError("refused our keys (403)", "denied")

    with pytest.raises(SourceError, match="keys"):
        apart(ask, range(9), str)
    assert asked == [9]
