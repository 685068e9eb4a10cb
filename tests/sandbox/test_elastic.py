"""The sandbox's Elasticsearch: its numbers agree with the events, with the vendor's traps."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from elasticsearch import Elasticsearch

from tests.sandbox.asking import PROD, Json, counted, of
from tests.sandbox.company import DAY, HOUR, MINUTE, NOW, ms, usual

LAST_DAY: Json = {"range": {"@timestamp": {"gte": (NOW - DAY).isoformat(), "lt": NOW.isoformat()}}}


def asked(client: Elasticsearch, query: Json, aggregation: Json) -> dict[str, Any]:
    found: dict[str, Any] = client.search(index="payments-*", size=0, query=query, aggs={"x": aggregation})["aggregations"]["x"]
    return found


def test_reasons_are_what_the_events_say(client: Elasticsearch) -> None:
    """Terms over a day are the truth's counter, the most frequent first."""
    found = asked(client, of("checkout.failed", LAST_DAY), {"terms": {"field": "stripe.decline_code", "size": 50}})
    truth = usual().truth.failures(NOW - DAY, NOW)
    assert {bucket["key"]: bucket["doc_count"] for bucket in found["buckets"]} == truth
    counts = [bucket["doc_count"] for bucket in found["buckets"]]
    assert counts == sorted(counts, reverse=True)


def test_terms_beyond_the_size_are_summed(client: Elasticsearch) -> None:
    """What does not fit stands in `sum_other_doc_count`; ten is the usual size."""
    found = asked(client, of("checkout.failed", LAST_DAY), {"terms": {"field": "stripe.decline_code"}})
    shown = sum(bucket["doc_count"] for bucket in found["buckets"])
    assert len(found["buckets"]) == 10
    assert found["sum_other_doc_count"] == usual().truth.failures(NOW - DAY, NOW).total() - shown


def test_reasons_now_and_before_in_one_search(client: Elasticsearch) -> None:
    """Sub-aggregations by filter count each reason in two spans."""
    spans = {name: {"filter": span(start, start + DAY)} for name, start in (("now", NOW - DAY), ("before", NOW - 2 * DAY))}
    reasons = {"terms": {"field": "stripe.decline_code", "size": 50, "order": {"now": "desc"}}, "aggs": spans}
    found = asked(client, of("checkout.failed"), reasons)["buckets"]
    now, before = (usual().truth.failures(start, start + DAY) for start in (NOW - DAY, NOW - 2 * DAY))
    assert [(each["now"]["doc_count"], each["before"]["doc_count"]) for each in found] == [
        (now[each["key"]], before[each["key"]]) for each in found
    ]
    assert found[0]["key"] == now.most_common(1)[0][0]


def span(start: datetime, end: datetime) -> dict[str, Any]:
    return {"range": {"@timestamp": {"gte": ms(start), "lt": ms(end), "format": "epoch_millis"}}}


def test_lag_over_time_is_that_of_the_webhooks(client: Elasticsearch) -> None:
    """Percentiles in a histogram agree with the events, under keys such as "95.0"."""
    inner = {"lag": {"percentiles": {"field": "webhook.lag_ms", "percents": [50, 95]}}}
    histogram = {"date_histogram": {"field": "@timestamp", "fixed_interval": "10m"}, "aggs": inner}
    found = asked(client, of("webhook.processed", span(NOW - HOUR, NOW)), histogram)["buckets"][2]
    start = datetime.fromtimestamp(found["key"] / 1000, NOW.tzinfo)
    lags = usual().truth.events("webhook.processed", start, start + 10 * MINUTE).ms
    assert found["doc_count"] == len(lags)
    assert found["lag"]["values"]["95.0"] == pytest.approx(np.percentile(lags, 95))


def test_histograms_are_empty_between_and_not_beyond_their_documents(client: Elasticsearch) -> None:
    """Zero buckets stand inside the data's range, and out to the extended bounds only when those are asked."""
    rare = of("receipt.failed", LAST_DAY)
    plain = {"field": "@timestamp", "fixed_interval": "1m"}
    wide = {**plain, "extended_bounds": {"min": ms(NOW - DAY), "max": ms(NOW)}}
    short, whole = (asked(client, rare, {"date_histogram": body})["buckets"] for body in (plain, wide))
    assert short[0]["doc_count"] > 0
    assert short[-1]["doc_count"] > 0
    assert any(bucket["doc_count"] == 0 for bucket in short)
    assert len(short) < len(whole) == 1441


def test_histograms_keep_to_their_zone(client: Elasticsearch) -> None:
    """A day in Kolkata starts at half past six in the evening, UTC."""
    body = {"field": "@timestamp", "fixed_interval": "1d", "time_zone": "Asia/Kolkata"}
    found = asked(client, of("checkout.failed"), {"date_histogram": body})["buckets"]
    assert {datetime.fromtimestamp(bucket["key"] / 1000, ZoneInfo("Asia/Kolkata")).hour for bucket in found} == {0}


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ({"bool": {"must": [PROD], "must_not": [{"exists": {"field": "webhook.lag_ms"}}]}}, "without"),
        ({"bool": {"should": [{"term": {"event.action": "webhook.processed"}}]}}, "with"),
        ({"exists": {"field": "webhook.lag_ms"}}, "with"),
        ({"terms": {"event.action": ["webhook.processed"]}}, "with"),
        ({"range": {"webhook.lag_ms": {"gt": 0}}}, "with"),
    ],
)
def test_queries_select(client: Elasticsearch, query: Json, kinds: str) -> None:
    """Each way of asking for the webhooks, or for all others, finds them alone."""
    found = asked(client, query, {"terms": {"field": "event.action", "size": 50}})["buckets"]
    webhooks = {bucket["key"] for bucket in found} & {"webhook.processed"}
    assert bool(webhooks) is (kinds == "with")
    assert (len(found) > 1) is (kinds == "without")


def test_environments_do_not_mix(client: Elasticsearch) -> None:
    """A filter on staging finds staging's few lines."""
    other = {"bool": {"filter": [{"term": {"service.environment": "staging"}}, {"term": {"event.action": "checkout.completed"}}]}}
    assert counted(client, other) == len(usual().events("checkout.completed", "staging"))


def test_one_session_is_found_by_its_name(client: Elasticsearch) -> None:
    """From start to receipt, and nothing of another session."""
    hit = client.search(index="payments-*", size=1, query=of("receipt.rendered"), sort=[{"@timestamp": "desc"}])["hits"]["hits"][
        0
    ]
    source = hit["_source"]
    own = {"term": {"checkout.session_id": source["checkout.session_id"]}}
    found = asked(client, own, {"terms": {"field": "event.action", "size": 20}})["buckets"]
    assert {"checkout.started", "checkout.completed", "receipt.rendered"} <= {bucket["key"] for bucket in found}
    assert source["receipt.path"] == f"/receipts/{source['receipt.id']}.pdf"


@pytest.mark.parametrize("value", ["cs_live_zz", "", "cs_live_" + "f" * 40, "nonsense"])
def test_a_foreign_name_matches_nothing(client: Elasticsearch, value: str) -> None:
    """A word that no document has is no error."""
    assert counted(client, {"term": {"checkout.session_id": value}}) == 0


def test_missing_values_have_a_bucket_when_asked(client: Elasticsearch) -> None:
    """`missing` gathers the documents that lack the field; otherwise they are in no bucket."""
    query = {"bool": {"filter": [PROD, LAST_DAY, {"terms": {"event.action": ["checkout.failed", "checkout.expired"]}}]}}
    terms = {"field": "stripe.decline_code", "size": 50}
    plain, filled = (asked(client, query, {"terms": {**terms, **more}})["buckets"] for more in ({}, {"missing": "(none)"}))
    more = {bucket["key"]: bucket["doc_count"] for bucket in filled}
    assert more.pop("(none)") == usual().truth.count("checkout.expired", NOW - DAY, NOW)
    assert more == {bucket["key"]: bucket["doc_count"] for bucket in plain}


def test_outcomes_of_retries_by_attempt(client: Elasticsearch) -> None:
    """What the heatmap asks: attempts as numbers, outcomes inside."""
    inner = {"outcome": {"terms": {"field": "event.outcome"}}}
    found = asked(client, of("retry.completed"), {"terms": {"field": "retry.attempt", "order": {"_key": "asc"}}, "aggs": inner})
    assert [bucket["key"] for bucket in found["buckets"]] == [1, 2, 3]
    first = {bucket["key"]: bucket["doc_count"] for bucket in found["buckets"][0]["outcome"]["buckets"]}
    assert first["success"] > 5 * first["failure"] > 0


def test_single_numbers(client: Elasticsearch) -> None:
    """avg, sum, min, max, value_count and cardinality agree with the events."""
    lags = usual().truth.events("webhook.processed", NOW - HOUR, NOW)
    query, field = of("webhook.processed", span(NOW - HOUR, NOW)), {"field": "webhook.lag_ms"}
    expected = {"avg": lags.ms.mean(), "sum": lags.ms.sum(), "min": lags.ms.min(), "max": lags.ms.max(), "value_count": len(lags)}
    assert {kind: asked(client, query, {kind: field})["value"] for kind in expected} == pytest.approx(expected)
    assert asked(client, query, {"cardinality": {"field": "checkout.session_id"}})["value"] == len(set(lags.session.tolist()))


def test_nothing_measured_is_null(client: Elasticsearch) -> None:
    """No document: avg and percentiles are null, a sum and a count are 0, terms have no bucket."""
    nothing: Json = {"match_none": {}}
    assert asked(client, nothing, {"avg": {"field": "webhook.lag_ms"}})["value"] is None
    assert asked(client, nothing, {"percentiles": {"field": "webhook.lag_ms", "percents": [95]}})["values"] == {"95.0": None}
    assert asked(client, nothing, {"sum": {"field": "webhook.lag_ms"}})["value"] == 0
    assert asked(client, nothing, {"terms": {"field": "event.action"}})["buckets"] == []


def test_named_filters_are_named_buckets(client: Elasticsearch) -> None:
    """`filters` answers by name."""
    filters = {name: {"term": {"event.action": f"receipt.{name}"}} for name in ("rendered", "failed")}
    found = asked(client, PROD, {"filters": {"filters": filters}})["buckets"]
    assert found["rendered"]["doc_count"] > 100 * found["failed"]["doc_count"] > 0


def test_the_newest_receipts_come_first_with_their_paths(client: Elasticsearch) -> None:
    """Thousands of IDs are ordered by their newest line; only those that are shown are looked into."""
    newest = {"max": {"field": "@timestamp"}}
    path = {"top_metrics": {"metrics": {"field": "receipt.path"}, "sort": {"@timestamp": "desc"}}}
    terms = {"field": "receipt.id", "size": 3, "order": {"at": "desc"}}
    found = asked(client, of("receipt.rendered"), {"terms": terms, "aggs": {"at": newest, "path": path}})
    truth = usual().truth.events("receipt.rendered", NOW - DAY, NOW)
    assert [bucket["at"]["value"] for bucket in found["buckets"]] == truth.time[-3:][::-1].tolist()
    paths = [bucket["path"]["top"][0]["metrics"]["receipt.path"] for bucket in found["buckets"]]
    assert paths == [f"/receipts/{bucket['key']}.pdf" for bucket in found["buckets"]]
