"""Counters send nothing where nothing happened: zero where the company was heard, unknown where it was not."""

from __future__ import annotations

from bot.ports import SourceError
from charts.data import Series
from commands.panel import Found, Query
from tests.sources.test_datadog import EMPTY, START, fetch
from tests.sources.test_timeseries import answer
from tests.sources.vendor import Answer, serving

EXPIRED = Query("datadog", "sum:$expired_count{$scope}.as_count()", {"fill": "zero"})
NONE = None


def answered(*rows: list[float | None], index: list[int]) -> Answer:
    """Rows with a value a minute from 11:00; the pulse is the last query of the request."""
    body = answer([60 * i for i in range(len(rows[0]))], *rows, index=index)
    body["data"]["attributes"]["times"] = [1000 * (START + 60 * i) for i in range(len(rows[0]))]
    return Answer(body)


def values(found: Found | SourceError) -> tuple[float | None, ...]:
    assert isinstance(found, Series)
    return found.values


def test_a_minute_without_a_point_is_zero_where_the_company_was_heard() -> None:
    """Nothing happened, as other metrics of that minute show."""
    with serving(answered([3, None, 2], [40, 41, 42], index=[0, 1])) as vendor:
        assert values(fetch(vendor, {"expired": EXPIRED})["expired"]) == (3, 0, 2)
    texts = [query["query"] for query in vendor.asked[0].json()["data"]["attributes"]["queries"]]
    assert texts == ["sum:payments.window.expired_count{env:prod}.as_count()", "avg:payments.checkout.sessions_active{env:prod}"]


def test_a_minute_in_which_nobody_was_heard_stays_unknown() -> None:
    """An agent that is silent has not counted zero."""
    with serving(answered([3, None, 2], [40, None, 42], index=[0, 1])) as vendor:
        assert values(fetch(vendor, {"expired": EXPIRED})["expired"]) == (3, None, 2)


def test_a_counter_that_never_counted_is_zero_all_along() -> None:
    """Receipt errors of a good hour: none, and that is known."""
    with serving(answered([40, 41, None], index=[1])) as vendor:
        assert values(fetch(vendor, {"expired": EXPIRED})["expired"]) == (0, 0, None)


def test_no_answer_at_all_is_no_zero() -> None:
    """A wrong environment or a mistyped metric has no pulse either."""
    with serving(EMPTY) as vendor:
        assert fetch(vendor, {"expired": EXPIRED}) == {"expired": Series("expired")}


def test_a_line_that_is_no_counter_keeps_its_holes() -> None:
    """Only what asks for it is filled."""
    active = Query("datadog", "sum:$sessions_active{$scope}")
    with serving(answered([3, None], [7, None], [40, 41], index=[0, 1, 2])) as vendor:
        found = fetch(vendor, {"expired": EXPIRED, "active": active})
    assert (values(found["expired"]), values(found["active"])) == ((3, 0), (7, None))


def test_one_pulse_serves_the_counters_of_all_requests() -> None:
    """A hundred counters are asked in ten requests, ten in each; the first also asks who was heard, and when."""
    with serving(answered([40, 41, None], index=[10]), *[answered([7, None], index=[0])] * 9) as vendor:
        found = fetch(vendor, {f"q{number}": EXPIRED for number in range(100)})
    assert [len(asked.json()["data"]["attributes"]["queries"]) for asked in vendor.asked] == [11, *[10] * 9]
    assert values(found["q5"]) == (0, 0, None)
    assert values(found["q50"]) == (7, 0)
    assert values(found["q51"]) == (0, 0, None)
