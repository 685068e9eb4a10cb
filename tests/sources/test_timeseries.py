"""Datadog's timeseries, read without trusting it: shapes, holes, order and buckets that are not complete."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ports import SourceError
from bot.sources.timeseries import Curve, Request
from charts.data import Series
from tests.sources.vendor import recorded

HOUR = 1_763_812_800  # a full hour, epoch seconds
LATE = HOUR * 2.0
RATE = Curve("rate", "avg:rate{env:prod}", "q", "%", HOUR)
ACTIVE = Curve("active", "sum:active{env:prod}", "q", "", HOUR)
MINUTES = Request((RATE,), HOUR + 600, 60)


def answer(times: list[Any], *rows: Any, index: list[int] | None = None, tags: list[str] | None = None) -> Any:
    """An answer as Datadog shapes it; times are given in seconds after HOUR. Built from the specification, not recorded."""
    series = [{"group_tags": tags or [], "query_index": at, "unit": None} for at in (index or range(len(rows)))]
    ms = [1000 * (HOUR + time) if isinstance(time, int | float) else time for time in times]
    return {
        "data": {"id": "0", "type": "timeseries_response", "attributes": {"series": series, "times": ms, "values": list(rows)}}
    }


def read(request: Request, *args: Any, settled: float = LATE, **options: Any) -> Series:
    return request.read(answer(*args, **options), settled)["rate"][0]


def test_one_request_asks_for_every_curve_by_name() -> None:
    """FACTS 1.2: formulas replace queries in `query_index`, so there is exactly one for each, and times are milliseconds."""
    share = Curve("share", "avg:share{env:prod}", "(moving_rollup(q, 900, 'avg')) * 100", "%", HOUR)
    asked = Request((RATE, share), HOUR + 600, 60).body()["data"]["attributes"]
    assert (asked["from"], asked["to"], asked["interval"]) == (1000 * HOUR, 1000 * (HOUR + 600), 60_000)
    assert [query["name"] for query in asked["queries"]] == ["q0", "q1"]
    assert asked["formulas"] == [{"formula": "q0"}, {"formula": "(moving_rollup(q1, 900, 'avg')) * 100"}]


def test_recorded_sparse_times_keep_their_places() -> None:
    """FACTS 1.2: times are sparse and irregular; a hole is no point, never a zero."""
    body = recorded("dd_v2_timeseries_metrics_sparse.json")["interactions"][0]["response"]["body"]
    curve = Curve("rate", "", "q", "", 1711977600)
    (series,) = Request((curve,), 1711981200, 5).read(body, 1e12)["rate"]
    assert series.known() == ((1711977645.0, 1), (1711977705.0, 1), (1711980225.0, 87))


def test_a_recorded_empty_answer_has_no_series() -> None:
    """FACTS 1.2: no data is three empty lists with a 200."""
    body = recorded("dd_v2_timeseries_empty.json")["interactions"][0]["response"]["body"]
    assert MINUTES.read(body, LATE) == {"rate": ()}


def test_null_stays_missing() -> None:
    """FACTS 1.2: with several series the union of times is used and holes are null."""
    assert read(MINUTES, [0, 60, 120], [98.5, None, 97]).values == (98.5, None, 97)


def test_series_are_told_apart_by_query_index() -> None:
    """Series may come in any order; one that is missing has no points."""
    both = Request((RATE, ACTIVE), HOUR + 600, 60)
    found = both.read(answer([0, 60], [1, 2], [98, 99], index=[1, 0]), LATE)
    assert (found["rate"][0].values, found["active"][0].values) == ((98, 99), (1, 2))
    assert both.read(answer([0, 60], [1, 2], index=[1]), LATE)["rate"] == ()


def test_groups_are_named_by_their_tags() -> None:
    """A query by group gives one series for each."""
    assert read(MINUTES, [0], [98], tags=["attempt:1", "env:prod"]).name == "attempt:1, env:prod"


def test_times_out_of_order_are_sorted_and_the_last_of_equal_ones_wins() -> None:
    """Whatever the order, times rise strictly."""
    series = read(MINUTES, [120, 0, 60, 0], [3, 0, 2, 1])
    assert (series.times, series.values) == ((HOUR, HOUR + 60, HOUR + 120), (1, 2, 3))


def test_the_bucket_that_reaches_past_the_end_is_left_out() -> None:
    """FACTS 1.1: the last bucket is partial and its `end` lies after `to`."""
    assert read(MINUTES, [480, 540, 600], [1, 2, 3]).values == (1, 2)


def test_a_bucket_that_is_not_settled_is_left_out() -> None:
    """What agents still have to send is not judged: a bucket counts once its end is settled."""
    assert read(MINUTES, [0, 60, 120], [1, 2, 3], settled=HOUR + 130).values == (1, 2)


def test_wider_buckets_than_asked_are_seen() -> None:
    """FACTS 1.2, 1.3: Datadog may widen the interval; the last wide bucket is partial too, and the step says how wide."""
    series = read(Request((RATE,), HOUR + 1000, 60), [0, 300, 600, 900], [1, 2, 3, 4])
    assert (series.values, series.step_s) == ((1, 2, 3), 300)


def test_two_sparse_times_do_not_widen_the_buckets() -> None:
    """Two errors 5 minutes apart are no sign of 5-minute buckets: the newer one is shown."""
    assert read(MINUTES, [240, 540], [1, 1]).values == (1, 1)


def test_each_curve_begins_at_its_own_start() -> None:
    """A curve that wants less before the window does not get what another one needs."""
    later = Curve("active", "", "q", "", HOUR + 120)
    found = Request((RATE, later), HOUR + 600, 60).read(answer([0, 60, 120], [1, 2, 3], [4, 5, 6]), LATE)
    assert (found["rate"][0].values, found["active"][0].values) == ((1, 2, 3), (6,))


def test_times_may_be_floats() -> None:
    """FACTS 1.2: the model of times is a number, not an integer."""
    assert read(MINUTES, [0.0, 60.0], [1, 2]).times == (HOUR, HOUR + 60)


@pytest.mark.parametrize(
    "lie",
    [
        None,
        [],
        "text",
        {"data": None},
        {"data": {"attributes": {"series": [], "times": []}}},
        answer([0, 60], [1]),
        answer([0], [1], index=[1]),
        answer([0], [1], index=[-1]),
        answer([0], ["98"]),
        answer([0], [True]),
        answer([0], [[98]]),
        answer([0], 98),
        answer([None], [1]),
        answer(["noon"], [1]),
        {"data": {"attributes": {"series": [], "times": [], "values": [[]]}}},
        {"data": {"attributes": {"series": ["x"], "times": [], "values": [[]]}}},
        {"data": {"attributes": {"series": [{"query_index": 0, "group_tags": 5}], "times": [], "values": [[]]}}},
    ],
)
def test_an_answer_of_another_shape_is_refused(lie: Any) -> None:
    """Lists that do not fit, wrong types and indexes that nobody asked for are one plain error, not a chart."""
    with pytest.raises(SourceError) as error:
        MINUTES.read(lie, LATE)
    assert (error.value.kind, error.value.said) == ("bad_answer", "sent an answer that paybot cannot read")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**70) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["group_tags", "query_index", "x"]), inner, max_size=2)
    ),
    max_leaves=6,
)
LISTS = st.lists(JSON, max_size=4)


@given(LISTS, LISTS, LISTS)
def test_whatever_comes_is_a_series_or_a_source_error(series: list[Any], times: list[Any], rows: list[Any]) -> None:
    """No shape of an answer makes another exception."""
    with suppress(SourceError):
        found = MINUTES.read({"data": {"attributes": {"series": series, "times": times, "values": rows}}}, LATE)
        assert all(isinstance(one, Series) for one in found["rate"])


@given(st.lists(st.tuples(st.integers(-20, 20), st.none() | st.floats(-1e9, 1e9)), max_size=30))
def test_points_are_those_sent_and_lie_in_the_range(points: list[tuple[int, float | None]]) -> None:
    """Times rise strictly inside the range, and each value is the last one that was sent for its time."""
    series = read(MINUTES, [60 * minute for minute, _ in points], [value for _, value in points])
    sent = {float(HOUR + 60 * minute): value for minute, value in points}
    assert all(before < after for before, after in pairwise(series.times))
    assert all(HOUR <= time <= HOUR + 600 - series.step_s for time in series.times)
    assert all(sent[time] == value for time, value in zip(series.times, series.values, strict=True))
