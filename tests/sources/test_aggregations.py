"""Elasticsearch aggregations: the body of a search, and its answer as rows."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import FIELDS
from bot.ports import SourceError
from bot.sources.aggregations import Question, body, question
from charts.data import Table
from commands.panel import Query
from tests.sources.vendor import recorded, window

TERMS = """{"reason": {"terms": {"field": "$decline_code", "size": 200, "missing": "(none)"}, "aggs": {
    "now": {"filter": {"range": {"$time": {"gte": "$start", "lt": "$end"}}}},
    "before": {"filter": {"range": {"$time": {"gte": "$before", "lt": "$start"}}}}}}}"""
REASONS = Query("elastic", TERMS, {"kind": "checkout.failed", "back": "1"}, over=timedelta(hours=24))


def asked(text: str = TERMS) -> Question:
    return question(Query("elastic", text), window(), FIELDS)


def read(aggregation: Any, answer: Any) -> Table:
    return asked(json.dumps({"top": aggregation})).read({"top": answer})


def reason(code: str, count: int, **subs: Any) -> Any:
    return {"key": code, "doc_count": count, **subs}


def test_every_query_is_a_filter_of_one_search() -> None:
    """Kind and range narrow each query; the search itself is narrowed to what any of them looks at."""
    found = body({"reasons": question(REASONS, window(), FIELDS), "plain": asked()}, "prod", FIELDS, 7)
    assert found["query"]["bool"]["filter"] == [
        {"term": {"service.environment": "prod"}},
        {"range": {"@timestamp": {"gte": "2026-11-20T12:00:00.000Z", "lt": "2026-11-22T12:00:00.000Z"}}},
    ]
    assert found["aggs"]["reasons"]["filter"]["bool"]["filter"][0] == {"term": {"event.action": "checkout.failed"}}
    span = {"gte": "2026-11-22T11:00:00.000Z", "lt": "2026-11-22T12:00:00.000Z"}
    assert found["aggs"]["plain"]["filter"]["bool"]["filter"] == [{"range": {"@timestamp": span}}]


def test_a_search_returns_no_documents_and_ends_in_time() -> None:
    """FACTS 2.1, 2.2: no hits, no exact total, and a limit for the cluster as well."""
    found = body({"reasons": asked()}, "prod", FIELDS, 7.2)
    assert (found["size"], found["track_total_hits"], found["timeout"]) == (0, False, "7200ms")


def test_names_become_fields_and_times() -> None:
    """Whole strings and keys are put in; `$before` lies as long before `$start` as the query looks back."""
    aggs = question(REASONS, window(), FIELDS).aggregation["aggs"]
    span = {"gte": "2026-11-20T12:00:00.000Z", "lt": "2026-11-21T12:00:00.000Z"}
    assert aggs["before"] == {"filter": {"range": {"@timestamp": span}}}


def test_from_is_the_start_of_the_asked_window() -> None:
    """A query over 24 h can still count what the asked hour holds."""
    text = json.dumps({"here": {"filters": {"filters": {"here": {"range": {"$time": {"gte": "$from"}}}}}}})
    aggregation = question(Query("elastic", text, over=timedelta(hours=24)), window(), FIELDS).aggregation
    assert aggregation["filters"]["filters"]["here"] == {"range": {"@timestamp": {"gte": "2026-11-22T11:00:00.000Z"}}}


def test_a_name_that_no_setting_has_is_our_own_fault() -> None:
    """A field without a setting is a bug, not a search for nothing."""
    with pytest.raises(SourceError) as error:
        asked('{"top": {"terms": {"field": "$colour"}}}')
    assert error.value.kind == "bug"


@given(st.text())
def test_an_environment_stays_one_value(env: str) -> None:
    """Whatever the text, it is the value of a term: no query language reads it."""
    found = json.loads(json.dumps(body({"reasons": asked()}, env, FIELDS, 7)))
    assert found["query"]["bool"]["filter"][0] == {"term": {"service.environment": env}}
    assert "query_string" not in json.dumps(found).replace(json.dumps(env), "")


def test_one_row_for_each_bucket() -> None:
    """Key, count, then the sub-aggregations in the query's order."""
    buckets = [reason("do_not_honor", 9, before={"doc_count": 2}, now={"doc_count": 7})]
    table = asked().read({"reason": {"sum_other_doc_count": 0, "buckets": buckets}})
    assert [column.title for column in table.columns] == ["key", "count", "now", "before"]
    assert table.rows == (("do_not_honor", 9, 7, 2),)


def test_documents_that_terms_left_out_make_a_last_row() -> None:
    """FACTS 2.2: `sum_other_doc_count`; their number is known, what they are is not."""
    buckets = [reason("do_not_honor", 9, before={"doc_count": 2}, now={"doc_count": 7})]
    table = asked().read({"reason": {"sum_other_doc_count": 5, "buckets": buckets}})
    assert table.rows[-1] == (None, 5, None, None)


def test_no_buckets_are_no_rows() -> None:
    """Nothing logged is an empty table with its columns."""
    table = asked().read({"reason": {"sum_other_doc_count": 0, "buckets": []}})
    assert not table
    assert len(table.columns) == 4


def test_keys_of_a_date_histogram_are_epoch_seconds() -> None:
    """FACTS 2.2: Elasticsearch gives milliseconds."""
    answer = recorded("elasticsearch_doc_responses.json")["date_histogram"]["aggregations"]["sales_over_time"]
    rows = read({"date_histogram": {"field": "$time", "calendar_interval": "1M"}}, answer).rows
    assert rows == ((1420070400, 3), (1422748800, 2), (1425168000, 2))


def test_percentiles_are_found_under_their_odd_keys() -> None:
    """FACTS 2.2: the key is the string "95.0", and the value may be null."""
    values = recorded("elasticsearch_doc_responses.json")["percentiles_keyed"]["aggregations"]["load_time_outlier"]
    lag = {"percentiles": {"field": "$time", "percents": [50, 95]}}
    answer = {"buckets": [reason("a", 3, lag=values), reason("b", 0, lag={"values": {"50.0": None, "95.0": None}})]}
    table = read({"terms": {"field": "$kind"}, "aggs": {"lag": lag}}, answer)
    assert [column.title for column in table.columns[2:]] == ["lag.50", "lag.95"]
    assert table.rows == (("a", 3, 445.0, 940.0), ("b", 0, None, None))


def test_a_metric_of_no_documents_is_missing() -> None:
    """An average of nothing is null, not zero."""
    answer = {"buckets": [reason("a", 0, mean={"value": None}), reason("b", 1, mean={"value": 2.5})]}
    rows = read({"terms": {"field": "$kind"}, "aggs": {"mean": {"avg": {"field": "$time"}}}}, answer).rows
    assert rows == (("a", 0, None), ("b", 1, 2.5))


def test_named_filters_have_their_names_as_keys() -> None:
    """`filters` gives its buckets by name."""
    answer = {"buckets": {"good": {"doc_count": 3}, "bad": {"doc_count": 1}}}
    assert read({"filters": {"filters": {}}}, answer).rows == (("good", 3), ("bad", 1))


@pytest.mark.parametrize(
    "lie",
    [
        None,
        {},
        {"reason": None},
        {"reason": {"buckets": None}},
        {"reason": {"buckets": [None]}},
        {"reason": {"buckets": {"a": 1}}},
        {"reason": {"buckets": [reason("a", 1)]}},
        {"reason": {"buckets": [{"key": None, "doc_count": 1}]}},
        {"reason": {"buckets": [reason("a", 1, now={"doc_count": "1"}, before={})]}},
        {"reason": {"buckets": [], "sum_other_doc_count": "many"}},
    ],
)
def test_an_answer_of_another_shape_is_refused(lie: Any) -> None:
    """What is no table is one plain error."""
    with pytest.raises(SourceError) as error:
        asked().read(lie)
    assert error.value.kind == "bad_answer"


NEWEST = {"terms": {"field": "x"}, "aggs": {"path": {"top_metrics": {"metrics": {"field": "p"}, "sort": {"t": "desc"}}}}}


@pytest.mark.parametrize(
    ("top", "cell"), [([{"sort": ["…"], "metrics": {"p": "/a"}}], "/a"), ([{"metrics": {"p": None}}], None), ([], None)]
)
def test_the_metric_of_the_newest_document_is_a_cell(top: Any, cell: str | None) -> None:
    """`top_metrics` may give a word, which no other metric does; a document without the field has none."""
    answer = {"sum_other_doc_count": 0, "buckets": [reason("r1", 1, path={"top": top})]}
    assert read(NEWEST, answer).rows == (("r1", 1, cell),)


@pytest.mark.parametrize("top", [[{"metrics": {"p": ["/a"]}}], [{"metrics": {"p": 1, "q": 2}}], [{}], None])
def test_a_metric_of_another_shape_is_unreadable(top: Any) -> None:
    """No cell is made of half an answer."""
    with pytest.raises(SourceError):
        read(NEWEST, {"sum_other_doc_count": 0, "buckets": [reason("r1", 1, path={"top": top})]})
