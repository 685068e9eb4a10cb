"""The sandbox's Datadog: the shapes of its answers, what it refuses, and its faults."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

from sandbox.datadog import API_KEY, APP_KEY
from sandbox.datadog.query import QueryError, parse_formula, parse_query
from tests.sandbox.asking import END, FAULTS, KEYS, RATE, answered, post, question, refused
from tests.sandbox.company import DAY, HOUR, recorded


def test_the_official_client_reads_the_answer(datadog: str) -> None:
    """Its models take a series answer, an event page and a valid key."""
    configuration = vendors("configuration.Configuration")(host=datadog, api_key={"apiKeyAuth": API_KEY, "appKeyAuth": APP_KEY})
    period = vendors("v2.model.events_query_filter.EventsQueryFilter")(query="*", _from="now-6h", to="now")
    with vendors("api_client.ApiClient")(configuration) as client:
        assert vendors("v1.api.authentication_api.AuthenticationApi")(client).validate().valid
        asked = vendors("v2.model.timeseries_formula_query_request.TimeseriesFormulaQueryRequest")(**question(RATE))
        series = vendors("v2.api.metrics_api.MetricsApi")(client).query_timeseries_data(body=asked).to_dict()
        wanted = vendors("v2.model.events_list_request.EventsListRequest")(filter=period)
        events = vendors("v2.api.events_api.EventsApi")(client).search_events(body=wanted)
    assert len(series["data"]["attributes"]["times"]) == 120
    assert {tag for event in events.data for tag in event.attributes.tags} >= {"kind:deploy", "kind:window_override"}


def vendors(name: str) -> Any:
    """A part of the official client, which is untyped."""
    module, _, part = name.rpartition(".")
    return getattr(import_module(f"datadog_api_client.{module}"), part)


def test_answers_have_the_recorded_shape(datadog: str) -> None:
    """The same keys and content type as Datadog's own answer."""
    real = recorded("dd_v2_timeseries_metrics_sparse.json")["interactions"][0]["response"]
    ours = post(datadog, "/api/v2/query/timeseries", question(RATE))
    assert ours.json()["data"].keys() == real["body"]["data"].keys()
    assert ours.json()["data"]["attributes"].keys() == real["body"]["data"]["attributes"].keys()
    assert ours.headers["content-type"] == real["headers"]["content-type"][0]


@pytest.mark.parametrize(
    ("query", "formula"),
    [
        ("avg:payments.checkout.success_rate", "a"),
        ("mean:payments.checkout.success_rate{*}", "a"),
        ("avg:payments.checkout.success_rate{*}.rollup(median, 60)", "a"),
        ("avg:payments.checkout.success_rate{*}.as_count()", "a"),
        ("p95:payments.checkout.success_rate{*}", "a"),
        ("avg:payments.checkout.success_rate{env:prod,}", "a"),
        (RATE, "b"),
        (RATE, "a +"),
        (RATE, "(a"),
        (RATE, "forecast(a)"),
        (RATE, "moving_rollup(a)"),
        (RATE, "(" * 80 + "a" + ")" * 80),
    ],
)
def test_what_is_not_known_is_refused(datadog: str, query: str, formula: str) -> None:
    """A 400 with one plain error, as Datadog gives it."""
    assert refused(datadog, question(query, formulas=(formula,)))


def test_malformed_requests_are_refused(datadog: str) -> None:
    """Wrong type, no queries, a window that ends before it starts, one that is too old."""
    real = recorded("dd_v2_timeseries_400_type.json")["interactions"][0]["response"]["body"]["errors"][0]
    assert refused(datadog, {"data": {"type": "timeseries_rquest"}}) == real
    assert "at least one" in refused(datadog, question())
    assert "before" in refused(datadog, question(RATE, back=-HOUR))
    assert "retention" in refused(datadog, question(RATE, end=END - 500 * DAY))
    assert "aggregator" in refused(datadog, question(RATE, aggregator="median"), "/api/v2/query/scalar")


@pytest.mark.parametrize(
    "headers", [{}, {"DD-API-KEY": "wrong"}, {"DD-API-KEY": API_KEY}, {**KEYS, "DD-APPLICATION-KEY": "wrong"}]
)
def test_keys_are_needed(datadog: str, headers: dict[str, str]) -> None:
    """Without both keys nothing is told."""
    assert post(datadog, "/api/v2/query/timeseries", question(RATE), headers).status == 403


def test_every_answer_tells_the_rate_limit(datadog: str) -> None:
    """The headers count down within the calendar minute."""
    first, second = (post(datadog, "/api/v2/query/timeseries", question(RATE)).headers for _ in range(2))
    assert int(first["x-ratelimit-remaining"]) - int(second["x-ratelimit-remaining"]) == 1
    assert first["x-ratelimit-reset"] == "30"


def test_a_rate_limited_answer_says_when_to_come_back(datadog: str) -> None:
    """429 with the reset in seconds."""
    FAULTS.set("datadog", "429")
    answer = post(datadog, "/api/v2/query/timeseries", question(RATE))
    assert (answer.status, answer.headers["x-ratelimit-reset"]) == (429, "30")


def test_half_an_answer_has_nulls(datadog: str) -> None:
    """Holes in a gauge that has none."""
    FAULTS.set("datadog", "partial")
    assert answered(datadog, question(RATE))["values"][0].count(None) == 40


@pytest.mark.parametrize("text", ["", "avg:", "a b", "1 +", "}{", "avg:x{*}.rollup(,)", "default_zero(", "\x00"])
def test_a_text_that_is_no_query_is_one_error(text: str) -> None:
    """Nothing but QueryError comes out of either reader."""
    with pytest.raises(QueryError):
        parse_query(text)
    with pytest.raises(QueryError):
        parse_formula(text)
