"""The sandbox's Datadog: its numbers agree with the events, with the vendor's traps."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from sandbox.declines import NO_CODE
from tests.sandbox.asking import END, RATE, RENDER, answered, question
from tests.sandbox.company import DAY, HOUR, MINUTE, NOW, ms, usual


def test_a_rate_is_what_the_events_say(datadog: str) -> None:
    """Each minute's point is completed over ended, in per cent, at the minute's start in milliseconds."""
    found = answered(datadog, question(RATE))
    for time, value in zip(found["times"][::10], found["values"][0][::10], strict=True):
        start = datetime.fromtimestamp(time / 1000, NOW.tzinfo)
        assert value == pytest.approx(100 * (usual().truth.success_share(start, start + MINUTE) or 0.0))


def test_an_outage_shows_in_the_rolling_rate(datadog: str) -> None:
    """`moving_rollup` over fifteen minutes falls below the target and comes back."""
    found = answered(datadog, question(RATE, formulas=("moving_rollup(a, 900, 'avg')",), back=4 * HOUR))
    assert 91 < min(found["values"][0]) < 94
    assert found["values"][0][-1] > 97.5


def test_counts_add_up_to_the_events(datadog: str) -> None:
    """`as_count` sums over time and attempts: the hours hold every retry there was."""
    end = END.replace(hour=13)
    query = "sum:payments.retry.attempt_count{env:prod}.as_count()"
    found = answered(datadog, question(query, back=12 * HOUR, interval=HOUR, end=end))
    assert sum(found["values"][0]) == usual().truth.count("retry.initiated", end - 12 * HOUR, end)


def test_groups_come_apart(datadog: str) -> None:
    """`by {attempt}` gives one series for each attempt with its tag, and they add up to the whole."""
    whole = answered(datadog, question("sum:payments.retry.attempt_count{env:prod}.as_count()", back=DAY, interval=HOUR))
    apart = answered(
        datadog, question("sum:payments.retry.attempt_count{env:prod} by {attempt}.as_count()", back=DAY, interval=HOUR)
    )
    assert [series["group_tags"] for series in apart["series"]] == [["attempt:1"], ["attempt:2"], ["attempt:3"]]
    assert sum(value or 0 for values in apart["values"] for value in values) == sum(whole["values"][0])


def test_percentiles_are_of_the_measurements(datadog: str) -> None:
    """A p95 over a bucket is that of all its receipts, not a mean of minutes."""
    found = answered(datadog, question(RENDER, interval=HOUR, end=END.replace(hour=13)))
    start = datetime.fromtimestamp(found["times"][0] / 1000, NOW.tzinfo)
    receipts = usual().truth.events("receipt.rendered", start, start + HOUR)
    assert found["values"][0][0] == pytest.approx(np.percentile(receipts.ms, 95))


def test_formulas_replace_their_queries(datadog: str) -> None:
    """`query_index` counts the formulas once there are any."""
    queries = ("sum:payments.retry.failure_count{env:prod}.as_count()", "sum:payments.retry.attempt_count{env:prod}.as_count()")
    found = answered(datadog, question(*queries, formulas=("(a + b) - b", "100 * a / b"), interval=HOUR, back=DAY))
    assert [series["query_index"] for series in found["series"]] == [0, 1]
    assert found["values"][1][0] == pytest.approx(100 * found["values"][0][0] / answered_first(datadog, queries[1]))


def answered_first(datadog: str, query: str) -> float:
    return float(answered(datadog, question(query, interval=HOUR, back=DAY))["values"][0][0])


def test_holes_are_nulls_where_another_series_has_a_point(datadog: str) -> None:
    """Times are the union; a series without a point there has null, not zero."""
    found = answered(datadog, question(RATE, "sum:payments.receipt.error_count{env:prod}.as_count()", back=12 * HOUR))
    assert {len(values) for values in found["values"]} == {len(found["times"])}
    assert None in found["values"][1]
    assert 0 not in found["values"][1]


def test_times_without_any_point_are_left_out(datadog: str) -> None:
    """A sparse counter alone has only its own times."""
    found = answered(datadog, question("sum:payments.receipt.error_count{env:prod}.as_count()", back=12 * HOUR))
    assert 0 < len(found["times"]) < 30
    assert all(found["values"][0])


def test_default_zero_fills_the_holes(datadog: str) -> None:
    """Every bucket has a value then, unless there was no point at all."""
    query = "sum:payments.receipt.error_count{env:prod}.as_count()"
    assert len(answered(datadog, question(query, formulas=("default_zero(a)",)))["times"]) in (0, 120)
    filled = answered(datadog, question(query, formulas=("default_zero(a)",), back=12 * HOUR))
    assert len(filled["times"]) == 720
    assert filled["values"][0].count(0) > 600


def test_missing_counts_are_zero_in_arithmetic(datadog: str) -> None:
    """A ratio of counts is 0 where only the numerator is missing, and has no point where the denominator is."""
    queries = ("sum:payments.retry.failure_count{env:prod}.as_count()", "sum:payments.retry.attempt_count{env:prod}.as_count()")
    ratio, below = (answered(datadog, question(*queries, formulas=(formula,), back=6 * HOUR)) for formula in ("a / b", "b"))
    assert 0 in ratio["values"][0]
    assert ratio["times"] == below["times"]


def test_nothing_is_an_empty_answer(datadog: str) -> None:
    """Neither an unknown metric nor a foreign environment is an error: three empty lists."""
    for query in ("avg:payments.nonsense{*}", "avg:payments.checkout.success_rate{env:moon}"):
        assert answered(datadog, question(query)) == {"series": [], "times": [], "values": []}


def test_scopes_choose_environments(datadog: str) -> None:
    """`env:staging` has its own numbers, and `!env:staging` is prod here."""
    stocks = [
        answered(datadog, question(f"sum:payments.checkout.sessions_active{{{scope}}}"))
        for scope in ("env:staging", "!env:staging", "*")
    ]
    last = [found["values"][0][-1] for found in stocks]
    assert last[0] < 0.2 * last[1]
    assert last[2] == last[0] + last[1]


def test_buckets_are_aligned_and_the_last_is_partial(datadog: str) -> None:
    """Buckets start at multiples of their width within the window; the last holds what came before the window's end."""
    end = END.replace(hour=13, minute=30)
    found = answered(
        datadog, question("sum:payments.retry.attempt_count{env:prod}.as_count()", interval=HOUR, end=end, back=4 * HOUR)
    )
    assert found["times"] == [ms(END.replace(hour=hour)) for hour in (10, 11, 12, 13)]
    assert found["values"][0][-1] == usual().truth.count("retry.initiated", end - HOUR / 2, end)


def test_too_many_points_are_widened(datadog: str) -> None:
    """Two days by the minute come in wider buckets; the spacing has to be read from the times."""
    found = answered(datadog, question(RATE, back=2 * DAY))
    assert set(np.diff(found["times"])) == {120_000}


def test_a_rollup_of_the_query_wins(datadog: str) -> None:
    """`.rollup(max, 600)` has its own spacing and method."""
    plain, rolled = (answered(datadog, question(RATE + rollup)) for rollup in ("", ".rollup(max, 600)"))
    assert np.diff(rolled["times"]).tolist() == [600_000] * (len(rolled["times"]) - 1)
    assert rolled["values"][0][0] == max(plain["values"][0][:10])


def test_numbers_for_the_whole_window(datadog: str) -> None:
    """A scalar's sum is the count of events, its percentile that of all measurements."""
    ends = question("sum:payments.window.extension_count{env:prod}.as_count()", back=DAY, aggregator="sum")
    assert answered(datadog, ends)["columns"][0]["values"] == [usual().truth.count("window.extended", END - DAY, END)]
    p95 = answered(datadog, question(RENDER, aggregator="percentile"))["columns"][0]["values"][0]
    assert p95 == pytest.approx(np.percentile(usual().truth.events("receipt.rendered", END - 2 * HOUR, END).ms, 95))


def test_numbers_come_by_group(datadog: str) -> None:
    """A grouped scalar has a column of tags before the column of values, and formulas work on it."""
    query = "sum:payments.retry.attempt_count{env:prod} by {attempt}.as_count()"
    columns = answered(datadog, question(query, formulas=("a / 2",), aggregator="sum", back=DAY))["columns"]
    assert columns[0] == {"name": "attempt", "type": "group", "values": [["1"], ["2"], ["3"]]}
    assert columns[1]["values"][0] > columns[1]["values"][1]


def test_no_numbers_are_an_empty_column(datadog: str) -> None:
    """Nothing measured is `values: []`, with a 200."""
    assert answered(datadog, question("avg:payments.nonsense{*}", aggregator="avg"))["columns"][0]["values"] == []


def test_retry_success_is_by_attempt(datadog: str) -> None:
    """The rate of first retries is that of the events."""
    query = "sum:payments.retry.failure_count{env:prod,attempt:1}.as_count()"
    failed = answered(datadog, question(query, aggregator="sum", back=DAY))["columns"][0]["values"][0]
    retries = usual().truth.events("retry.completed", END - DAY, END)
    assert failed == int(np.sum((retries.attempt == 1) & (retries.code != NO_CODE)))
