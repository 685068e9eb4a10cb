"""The sandbox's Elasticsearch: the shapes of its answers, what it refuses, and its faults."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
import urllib3
from elasticsearch import ApiError, AuthenticationException, BadRequestError, Elasticsearch, NotFoundError
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.elastic import API_KEY
from sandbox.elastic.query import SearchError
from sandbox.elastic.search import searched
from tests.sandbox.asking import FAULTS, counted, of
from tests.sandbox.company import recorded, usual


def test_totals_stop_at_ten_thousand(client: Elasticsearch) -> None:
    """Unless the whole is asked for, or nothing of it."""
    plain = client.search(index="payments-*", size=0)["hits"]
    whole = client.search(index="payments-*", size=0, track_total_hits=True)["hits"]
    none = client.search(index="payments-*", size=0, track_total_hits=False)["hits"]
    assert plain["total"] == {"value": 10_000, "relation": "gte"}
    assert whole["total"]["relation"] == "eq"
    assert whole["total"]["value"] > 100_000
    assert "total" not in none


def test_the_envelope_is_elasticsearchs(client: Elasticsearch) -> None:
    """The same keys around the answer as in its own documentation."""
    real = recorded("elasticsearch_doc_responses.json")["search_envelope"]
    ours = client.search(index="payments-*", size=0)
    assert ours.body.keys() == real.keys()
    assert ours["_shards"].keys() == real["_shards"].keys()
    assert ours.meta.headers["x-elastic-product"] == "Elasticsearch"
    assert ours.meta.headers["content-type"] == "application/vnd.elasticsearch+json;compatible-with=9"


def test_patterns_may_match_nothing_but_names_may_not(client: Elasticsearch) -> None:
    """A pattern without an index is an empty answer without shards; a name is a 404."""
    assert client.search(index="refunds-*", size=0)["_shards"]["total"] == 0
    assert client.search(index="refunds", size=0, ignore_unavailable=True)["hits"]["total"]["value"] == 0
    with pytest.raises(NotFoundError, match="index_not_found_exception"):
        client.search(index="refunds", size=0)


@pytest.mark.parametrize(
    "body",
    [
        {"query": {"query_string": {"query": "*"}}},
        {"query": {"term": {}}},
        {"query": {"bool": {"filtre": []}}},
        {"query": {"range": {"@timestamp": {"gte": "yesterday"}}}},
        {"query": {"range": {"event.action": {"gte": "a"}}}},
        {"aggs": {"x": {"histogram": {"field": "webhook.lag_ms"}}}},
        {"aggs": {"x": {"terms": {"field": "event.action", "sise": 5}}}},
        {"aggs": {"x": {"terms": {"field": "event.action", "size": 0}}}},
        {"aggs": {"x": {"terms": {"field": "event.action", "order": {"nothing": "desc"}}}}},
        {"aggs": {"x": {"avg": {"field": "event.action"}}}},
        {"aggs": {"x": {"avg": {"field": "webhook.lag_ms"}, "aggs": {"y": {"avg": {"field": "webhook.lag_ms"}}}}}},
        {"aggs": {"x": {"date_histogram": {"field": "@timestamp", "fixed_interval": "1y"}}}},
        {"aggs": {"x": {"date_histogram": {"field": "@timestamp", "fixed_interval": "1s"}}}},
        {"aggs": {"x": {"date_histogram": {"field": "@timestamp", "fixed_interval": "1h", "time_zone": "Moon/Crater"}}}},
        {"sort": [{"webhook.lag_ms": "desc"}]},
        {"size": 20_000},
    ],
)
def test_what_is_not_known_is_refused(client: Elasticsearch, body: dict[str, Any]) -> None:
    """A 400 with type and reason, as Elasticsearch gives it."""
    with pytest.raises(BadRequestError) as refused:
        client.search(index="payments-*", **body)
    assert refused.value.body["error"]["root_cause"][0]["reason"]


WORDS = st.sampled_from(
    ["@timestamp", "event.action", "webhook.lag_ms", "terms", "filter", "bool", "range", "date_histogram", "field"]
)
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from(["bool", "term", "terms", "range", "exists"]), tree=TREES)
def test_no_query_brings_it_down(kind: str, tree: Any) -> None:
    """Any JSON under a known query is answered or refused."""
    with suppress(SearchError):
        searched(usual(), {"size": 1, "query": {kind: tree}})


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from(["terms", "filter", "filters", "date_histogram", "percentiles", "avg"]), tree=TREES, key=WORDS)
def test_no_aggregation_brings_it_down(kind: str, tree: Any, key: str) -> None:
    """Any JSON under a known aggregation is answered or refused."""
    for body in (
        tree,
        {"field": "webhook.lag_ms", key: tree},
        {"field": "@timestamp", "fixed_interval": "1d", "extended_bounds": tree},
    ):
        with suppress(SearchError):
            searched(usual(), {"size": 0, "query": of("receipt.failed"), "aggs": {"x": {kind: body}}})


def test_unknown_keys_and_parameters_are_refused(elastic: str) -> None:
    """A typing error in a request is told, not passed over."""
    for path, raw in (("?querry=1", b"{}"), ("", b'{"agss": {}}'), ("", b"{"), ("", b"[]")):
        headers = {"Authorization": f"ApiKey {API_KEY}", "Content-Type": "application/json"}
        answer = urllib3.request("POST", f"{elastic}/payments-*/_search{path}", body=raw, headers=headers, timeout=5.0)
        assert (answer.status, answer.json()["status"]) == (400, 400)


@pytest.mark.parametrize("key", [None, "d3Jvbmc="])
def test_the_key_is_needed(elastic: str, key: str | None) -> None:
    """401 without the right API key."""
    with Elasticsearch(elastic, api_key=key, max_retries=0) as client, pytest.raises(AuthenticationException):
        client.search(index="payments-*", size=0)


def test_the_root_names_the_cluster(client: Elasticsearch) -> None:
    """`GET /` is what a check of the connection reads."""
    assert client.info()["version"]["number"].startswith("9.")


def test_half_an_answer_says_so(client: Elasticsearch) -> None:
    """Timed out, a shard failed, and documents are missing; 503 for who wants no half answers."""
    whole = counted(client, of("checkout.failed"))
    FAULTS.set("elastic", "partial")
    answer = client.search(index="payments-*", size=0, query=of("checkout.failed"), track_total_hits=True)
    assert answer["timed_out"]
    assert (answer["_shards"]["failed"], len(answer["_shards"]["failures"])) == (1, 1)
    assert answer["hits"]["total"]["value"] < whole
    with pytest.raises(ApiError) as refused:
        client.search(index="payments-*", size=0, allow_partial_search_results=False)
    assert refused.value.meta.status == 503


@pytest.mark.parametrize(("kind", "status"), [("429", 429), ("500", 500)])
def test_faults_are_elasticsearchs_own(client: Elasticsearch, kind: str, status: int) -> None:
    """The client reads them as errors of the cluster."""
    FAULTS.set("elastic", kind)  # type: ignore[arg-type] # one of FAULT_KINDS
    with pytest.raises(ApiError) as refused:
        client.search(index="payments-*", size=0)
    assert refused.value.meta.status == status
    assert refused.value.body["status"] == status
