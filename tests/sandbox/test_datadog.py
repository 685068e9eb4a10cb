"""The sandbox's Datadog: the vendor's shapes and traps, and numbers that agree with the events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

import numpy as np
import pytest
import urllib3

from sandbox.datadog import API_KEY, APP_KEY, routes
from sandbox.datadog.query import QueryError, parse_formula, parse_query
from sandbox.declines import NO_CODE
from sandbox.faults import Faults
from tests.sandbox.company import DAY, HOUR, MINUTE, NOW, ms, recorded, served, usual

RATE = "avg:payments.checkout.success_rate{env:prod}"
RENDER = "p95:payments.receipt.render_time_ms{env:prod}"
KEYS = {"DD-API-KEY": API_KEY, "DD-APPLICATION-KEY": APP_KEY}
END = NOW.replace(second=0)  # half a minute ago: all minutes before it are known
FAULTS = Faults(latency_ms=0)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served(routes(usual(), FAULTS, real=NOW.timestamp), "/datadog") as base:
        yield base


@pytest.fixture(autouse=True)
def _well() -> Iterator[None]:
    yield
    FAULTS.clear("datadog")


def post(url: str, path: str, body: object, headers: Mapping[str, str] = KEYS) -> urllib3.BaseHTTPResponse:
    return urllib3.request("POST", url + path, json=body, headers=dict(headers), timeout=5.0, retries=False)


def question(
    *queries: str,
    formulas: tuple[str, ...] = (),
    back: timedelta = 2 * HOUR,
    interval: timedelta = MINUTE,
    end: datetime = END,
    aggregator: str = "",
) -> dict[str, Any]:
    """A request for queries a, b, c …; a scalar one when it has an aggregator."""
    asked = [{"data_source": "metrics", "name": chr(97 + place), "query": text} for place, text in enumerate(queries)]
    attributes: dict[str, Any] = {"from": ms(end - back), "to": ms(end), "queries": asked}
    if formulas:
        attributes["formulas"] = [{"formula": formula} for formula in formulas]
    if aggregator:
        attributes["queries"] = [{**each, "aggregator": aggregator} for each in asked]
        return {"data": {"type": "scalar_request", "attributes": attributes}}
    return {
        "data": {"type": "timeseries_request", "attributes": {**attributes, "interval": interval // timedelta(milliseconds=1)}}
    }


def answered(url: str, body: dict[str, Any]) -> dict[str, Any]:
    scalar = body["data"]["type"] == "scalar_request"
    answer = post(url, "/api/v2/query/scalar" if scalar else "/api/v2/query/timeseries", body)
    assert answer.status == 200, answer.data
    found: dict[str, Any] = answer.json()["data"]["attributes"]
    return found


def refused(url: str, body: object, path: str = "/api/v2/query/timeseries") -> str:
    answer = post(url, path, body)
    assert answer.status == 400
    return str(answer.json()["errors"][0])


def test_the_official_client_reads_the_answer(url: str) -> None:
    """Its models take a series answer, an event page and a valid key."""
    configuration = vendors("configuration.Configuration")(host=url, api_key={"apiKeyAuth": API_KEY, "appKeyAuth": APP_KEY})
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


def test_answers_have_the_recorded_shape(url: str) -> None:
    """The same keys and content type as Datadog's own answer."""
    real = recorded("dd_v2_timeseries_metrics_sparse.json")["interactions"][0]["response"]
    ours = post(url, "/api/v2/query/timeseries", question(RATE))
    assert ours.json()["data"].keys() == real["body"]["data"].keys()
    assert ours.json()["data"]["attributes"].keys() == real["body"]["data"]["attributes"].keys()
    assert ours.headers["content-type"] == real["headers"]["content-type"][0]


def test_a_rate_is_what_the_events_say(url: str) -> None:
    """Each minute's point is completed over ended, in per cent, at the minute's start in milliseconds."""
    found = answered(url, question(RATE))
    for time, value in zip(found["times"][::10], found["values"][0][::10], strict=True):
        start = datetime.fromtimestamp(time / 1000, NOW.tzinfo)
        assert value == pytest.approx(100 * (usual().truth.success_share(start, start + MINUTE) or 0.0))


def test_an_outage_shows_in_the_rolling_rate(url: str) -> None:
    """`moving_rollup` over fifteen minutes falls below the target and comes back."""
    found = answered(url, question(RATE, formulas=("moving_rollup(a, 900, 'avg')",), back=4 * HOUR))
    assert 91 < min(found["values"][0]) < 94
    assert found["values"][0][-1] > 97.5


def test_counts_add_up_to_the_events(url: str) -> None:
    """`as_count` sums over time and attempts: the hours hold every retry there was."""
    end = END.replace(hour=13)
    query = "sum:payments.retry.attempt_count{env:prod}.as_count()"
    found = answered(url, question(query, back=12 * HOUR, interval=HOUR, end=end))
    assert sum(found["values"][0]) == usual().truth.count("retry.initiated", end - 12 * HOUR, end)


def test_groups_come_apart(url: str) -> None:
    """`by {attempt}` gives one series for each attempt with its tag, and they add up to the whole."""
    whole = answered(url, question("sum:payments.retry.attempt_count{env:prod}.as_count()", back=DAY, interval=HOUR))
    apart = answered(url, question("sum:payments.retry.attempt_count{env:prod} by {attempt}.as_count()", back=DAY, interval=HOUR))
    assert [series["group_tags"] for series in apart["series"]] == [["attempt:1"], ["attempt:2"], ["attempt:3"]]
    assert sum(value or 0 for values in apart["values"] for value in values) == sum(whole["values"][0])


def test_percentiles_are_of_the_measurements(url: str) -> None:
    """A p95 over a bucket is that of all its receipts, not a mean of minutes."""
    found = answered(url, question(RENDER, interval=HOUR, end=END.replace(hour=13)))
    start = datetime.fromtimestamp(found["times"][0] / 1000, NOW.tzinfo)
    receipts = usual().truth.events("receipt.rendered", start, start + HOUR)
    assert found["values"][0][0] == pytest.approx(np.percentile(receipts.ms, 95))


def test_formulas_replace_their_queries(url: str) -> None:
    """`query_index` counts the formulas once there are any."""
    queries = ("sum:payments.retry.failure_count{env:prod}.as_count()", "sum:payments.retry.attempt_count{env:prod}.as_count()")
    found = answered(url, question(*queries, formulas=("(a + b) - b", "100 * a / b"), interval=HOUR, back=DAY))
    assert [series["query_index"] for series in found["series"]] == [0, 1]
    assert found["values"][1][0] == pytest.approx(100 * found["values"][0][0] / answered_first(url, queries[1]))


def answered_first(url: str, query: str) -> float:
    return float(answered(url, question(query, interval=HOUR, back=DAY))["values"][0][0])


def test_holes_are_nulls_where_another_series_has_a_point(url: str) -> None:
    """Times are the union; a series without a point there has null, not zero."""
    found = answered(url, question(RATE, "sum:payments.receipt.error_count{env:prod}.as_count()", back=12 * HOUR))
    assert {len(values) for values in found["values"]} == {len(found["times"])}
    assert None in found["values"][1]
    assert 0 not in found["values"][1]


def test_times_without_any_point_are_left_out(url: str) -> None:
    """A sparse counter alone has only its own times."""
    found = answered(url, question("sum:payments.receipt.error_count{env:prod}.as_count()", back=12 * HOUR))
    assert 0 < len(found["times"]) < 30
    assert all(found["values"][0])


def test_default_zero_fills_the_holes(url: str) -> None:
    """Every bucket has a value then, unless there was no point at all."""
    query = "sum:payments.receipt.error_count{env:prod}.as_count()"
    assert len(answered(url, question(query, formulas=("default_zero(a)",)))["times"]) in (0, 120)
    filled = answered(url, question(query, formulas=("default_zero(a)",), back=12 * HOUR))
    assert len(filled["times"]) == 720
    assert filled["values"][0].count(0) > 600


def test_missing_counts_are_zero_in_arithmetic(url: str) -> None:
    """A ratio of counts is 0 where only the numerator is missing, and has no point where the denominator is."""
    queries = ("sum:payments.retry.failure_count{env:prod}.as_count()", "sum:payments.retry.attempt_count{env:prod}.as_count()")
    ratio, below = (answered(url, question(*queries, formulas=(formula,), back=6 * HOUR)) for formula in ("a / b", "b"))
    assert 0 in ratio["values"][0]
    assert ratio["times"] == below["times"]


def test_nothing_is_an_empty_answer(url: str) -> None:
    """Neither an unknown metric nor a foreign environment is an error: three empty lists."""
    for query in ("avg:payments.nonsense{*}", "avg:payments.checkout.success_rate{env:moon}"):
        assert answered(url, question(query)) == {"series": [], "times": [], "values": []}


def test_scopes_choose_environments(url: str) -> None:
    """`env:staging` has its own numbers, and `!env:staging` is prod here."""
    stocks = [
        answered(url, question(f"sum:payments.checkout.sessions_active{{{scope}}}"))
        for scope in ("env:staging", "!env:staging", "*")
    ]
    last = [found["values"][0][-1] for found in stocks]
    assert last[0] < 0.2 * last[1]
    assert last[2] == last[0] + last[1]


def test_buckets_are_aligned_and_the_last_is_partial(url: str) -> None:
    """Buckets start at multiples of their width within the window; the last holds what came before the window's end."""
    end = END.replace(hour=13, minute=30)
    found = answered(
        url, question("sum:payments.retry.attempt_count{env:prod}.as_count()", interval=HOUR, end=end, back=4 * HOUR)
    )
    assert found["times"] == [ms(END.replace(hour=hour)) for hour in (10, 11, 12, 13)]
    assert found["values"][0][-1] == usual().truth.count("retry.initiated", end - HOUR / 2, end)


def test_too_many_points_are_widened(url: str) -> None:
    """Two days by the minute come in wider buckets; the spacing has to be read from the times."""
    found = answered(url, question(RATE, back=2 * DAY))
    assert set(np.diff(found["times"])) == {120_000}


def test_a_rollup_of_the_query_wins(url: str) -> None:
    """`.rollup(max, 600)` has its own spacing and method."""
    plain, rolled = (answered(url, question(RATE + rollup)) for rollup in ("", ".rollup(max, 600)"))
    assert np.diff(rolled["times"]).tolist() == [600_000] * (len(rolled["times"]) - 1)
    assert rolled["values"][0][0] == max(plain["values"][0][:10])


def test_numbers_for_the_whole_window(url: str) -> None:
    """A scalar's sum is the count of events, its percentile that of all measurements."""
    ends = question("sum:payments.window.extension_count{env:prod}.as_count()", back=DAY, aggregator="sum")
    assert answered(url, ends)["columns"][0]["values"] == [usual().truth.count("window.extended", END - DAY, END)]
    p95 = answered(url, question(RENDER, aggregator="percentile"))["columns"][0]["values"][0]
    assert p95 == pytest.approx(np.percentile(usual().truth.events("receipt.rendered", END - 2 * HOUR, END).ms, 95))


def test_numbers_come_by_group(url: str) -> None:
    """A grouped scalar has a column of tags before the column of values, and formulas work on it."""
    query = "sum:payments.retry.attempt_count{env:prod} by {attempt}.as_count()"
    columns = answered(url, question(query, formulas=("a / 2",), aggregator="sum", back=DAY))["columns"]
    assert columns[0] == {"name": "attempt", "type": "group", "values": [["1"], ["2"], ["3"]]}
    assert columns[1]["values"][0] > columns[1]["values"][1]


def test_no_numbers_are_an_empty_column(url: str) -> None:
    """Nothing measured is `values: []`, with a 200."""
    assert answered(url, question("avg:payments.nonsense{*}", aggregator="avg"))["columns"][0]["values"] == []


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
def test_what_is_not_known_is_refused(url: str, query: str, formula: str) -> None:
    """A 400 with one plain error, as Datadog gives it."""
    assert refused(url, question(query, formulas=(formula,)))


def test_malformed_requests_are_refused(url: str) -> None:
    """Wrong type, no queries, a window that ends before it starts, one that is too old."""
    real = recorded("dd_v2_timeseries_400_type.json")["interactions"][0]["response"]["body"]["errors"][0]
    assert refused(url, {"data": {"type": "timeseries_rquest"}}) == real
    assert "at least one" in refused(url, question())
    assert "before" in refused(url, question(RATE, back=-HOUR))
    assert "retention" in refused(url, question(RATE, end=END - 500 * DAY))
    assert "aggregator" in refused(url, question(RATE, aggregator="median"), "/api/v2/query/scalar")


@pytest.mark.parametrize(
    "headers", [{}, {"DD-API-KEY": "wrong"}, {"DD-API-KEY": API_KEY}, {**KEYS, "DD-APPLICATION-KEY": "wrong"}]
)
def test_keys_are_needed(url: str, headers: dict[str, str]) -> None:
    """Without both keys nothing is told."""
    assert post(url, "/api/v2/query/timeseries", question(RATE), headers).status == 403


def test_every_answer_tells_the_rate_limit(url: str) -> None:
    """The headers count down within the calendar minute."""
    first, second = (post(url, "/api/v2/query/timeseries", question(RATE)).headers for _ in range(2))
    assert int(first["x-ratelimit-remaining"]) - int(second["x-ratelimit-remaining"]) == 1
    assert first["x-ratelimit-reset"] == "30"


def test_a_rate_limited_answer_says_when_to_come_back(url: str) -> None:
    """429 with the reset in seconds."""
    FAULTS.set("datadog", "429")
    answer = post(url, "/api/v2/query/timeseries", question(RATE))
    assert (answer.status, answer.headers["x-ratelimit-reset"]) == (429, "30")


def test_half_an_answer_has_nulls(url: str) -> None:
    """Holes in a gauge that has none."""
    FAULTS.set("datadog", "partial")
    assert answered(url, question(RATE))["values"][0].count(None) == 40


def search(url: str, query: str, **page: Any) -> dict[str, Any]:
    body = {"filter": {"query": query, "from": str(ms(NOW - 2 * DAY)), "to": NOW.isoformat()}, "page": page, "sort": "timestamp"}
    answer = post(url, "/api/v2/events/search", body)
    assert answer.status == 200, answer.data
    found: dict[str, Any] = answer.json()
    return found


def kinds(found: dict[str, Any]) -> set[str]:
    return {tag for event in found["data"] for tag in event["attributes"]["tags"] if tag.startswith("kind:")}


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("env:prod kind:window_override", {"kind:window_override"}),
        ('env:"prod" (kind:window_override OR kind:deploy)', {"kind:window_override", "kind:deploy"}),
        ("-kind:deploy", {"kind:window_override"}),
        ("kind:* AND overridden", {"kind:window_override"}),
        ("user:nobody", set()),
        ("env:staging", set()),
    ],
)
def test_events_are_found_by_tags_and_words(url: str, query: str, wanted: set[str]) -> None:
    """Words beside each other must all hold; OR, minus, quotes and stars mean what they mean there."""
    assert kinds(search(url, query, limit=100)) == wanted


def test_event_pages_follow_the_cursor(url: str) -> None:
    """Page by page gives what one page gives, and the last has no `meta`."""
    whole = search(url, "*", limit=100)["data"]
    page = search(url, "*", limit=2)
    found = page["data"]
    while "meta" in page:
        page = search(url, "*", limit=2, cursor=page["meta"]["page"]["after"])
        found += page["data"]
    assert found == whole
    assert len(whole) > 2


def test_events_have_the_recorded_shape(url: str) -> None:
    """Title inside, message and tags outside, as Datadog has them."""
    real = recorded("dd_v2_events_search_paged.json")["interactions"][0]["response"]["body"]["data"][0]
    ours = search(url, "kind:window_override")["data"][0]
    assert ours.keys() == real.keys()
    assert ours["attributes"].keys() == real["attributes"].keys()
    assert {"title", "timestamp", "evt"} <= ours["attributes"]["attributes"].keys()


@pytest.mark.parametrize(
    "body",
    [
        {"filter": {"query": "(kind:deploy"}},
        {"filter": {"query": "kind:deploy)"}},
        {"filter": {"from": "yesterday"}},
        {"page": {"limit": 0}},
        {"page": {"cursor": "nonsense"}},
    ],
)
def test_bad_event_searches_are_refused(url: str, body: dict[str, Any]) -> None:
    """A 400 with its error."""
    assert "input_validation_error" in refused(url, body, "/api/v2/events/search")


def test_overrides_are_counted_where_they_are_noted(url: str) -> None:
    """The metric and the events tell of the same overrides."""
    found = answered(url, question("sum:payments.window.override_count{env:prod}.as_count()", back=2 * DAY, interval=HOUR))
    assert sum(found["values"][0]) == len(search(url, "kind:window_override", limit=100)["data"])


def test_retry_success_is_by_attempt(url: str) -> None:
    """The rate of first retries is that of the events."""
    query = "sum:payments.retry.failure_count{env:prod,attempt:1}.as_count()"
    failed = answered(url, question(query, aggregator="sum", back=DAY))["columns"][0]["values"][0]
    retries = usual().truth.events("retry.completed", END - DAY, END)
    assert failed == int(np.sum((retries.attempt == 1) & (retries.code != NO_CODE)))


@pytest.mark.parametrize("text", ["", "avg:", "a b", "1 +", "}{", "avg:x{*}.rollup(,)", "default_zero(", "\x00"])
def test_a_text_that_is_no_query_is_one_error(text: str) -> None:
    """Nothing but QueryError comes out of either reader."""
    with pytest.raises(QueryError):
        parse_query(text)
    with pytest.raises(QueryError):
        parse_formula(text)
