"""CloudWatch over real HTTP: SQS over time, EventBridge by rule; what is cut into pages, late, or half."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.config import Aws
from bot.ports import SourceError
from bot.sources.aws import Clients
from bot.sources.cloudwatch import CloudWatch
from charts.data import Series, Table
from commands.panel import Found, Query
from tests.sources.aws import answering, fault, moto, operations, settings
from tests.sources.vendor import NOON, Answer, window

AGE = Query(
    "cloudwatch",
    '{"namespace": "AWS/SQS", "metric": "ApproximateAgeOfOldestMessage", "stat": "Maximum",'
    ' "dimensions": {"QueueName": "$queue"}}',
)
RULES = Query(
    "cloudwatch", '{"namespace": "AWS/Events", "stat": "Sum", "per_rule": ["Invocations", "FailedInvocations", "ThrottledRules"]}'
)
START = NOON.timestamp() - 3600


def source(aws: Aws, late: timedelta = timedelta(minutes=10)) -> CloudWatch:
    return CloudWatch(aws, "prod", Clients(aws), lambda: NOON + late)


def fetch(aws: Aws, query: Query, *, env: str = "prod", late: timedelta = timedelta(minutes=10)) -> Found:
    found = source(aws, late).fetch({"q": query}, window(), env, 5)["q"]
    if isinstance(found, SourceError):
        raise found
    return found


def line(aws: Aws, late: timedelta = timedelta(minutes=10)) -> Series:
    found = fetch(aws, AGE, late=late)
    assert isinstance(found, Series)
    return found


def rules(aws: Aws) -> Table:
    found = fetch(aws, RULES)
    assert isinstance(found, Table)
    return found


def result(values: Mapping[float, float], number: int = 0, status: str = "Complete") -> dict[str, Any]:
    """A result as it comes: times are seconds after the window's start."""
    return {
        "Id": f"m{number}",
        "Label": "x",
        "Timestamps": [START + at for at in values],
        "Values": list(values.values()),
        "StatusCode": status,
    }


def page(*results: dict[str, Any], more: str = "") -> Answer:
    return Answer({"MetricDataResults": list(results), **({"NextToken": more} if more else {})})


def names(*rules: str, more: str = "") -> Answer:
    return Answer({"Rules": [{"Name": rule} for rule in rules], **({"NextToken": more} if more else {})})


def test_points_are_read_in_rising_order_whatever_order_they_come_in() -> None:
    """FACTS 4.3: newest first is the default; gaps are absent, and stay absent."""
    with answering(page(result({180: 9, 60: 4}))) as vendor:
        found = line(settings(vendor.url))
    assert (found.times, found.values, found.step_s) == ((START + 60, START + 180), (4, 9), 60)


def test_the_question_is_the_queues() -> None:
    """FACTS 4.1, 4.3: the dimension is QueueName; the end is exclusive; the width a multiple of a minute."""
    with answering(page()) as vendor:
        line(settings(vendor.url))
    asked = vendor.asked[0].json()
    (query,) = asked["MetricDataQueries"]
    assert query["MetricStat"]["Metric"]["Dimensions"] == [{"Name": "QueueName", "Value": "payments-retry-prod"}]
    assert (query["MetricStat"]["Period"], query["MetricStat"]["Stat"]) == (60, "Maximum")
    assert (asked["StartTime"], asked["EndTime"]) == (START, START + 3600)


def test_pages_are_put_together() -> None:
    """FACTS 4.3: a result goes on under its Id on the next page, and is whole when the last page says so."""
    first = page(result({0: 1}, status="PartialData"), more="two")
    with answering(first, page(result({60: 2}))) as vendor:
        assert line(settings(vendor.url)).values == (1, 2)
    assert vendor.asked[1].json()["NextToken"] == "two"


@pytest.mark.parametrize(
    ("status", "said"), [("PartialData", "only a part"), ("InternalError", "only a part"), ("Forbidden", "GetMetricData")]
)
def test_a_part_of_an_answer_is_none(status: str, said: str) -> None:
    """Half a count is worse than none; the query alone fails."""
    with answering(page(result({0: 1}, status=status))) as vendor, pytest.raises(SourceError, match=said):
        line(settings(vendor.url))


def test_one_query_that_fails_leaves_the_others() -> None:
    """Its error stands in its place."""
    with answering(page(result({0: 1}), result({0: 1}, 1, "InternalError"))) as vendor:
        found = source(settings(vendor.url)).fetch({"a": AGE, "b": AGE}, window(), "prod", 5)
    assert [type(found[key]) for key in ("a", "b")] == [Series, SourceError]


def test_the_newest_minutes_are_not_settled() -> None:
    """Metrics arrive up to two minutes late: what may still grow is not shown."""
    with answering(page(result({3420: 1, 3480: 2, 3540: 3}))) as vendor:
        assert line(settings(vendor.url), timedelta(seconds=30)).times == (START + 3420,)


def test_old_data_are_asked_in_the_widths_that_are_kept() -> None:
    """FACTS 4.3: minutes for 15 days, five minutes for 63, then hours."""
    query = Query("cloudwatch", AGE.text, over=timedelta(days=20))
    with answering(page()) as vendor:
        fetch(settings(vendor.url), query)
    assert vendor.asked[0].json()["MetricDataQueries"][0]["MetricStat"]["Period"] == 300


def test_rules_that_the_settings_name_are_looked_for_on_their_bus() -> None:
    """FACTS 4.2: a custom bus counts under bus and rule; a rule that is not there is named and unknown, never zero."""
    aws: dict[str, Any] = {"event_bus": "payments", "event_rules": ("expire", "gone")}
    with answering(names("expire", "other"), page(result({0: 5}))) as vendor:
        found = rules(settings(vendor.url, **aws))
    unknown = ("gone", None, None, None)
    assert (found.rows, found.notes) == ((("expire", 5, 0, 0), unknown), ("the bus has no rule called gone",))
    dimensions = vendor.asked[1].json()["MetricDataQueries"][0]["MetricStat"]["Metric"]["Dimensions"]
    assert {each["Name"]: each["Value"] for each in dimensions} == {"EventBusName": "payments", "RuleName": "expire"}


def test_the_default_bus_counts_under_the_rule_alone() -> None:
    """FACTS 4.2: asked with the bus's name it would be silent."""
    with answering(names("expire"), page()) as vendor:
        rules(settings(vendor.url))
    metric = vendor.asked[1].json()["MetricDataQueries"][0]["MetricStat"]["Metric"]
    assert metric["Dimensions"] == [{"Name": "RuleName", "Value": "expire"}]


def test_a_rule_that_was_not_invoked_is_unknown() -> None:
    """FACTS 4.2: zeros are not sent; silence may be lag, and is not calm."""
    with answering(names("expire", "retry"), page(result({0: 5}, 0), result({0: 2, 60: 1}, 1))) as vendor:
        assert rules(settings(vendor.url)).rows == (("expire", 5, 3, 0), ("retry", None, None, None))


def test_all_rules_of_the_bus_are_listed_page_by_page() -> None:
    """FACTS 4.2: none named in the settings means all."""
    with answering(names("a", more="n"), names("b"), page()) as vendor:
        assert [row[0] for row in rules(settings(vendor.url)).rows] == ["a", "b"]
    assert operations(vendor) == ["ListRules", "ListRules", "GetMetricData"]


def test_many_points_are_asked_in_several_requests() -> None:
    """FACTS 4.3: at most 500 queries and 100,800 points in one."""
    with answering(names(*(f"r{number}" for number in range(200))), page()) as vendor:
        rules(settings(vendor.url))
    sizes = [len(asked.json()["MetricDataQueries"]) for asked in vendor.asked[1:]]
    assert sizes == [500, 100]


def test_a_listing_without_end_ends() -> None:
    """A service that always promises one more page is not followed for ever."""
    with answering(page(result({0: 1}), more="again")) as vendor, pytest.raises(SourceError, match="more pages"):
        line(settings(vendor.url))


def test_refusals_are_source_errors() -> None:
    """As of every service."""
    with answering(fault("AccessDenied", 403)) as vendor, pytest.raises(SourceError, match="lacks a right"):
        line(settings(vendor.url))


def test_a_page_that_is_no_answer_is_no_silence() -> None:
    """boto3 reads HTML as an empty answer."""
    with answering(Answer(b"<html>")) as vendor, pytest.raises(SourceError) as error:
        line(settings(vendor.url))
    assert error.value.kind == "bad_answer"


def test_a_real_account_answers_the_same_way() -> None:
    """Moto's CloudWatch and EventBridge speak the wire of AWS."""
    now = datetime.now(NOON.tzinfo).replace(second=0, microsecond=0)
    with moto() as (url, clients):
        clients.client("events").put_rule(Name="expire", ScheduleExpression="rate(1 minute)")
        point = {"Timestamp": now - timedelta(minutes=20), "Value": 7.0}
        rule = [{"Name": "RuleName", "Value": "expire"}]
        queue = [{"Name": "QueueName", "Value": "payments-retry-prod"}]
        data = clients.client("cloudwatch")
        data.put_metric_data(Namespace="AWS/Events", MetricData=[{"MetricName": "Invocations", "Dimensions": rule, **point}])
        age = {"MetricName": "ApproximateAgeOfOldestMessage", "Dimensions": queue, **point}
        data.put_metric_data(Namespace="AWS/SQS", MetricData=[age])
        aws = settings(url)
        made = CloudWatch(aws, "prod", Clients(aws), lambda: now)
        found = made.fetch({"age": AGE, "rules": RULES}, window(end=now), "prod", 10)
        assert "payments-retry-prod has no data in the last hour" in made.probe(5)
    assert isinstance(found["age"], Series)
    assert found["age"].known() == (((now - timedelta(minutes=20)).timestamp(), 7),)
    assert isinstance(found["rules"], Table)
    assert found["rules"].rows == (("expire", 7, 0, 0),)
