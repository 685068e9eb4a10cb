"""Odd data through the real adapters over real HTTP: what the answer then says is still true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from bot.answer import Analyst, Answer
from bot.config import Answers, Datadog, Elastic
from bot.observe import Metrics
from bot.ports import Source
from bot.sources.datadog import DatadogMetrics
from bot.sources.elastic import Elastic as ElasticSource
from charts.data import Series
from commands.args import Ask
from tests.fakes import FakeRenderer, FakeSource, events_table
from tests.sources.test_elastic import PRODUCT, SHARDS
from tests.sources.vendor import NOON, serving, window
from tests.sources.vendor import Answer as Said

NOW = int(NOON.timestamp())
Values = Sequence[float | None]
Counts = tuple[int, int, int]  # of the last 24 h, of the 24 h before, of the asked range


def metrics(rate: Values, sessions: float | None = 400.0, step_s: int = 60, until: int = NOW) -> Any:
    """Datadog's answer with one time axis for all metrics, as it comes for several: the rate, and sessions that never stop."""
    times = [1000 * (until - step_s * (len(rate) - place)) for place in range(len(rate))]
    rows = [list(rate), [sessions] * len(rate), [sessions] * len(rate)]
    series: list[Any] = [{"group_tags": [], "query_index": index, "unit": None} for index in range(3)]
    return {"data": {"type": "timeseries_response", "attributes": {"series": series, "times": times, "values": rows}}}


def logs(codes: Mapping[str, Counts], left_out: Counts = (0, 0, 0), oldest_h: float = 48) -> Any:
    """Elasticsearch's answer: the listed codes, the failures of codes that it left out, and how long ago the first one was."""
    buckets = [{"key": code, "doc_count": counts[0] + counts[1], **periods(counts)} for code, counts in codes.items()]
    terms = {"doc_count_error_upper_bound": 0, "sum_other_doc_count": sum(left_out[:2]), "buckets": buckets}
    totals = tuple(sum(counts[place] for counts in (*codes.values(), left_out)) for place in range(3))
    oldest = {"now": None, "before": 1000.0 * (NOW - 3600 * oldest_h), "here": None}
    by_period = {
        name: count | {"oldest": {"value": oldest[name]}} for name, count in periods((totals[0], totals[1], totals[2])).items()
    }
    found = {"reasons": {"doc_count": 1, "reason": terms}, "failures": {"doc_count": 1, "period": {"buckets": by_period}}}
    return {"took": 5, "timed_out": False, "_shards": SHARDS, "hits": {"hits": []}, "aggregations": found}


def periods(counts: Counts) -> dict[str, Any]:
    return {name: {"doc_count": count} for name, count in zip(("now", "before", "here"), counts, strict=True)}


QUIET = logs({"do_not_honor": (40, 40, 2)})


def answered(rate: Any, reasons: Any = QUIET, minutes: int = 60, step_s: int = 60) -> Answer:
    with serving(Said(rate)) as metric_vendor, serving(Said(reasons, headers=PRODUCT)) as log_vendor:
        keys = Datadog(api_key="a", app_key="b", host=metric_vendor.url)
        sources: dict[str, Source] = {
            "datadog": DatadogMetrics(keys, lambda: NOON + timedelta(minutes=2)),
            "datadog_events": FakeSource("Datadog events", {"events": events_table({})}),
            "elastic": ElasticSource(Elastic(url=log_vendor.url), lambda: NOON),
        }
        analyst = Analyst(sources, FakeRenderer(), Answers(), Metrics())
        answer = analyst.answer(Ask("checkout", window(minutes, step_s), "prod"))
        analyst.stop()
    assert answer.gaps == ()
    return answer


def said(answer: Answer) -> str:
    return answer.headline.replace("\u00a0", " ")


def line(answer: Answer) -> Series:
    """The rate as it is drawn."""
    assert answer.picture
    return answer.picture.charts[0].lines()[-1].series


def test_what_stopped_is_told_at_its_own_end() -> None:
    """The other metrics go on; the rate's last minute is named, not the last one that a mean could be stretched to."""
    answer = answered(metrics([98.5] * 45 + [None] * 30))
    assert said(answer) == "Checkout success is unknown: no data since 11:30, when it was 98.5 %."
    assert answer.facts[0] == "Success rate: no data since 11:30, lowest 98.5\u00a0% at 11:00"


def test_a_breach_that_goes_silent_is_not_over() -> None:
    """Whoever asks hears that it was low when the data stopped, and why."""
    answer = answered(metrics([98.5] * 30 + [80.0] * 15 + [None] * 30), logs({"do_not_honor": (90, 40, 52)}))
    assert said(answer).startswith(
        "Checkout success is unknown: no data since 11:30, when it was 80 %, below the 97 % target since 11:16"
    )


def test_a_rate_that_comes_late_still_counts() -> None:
    """Clouds send minutes later."""
    assert said(answered(metrics([98.5] * 67 + [None] * 8))).startswith("Checkout success is 98.5 %, above")


def test_a_rate_of_every_five_minutes_beside_metrics_of_every_minute() -> None:
    """Four of five minutes are empty, and nothing is missing."""
    answer = answered(metrics([98.5 if place % 5 == 2 else None for place in range(75)]))
    assert said(answer) == "Checkout success is 98.5 %, above the 97 % target throughout (the last hour)."
    assert None not in line(answer).values[:-2]


def test_a_hole_over_night_is_no_calm_night() -> None:
    """ "Throughout" would claim what nobody saw."""
    answer = answered(metrics([98.5] * 90 + [None] * 96 + [98.5] * 105, step_s=300), minutes=1440, step_s=300)
    assert "above the 97 % target throughout (the last hour, apart from 7 h 50 min without enough data)" in said(answer)


def test_a_breach_on_both_sides_of_a_hole_says_so() -> None:
    """Nobody knows that it was over meanwhile, nor that it was not."""
    answer = answered(metrics([98.5] * 80 + [90.0] * 20 + [None] * 96 + [90.0] * 95, step_s=300), minutes=1440, step_s=300)
    assert "of it without enough data)" in said(answer)
    assert "lowest 90 %" in said(answer)


def test_times_that_are_shuffled_and_doubled_change_nothing() -> None:
    """The last of equal times wins."""
    body = metrics([98.5] * 60 + [90.0] * 15)
    attributes = body["data"]["attributes"]
    for column in (attributes["times"], *attributes["values"]):
        column[:] = [*column[40:], *column[:60]]
    assert answered(body).headline == answered(metrics([98.5] * 60 + [90.0] * 15)).headline


def test_wider_buckets_than_asked_are_not_called_a_quarter_of_an_hour() -> None:
    """Too many points: Datadog gave half hours, and the words say of which half hour they speak."""
    answer = answered(metrics([98.5] * 30, step_s=1800), minutes=720)
    assert answer.picture
    assert answer.picture.charts[0].note == "mean of each 30\u00a0min"
    assert said(answer).startswith(
        "Checkout success was 98.5 % in the newest 30 min (11:30 to 12:00), above the 97 % target in every 30 min mean"
    )


def test_a_range_that_reaches_back_before_the_metric_is_not_all_known() -> None:
    """A metric that began three hours ago says nothing of the three before."""
    assert "apart from 3 h 4 min without enough data" in said(answered(metrics([98.5] * 180), minutes=360))


def test_shares_are_of_all_failures_where_codes_are_left_out() -> None:
    """More than 200 codes: the rest counts in the total, and the small print says that there is more."""
    codes = {f"code_{place:03}": (2, 2, 0) for place in range(200)}
    (table,) = answered(metrics([98.5] * 75), logs(codes, left_out=(600, 500, 20))).tables
    assert table.table.rows[0][:3] == ("code_000", 2, 0.2)
    assert "all 1,000 failed payments" in table.note
    assert "more than 200 different reasons" in table.note


def test_a_log_of_thirty_hours_compares_nothing() -> None:
    """The day before is there for six hours: no change is shown, and the small print says why."""
    (table,) = answered(metrics([98.5] * 75), logs({"do_not_honor": (400, 100, 5)}, oldest_h=30)).tables
    assert table.table.rows[0][3] is None
    assert "the log does not cover the 24 h before" in table.note


def test_failures_without_a_code_stand_under_a_name_that_says_so() -> None:
    """They count, and no class is made up for them."""
    (table,) = answered(metrics([98.5] * 75), logs({"(no decline code)": (5, 5, 0)})).tables
    assert table.table.rows[0][4:] == ("no code", "unknown")


@pytest.mark.parametrize("code", ["Do_Not_Honor", "x" * 1000, "a\n\u202eb <!channel>", ""])
def test_an_odd_code_keeps_the_sentence_short(code: str) -> None:
    """Whatever an issuer writes: one line, no longer than a sentence is."""
    headline = said(answered(metrics([98.5] * 40 + [90.0] * 35), logs({code: (90, 10, 60), "usual": (40, 40, 5)})))
    assert "rose most: 60 of 65 failures" in headline
    assert len(headline) < 260
    assert "\n" not in headline


def test_one_of_two_failures_is_no_reason() -> None:
    """A tiny count is not called what drives a breach."""
    headline = said(answered(metrics([98.5] * 40 + [90.0] * 35), logs({"lost_card": (2, 1, 1), "do_not_honor": (40, 40, 1)})))
    assert headline.endswith("lowest 90 %).")
