"""Percentiles of a whole window: one number for each, never a mean of points."""

from __future__ import annotations

import pytest

from bot.ports import SourceError
from bot.sources.scalars import Whole
from charts.data import Series
from commands.panel import Query
from tests.sources.test_datadog import EMPTY, START, fetch
from tests.sources.vendor import Answer, recorded, serving

P95 = Query("datadog", "p95:$render_time_ms{$scope}", {"whole": "percentile"})
WHOLE = Whole({"p95": "p95:render{env:prod}"}, START, START + 3600)


def columns(*values: object) -> dict[str, object]:
    found = [{"name": "q0", "type": "number", "values": list(value), "meta": {}} for value in values if isinstance(value, list)]
    return {"data": {"type": "scalar_response", "attributes": {"columns": found}}}


def test_the_whole_window_is_asked_once_as_a_percentile() -> None:
    """FACTS 1.2: a scalar has no interval, and each query its aggregator."""
    with serving(Answer(columns([812.5]))) as vendor:
        found = fetch(vendor, {"p95": P95})
    (asked,) = vendor.asked
    attributes = asked.json()["data"]["attributes"]
    assert asked.path == "/api/v2/query/scalar"
    assert (attributes["from"], attributes["to"], attributes.get("interval")) == (1000 * START, 1000 * (START + 3600), None)
    assert [(query["query"], query["aggregator"]) for query in attributes["queries"]] == [
        ("p95:payments.receipt.render_time_ms{env:prod}", "percentile")
    ]
    assert found == {"p95": Series("p95", (START,), (812.5,), step_s=3600)}


def test_a_recorded_number_is_read() -> None:
    """FACTS 1.2: the number stands in the one value of its column."""
    body = recorded("dd_v2_scalar_metrics_ok.json")["interactions"][0]["response"]["body"]
    assert WHOLE.read(body)["p95"][0].values == (6.368151928283307,)


@pytest.mark.parametrize("values", [[], [None]])
def test_no_data_is_no_zero(values: list[None]) -> None:
    """FACTS 1.2: no values at all are possible with a 200, and so is null."""
    assert WHOLE.read(columns(values)) == {"p95": ()}


def test_nothing_measured_is_an_empty_series() -> None:
    """As of every query without data."""
    with serving(Answer(columns([]))) as vendor:
        assert fetch(vendor, {"p95": P95}) == {"p95": Series("p95")}


@pytest.mark.parametrize("answer", [{}, columns(), columns([1, 2]), columns(["812"]), {"data": {"attributes": {"columns": [7]}}}])
def test_an_answer_of_another_shape_is_said(answer: object) -> None:
    """Two groups are no number, and a text is none."""
    with pytest.raises(SourceError) as error:
        WHOLE.read(answer)
    assert error.value.kind == "bad_answer"


def test_lines_and_numbers_travel_in_a_request_each() -> None:
    """Datadog answers them at different addresses."""
    line = Query("datadog", "p95:$render_time_ms{$scope}")
    with serving(EMPTY, Answer(columns([812.5]))) as vendor:
        fetch(vendor, {"line": line, "p95": P95})
    assert [asked.path.rsplit("/", 1)[-1] for asked in vendor.asked] == ["timeseries", "scalar"]
