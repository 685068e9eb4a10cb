"""What a rule sees: its exact interval, and what every kind of absence does."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.judge import Answer, Outcome, Seen, judge
from bot.alerts.rule import Measure, NoData, Rule
from bot.ports import SourceError
from charts.data import Column, Series, Table
from commands.panel import Query
from commands.rolling import rolling_mean
from tests.alerts.rules import line, minute, points, rule, table

DOWN = SourceError("did not answer in time", "timeout")
NAN, INF = math.nan, math.inf
COUNTS = rule(measure="sum", above=10.0, over=timedelta(minutes=5))
FEW = rule(measure="sum", below=10.0, recover=10.0, over=timedelta(minutes=5))
NEWEST = rule(measure="last", above=10.0)
LAG = rule(measure="lag", above=120.0, recover=90.0, over=timedelta(minutes=5))
BY_REGION = rule(queries={"value": Query("datadog", "avg:$success_rate{$scope} by {region}")})


def saw(of: Rule, answer: Answer, end: float = 3) -> Seen:
    """The one thing that a rule saw in an answer at that minute."""
    (seen,) = judge(of, {"value": answer}, "prod", minute(end))
    return seen


def told(of: Rule, *series: Series, end: float = 3) -> tuple[Outcome, float | None]:
    seen = saw(of, series, end)
    return seen.outcome, seen.value


def lagged(value: Answer, last: Answer, end: float = 5) -> tuple[Outcome, float | None]:
    """What the rule of a lag saw in its two answers."""
    (seen,) = judge(LAG, {"value": value, "last": last}, "prod", minute(end))
    return seen.outcome, seen.value


def at(number: float) -> float:
    """A minute as Elasticsearch writes times: epoch milliseconds."""
    return 1000 * minute(number).timestamp()


# --- the interval -------------------------------------------------------------------------------------------------------


def test_a_mean_is_of_the_buckets_within_its_interval_and_no_other() -> None:
    """What came before it and after it does not count."""
    assert told(rule(), line(0, 0, 96, 98, 97, 0), end=5) == ("between", 97)


def test_a_sum_is_of_the_buckets_within_its_interval_and_no_other() -> None:
    """Five minutes are five buckets."""
    assert told(COUNTS, line(90, 1, 2, 3, 4, 5, 90), end=6) == ("bad", 15)


def test_the_newest_is_that_of_the_interval() -> None:
    """A later one is not known yet, an older one says nothing of now."""
    assert told(NEWEST, line(1, 2, None, 90)) == ("good", 2)
    assert told(NEWEST, line(90, None, None, None), end=4) == ("nothing", None)
    assert told(NEWEST, points((0, 1), (2, 3), (1, 2))) == ("good", 3)


@pytest.mark.parametrize("late", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("measured", [rule(), COUNTS, NEWEST])
def test_late_and_unfinished_buckets_neither_fire_nor_resolve(measured: Rule, late: int) -> None:
    """Whatever stands after the interval's end, what is seen is the same."""
    whole = line(*[99.0] * 6, *[0.0, 1e9] * 3)
    cut = line(*[99.0] * 6)
    assert told(measured, whole, end=6) == told(measured, cut, end=6)
    assert told(measured, line(*[99.0] * (6 - late)), end=6) == told(measured, line(*[99.0] * (6 - late), *[None] * late), end=6)


def test_a_bucket_that_sticks_out_of_the_interval_does_not_count() -> None:
    """Buckets of five minutes, asked between their edges: only the one that is over and wholly inside."""
    wide = line(99, 90, 0, first=-5, step_s=300)
    assert told(rule(over=timedelta(minutes=8)), wide, end=7) == ("bad", 90)
    assert told(rule(over=timedelta(minutes=4)), wide, end=7) == ("nothing", None)


def test_buckets_of_unknown_width_are_minutes() -> None:
    """So that one that has just begun is never taken for whole."""
    assert told(rule(over=timedelta(minutes=2)), line(99, 99, 0, step_s=0)) == ("nothing", None)
    at_minutes = tuple(minute(number).timestamp() for number in (1, 2, 2.1))
    assert told(NEWEST, Series("value", at_minutes, (4.0, 5.0, 90.0))) == ("good", 5)


@given(st.lists(st.none() | st.floats(0, 100), min_size=15, max_size=60))
def test_a_mean_is_the_one_that_the_chart_shows(values: list[float | None]) -> None:
    """Where the newest minute is known, rule and dashboard speak of the same number."""
    series = line(*values[:-1], 50.0)
    shown = rolling_mean(series, 900).values[-1]
    seen = saw(rule(over=timedelta(minutes=15)), (series,), end=len(values))
    assert seen.value == (pytest.approx(shown) if shown is not None else seen.value)


@given(st.floats(0, 100), st.integers(1, 60))
def test_a_number_that_stands_at_the_limit_is_no_breach(limit: float, minutes: int) -> None:
    """No rounding of a mean takes it beyond what was measured."""
    steady, over = line(*[limit] * minutes), timedelta(minutes=minutes)
    for of in (rule(below=limit, recover=limit, over=over), rule(above=limit, over=over)):
        assert told(of, steady, end=minutes) == ("good", limit)


@pytest.mark.parametrize(
    ("of", "value", "outcome"),
    [
        (rule(), 96.9, "bad"),
        (rule(), 97.0, "between"),
        (rule(), 97.9, "between"),
        (rule(), 98.0, "good"),
        (rule(above=10.0, recover=8.0), 10.1, "bad"),
        (rule(above=10.0, recover=8.0), 10.0, "between"),
        (rule(above=10.0, recover=8.0), 8.1, "between"),
        (rule(above=10.0, recover=8.0), 8.0, "good"),
        (rule(above=10.0), 10.0, "good"),
    ],
)
def test_between_the_limit_and_the_level_of_recovery_it_is_neither(of: Rule, value: float, outcome: Outcome) -> None:
    """The limit itself is no breach; the level of recovery itself is good."""
    assert told(of, line(value, value, value)) == (outcome, value)


# --- absence ------------------------------------------------------------------------------------------------------------

ABSENCES: Mapping[str, tuple[tuple[Series, ...] | SourceError, tuple[Outcome, float | None], tuple[Outcome, float | None]]] = {
    # what came, what the mean of three minutes (bad below 97) sees, what the sum of five (bad above 10) sees
    "all there": ((line(99, 98, 97, 99, 99),), ("good", 295 / 3), ("bad", 492)),
    "missing bucket": ((points((0, 1), (1, 2), (2, 90), (4, 1)),), ("bad", 45.5), ("bad", 94)),
    "missing bucket, all else low": ((points((0, 1), (1, 2), (2, 3), (4, 1)),), ("bad", 2), ("between", 7)),
    "null": ((line(1, 2, 98, None, 98),), ("good", 98), ("bad", 199)),
    "null, all else low": ((line(1, 2, 3, None, 1),), ("bad", 2), ("between", 7)),
    "all null": ((line(None, None, None, None, None),), ("nothing", None), ("nothing", None)),
    "zeros": ((line(0, 0, 0, 0, 0),), ("bad", 0), ("good", 0)),
    "NaN": ((line(1, 2, 98, NAN, 98),), ("good", 98), ("bad", 199)),
    "all NaN": ((line(NAN, NAN, NAN, NAN, NAN),), ("nothing", None), ("nothing", None)),
    "Inf": ((line(1, 1, 98, INF, 98),), ("good", 98), ("bad", 198)),
    "Inf, all else low": ((line(1, 1, 1, INF, 1),), ("bad", 1), ("between", 4)),
    "-Inf": ((line(1, 1, 98, -INF, 98),), ("good", 98), ("bad", 198)),
    "no number that could be added up": ((line(1, 1, 98, 1.7e308, 10**400),), ("good", 98), ("bad", 100)),
    "empty series": ((Series("value"),), ("nothing", None), ("nothing", None)),
    "no series at all": ((), ("nothing", None), ("nothing", None)),
    "only older buckets": ((line(*[99] * 5, first=-9),), ("nothing", None), ("nothing", None)),
    "only later buckets": ((line(*[99] * 5, first=5),), ("nothing", None), ("nothing", None)),
    "duplicate times": ((points((0, 0), (1, 0), (2, 0), (3, 90), (4, 99), (4, 98), (3, 98)),), ("bad", 196 / 3), ("bad", 196)),
    "duplicate times, null last": ((points((0, 0), (1, 0), (2, 98), (3, 98), (4, 98), (4, None)),), ("good", 98), ("bad", 294)),
    "unsorted times": ((points((9, 0), (4, 98), (2, 97), (-3, 0), (0, 1), (3, 99), (1, 1)),), ("good", 98), ("bad", 296)),
    "NaN among the times": ((points((0, 1), (NAN, 0), (4, 98), (3, 98), (2, 98), (1, 1)),), ("good", 98), ("bad", 296)),
    "SourceError": (DOWN, ("failed", None), ("failed", None)),
}


@pytest.mark.parametrize("what", ABSENCES)
def test_every_kind_of_absence_does_what_its_row_says(what: str) -> None:
    """Missing is never zero; no number is neither true nor false; an error is no absence."""
    answer, mean, total = ABSENCES[what]
    for of, (outcome, value) in ((rule(), mean), (COUNTS, total)):
        seen = saw(of, answer, end=5)
        assert (seen.series, seen.outcome, seen.end) == ("prod", outcome, minute(5))
        assert seen.value == (None if value is None else pytest.approx(value))


def test_an_error_is_said_in_the_source_s_words() -> None:
    """So that the message can name what is wrong."""
    assert saw(rule(), DOWN).said == "did not answer in time"


@pytest.mark.parametrize("answers", [{}, {"other": (line(99, 99, 99),)}, {"value": Table()}])
def test_an_answer_of_another_shape_is_an_error_and_not_silence(answers: Mapping[str, Answer]) -> None:
    """A rule that asks in vain must not look as if nothing happened."""
    assert [seen.outcome for seen in judge(rule(no_data="ok"), answers, "prod", minute(3))] == ["failed"]


@pytest.mark.parametrize(("known", "outcome"), [(4, "nothing"), (5, "bad")])
def test_a_mean_speaks_only_when_a_third_of_its_buckets_is_known(known: int, outcome: Outcome) -> None:
    """One odd minute must not speak for a quarter of an hour."""
    assert told(rule(over=timedelta(minutes=15)), line(*[None] * (15 - known), *[50] * known), end=15)[0] == outcome


def test_a_sender_of_every_five_minutes_has_a_mean_too() -> None:
    """The hour before the end shows that three values are all there are in a quarter of an hour."""
    sparse = line(*[90 if number % 5 == 2 else None for number in range(60)])
    assert told(rule(over=timedelta(minutes=15)), sparse, end=60) == ("bad", 90)


def test_the_last_of_the_three_values_of_a_quarter_of_an_hour_speaks_alone() -> None:
    """A third of those that usually come."""
    sparse = [90.0 if number % 5 == 2 and number not in (52, 57) else None for number in range(60)]
    assert told(rule(over=timedelta(minutes=15)), line(*sparse), end=60) == ("bad", 90)


def test_how_often_numbers_come_is_seen_in_the_last_hour() -> None:
    """A sender of every five minutes that became one of every minute must send as often as that."""
    before = [90.0 if number % 5 == 2 else None for number in range(60)]
    since = [*[None] * 56, 90.0, 90.0, 90.0, 90.0]
    assert told(rule(over=timedelta(minutes=15)), line(*before, *since), end=120) == ("nothing", None)


def test_what_comes_later_does_not_change_how_often_numbers_come() -> None:
    """A sender is judged by its past alone."""
    past = [90.0 if number % 5 == 2 else None for number in range(60)]
    assert told(rule(over=timedelta(minutes=15)), line(*past, *[90.0] * 600), end=60) == ("bad", 90)


@pytest.mark.parametrize(
    ("of", "no_data", "values", "outcome"),
    [
        (COUNTS, "keep", (2, 2, None, 2, 2), "between"),  # the hole may hide the breach
        (COUNTS, "keep", (None, 2, 2, 2, 2), "between"),
        (COUNTS, "keep", (2, 2, 2, 2, None), "between"),
        (COUNTS, "keep", (3, 3, None, 3, 3), "bad"),  # whatever it hides
        (COUNTS, "keep", (2, 2, 2, 2, 2), "good"),
        (COUNTS, "ok", (2, 2, None, 2, 2), "good"),  # the rule says that what is unknown is none
        (FEW, "keep", (2, 2, None, 2, 2), "between"),
        (FEW, "keep", (3, 3, None, 3, 3), "good"),
        (FEW, "keep", (1, 2, 2, 2, 2), "bad"),
        (FEW, "ok", (2, 2, None, 2, 2), "bad"),
    ],
)
def test_a_sum_with_a_hole_tells_only_what_the_hole_cannot_change(
    of: Rule, no_data: NoData, values: tuple[float | None, ...], outcome: Outcome
) -> None:
    """Counts only grow: a high sum is high, a low one may be anything."""
    changed = rule(measure="sum", over=of.over, no_data=no_data, above=of.above, below=of.below, recover=of.recover)
    assert told(changed, line(*values), end=5)[0] == outcome


def test_a_sum_of_wide_buckets_is_whole_between_their_edges() -> None:
    """Two buckets of five minutes are all that fit into fourteen minutes that begin between two of them."""
    assert told(rule(measure="sum", above=10.0, over=timedelta(minutes=14)), line(1, 2, 3, 4, step_s=300), end=17) == ("good", 5)


@given(
    st.sampled_from(["mean", "sum", "last"]),
    st.lists(st.sampled_from([None, NAN, INF, -INF, 1.7e308, -1.7e308]) | st.floats(0, 20), max_size=20),
    st.booleans(),
)
def test_no_number_is_neither_true_nor_false(measure: Measure, values: list[float | None], high: bool) -> None:
    """A series with NaN and infinities in it is judged as if nulls stood there."""
    of = rule(measure=measure, over=timedelta(minutes=10), **({"above": 8.0} if high else {"below": 8.0, "recover": 8.0}))
    nulls = [value if value is not None and abs(value) < 1e300 else None for value in values]
    assert told(of, line(*values), end=len(values)) == told(of, line(*nulls), end=len(values))


@given(st.sampled_from(["mean", "sum", "last"]), st.lists(st.sampled_from([None, NAN, INF, -INF]), max_size=20))
def test_nothing_but_no_numbers_is_no_data(measure: Measure, values: list[float | None]) -> None:
    """Neither bad nor good comes of them."""
    assert told(rule(measure=measure), line(*values), end=len(values)) == ("nothing", None)


@given(st.permutations(range(20)), st.integers(0, 25))
def test_the_order_of_points_does_not_matter(order: list[int], end: int) -> None:
    """Sorted or not, the same is seen."""
    values = [float(number % 7 + 94) for number in range(20)]
    assert told(rule(), points(*((place, values[place]) for place in order)), end=end) == told(rule(), line(*values), end=end)


def test_a_history_of_months_is_judged_anywhere_in_it() -> None:
    """At its beginning, in its middle, and after its end."""
    long = line(*[90.0 if 30_000 <= number < 30_010 else 99.0 for number in range(60_000)])
    assert [told(rule(), long, end=end)[0] for end in (0, 3, 30_003, 30_020, 60_000, 60_005)] == [
        "nothing",
        "good",
        "bad",
        "good",
        "good",
        "nothing",
    ]


# --- groups -------------------------------------------------------------------------------------------------------------


def by_name(of: Rule, *series: Series) -> Mapping[str, Outcome]:
    return {seen.series: seen.outcome for seen in judge(of, {"value": series}, "prod", minute(3))}


def test_each_group_is_seen_on_its_own() -> None:
    """One region's breach is not hidden by another's good numbers."""
    eu, us = line(90, 90, 90, name="region:eu"), line(99, 99, 99, name="region:us")
    assert by_name(BY_REGION, eu, us) == {"prod, region:eu": "bad", "prod, region:us": "good"}


def test_a_group_keeps_its_name_when_it_is_the_only_one() -> None:
    """Its episode goes on when the other regions send nothing."""
    assert by_name(BY_REGION, line(90, 90, 90, name="region:eu")) == {"prod, region:eu": "bad"}


def test_a_query_by_group_without_any_is_one_silence() -> None:
    """It has no groups to name."""
    assert by_name(BY_REGION) == by_name(BY_REGION, Series("rate value")) == {"prod": "nothing"}


def test_a_query_for_one_series_is_named_by_its_environment() -> None:
    """Whatever its source calls it."""
    assert by_name(rule(), line(99, 99, 99, name="success_rate")) == {"prod": "good"}


def test_several_series_are_several_instances_however_they_were_asked() -> None:
    """None of them may stand for the others."""
    assert by_name(rule(), line(90, 90, 90, name="a"), line(99, 99, 99, name="b")) == {"prod, a": "bad", "prod, b": "good"}


def test_two_series_of_one_name_are_one() -> None:
    """One instance has one state: their points are put together, the second's count where both have one."""
    first, second = points((0, 100), (1, 99), name="region:eu"), points((2, 99), (0, 0), name="region:eu")
    assert by_name(BY_REGION, first, second, line(99, 99, 99, name="region:us")) == {
        "prod, region:eu": "bad",
        "prod, region:us": "good",
    }


def test_two_series_of_one_name_have_the_wider_buckets() -> None:
    """A bucket that may not be over yet does not count."""
    minutes, wide = line(99, 99, 99, name="region:eu"), line(90, name="region:eu", step_s=300)
    assert by_name(BY_REGION, minutes, wide) == by_name(BY_REGION, wide, minutes) == {"prod, region:eu": "nothing"}


# --- lag ----------------------------------------------------------------------------------------------------------------

RECENT = table("at", ("events", at(4.9)))


@pytest.mark.parametrize(
    ("value", "last", "expected"),
    [
        (table("lag.95", ("events", 4_000)), RECENT, ("good", 6)),  # the age is the larger one
        (table("lag.95", ("events", 30_000)), RECENT, ("good", 30)),
        (table("lag.95", ("events", 100_000)), RECENT, ("between", 100)),
        (table("lag.95", ("events", 121_000)), RECENT, ("bad", 121)),
        (table("lag.95", ("one", 30_000), ("two", 130_000), ("three", None)), RECENT, ("bad", 130)),  # the slowest of its parts
        (table("lag.95", ("events", 4_000)), table("at", ("one", at(1)), ("two", at(4)), ("three", None)), ("good", 60)),
        (table("lag.95", ("events", None)), table("at", ("events", at(-60))), ("bad", 3_900)),  # it stopped an hour ago
        (table("lag.95"), table("at", ("events", at(-60))), ("bad", 3_900)),
        (table("lag.95", ("events", None)), table("at", ("events", None)), ("bad", 86_400)),  # no event in 24 h
        (table("lag.95"), table("at"), ("bad", 86_400)),
        (Table(), Table(), ("bad", 86_400)),
        (table("lag.95", ("events", None)), table("at", ("events", at(-9_999))), ("bad", 86_400)),
        (table("lag.95", ("events", 4_000)), table("at", ("events", at(9))), ("good", 4)),  # clocks differ
        (table("lag.95", ("events", 0)), table("at", ("events", at(9))), ("good", 0)),
        (table("lag.95", ("events", None)), RECENT, ("nothing", None)),  # events without a lag
        (table("lag.95", ("events", NAN)), RECENT, ("nothing", None)),
        (table("lag.95", ("events", 4_000)), table("at", ("events", NAN)), ("nothing", None)),
        (table("lag.95", ("events", 4_000)), table("at", ("events", INF)), ("nothing", None)),
        (table("lag.95", ("events", INF)), table("at", ("events", at(0))), ("bad", 300)),  # the age alone says so
        (table("lag.95", ("events", 200_000)), table("at", ("events", NAN)), ("bad", 200)),  # the percentile alone says so
        (table("lag.95", ("events", NAN)), table("at", ("events", NAN)), ("nothing", None)),
        (DOWN, RECENT, ("failed", None)),
        (table("lag.95", ("events", 4_000)), DOWN, ("failed", None)),
        (table("lag.99", ("events", 4_000)), RECENT, ("failed", None)),
        (table("lag.95", ("events", 4_000)), table("newest", ("events", at(4))), ("failed", None)),
        ((line(1, 2, 3),), RECENT, ("failed", None)),
        (table("lag.95", ("events", 4_000)), (line(1, 2, 3),), ("failed", None)),
    ],
)
def test_a_lag_is_the_larger_of_the_percentile_and_the_age_of_the_newest_event(
    value: Answer, last: Answer, expected: tuple[Outcome, float | None]
) -> None:
    """A worker that stands still logs nothing, and that is a bad lag; what is not known is neither bad nor good."""
    assert lagged(value, last) == expected


def test_a_lag_asked_by_bucket_is_the_newest_whole_one() -> None:
    """Percentiles cannot be averaged; one of a bucket that is not over yet is left out, and one from before."""
    rows = [(minute(number).timestamp(), lag) for number, lag in ((-1, 9e9), (3, 50_000), (2, 9e9), (4, None), (4.5, 9e9))]
    assert lagged(table("lag.95", *rows), RECENT) == ("good", 50)


@pytest.mark.parametrize("first", [0, 4])
def test_a_lag_s_buckets_may_begin_and_end_with_the_interval(first: int) -> None:
    """They are wholly inside."""
    assert lagged(table("lag.95", (minute(first).timestamp(), 50_000)), RECENT) == ("good", 50)


def test_without_an_event_in_the_interval_the_age_is_all_there_is() -> None:
    """No percentile is missing then."""
    short = rule(measure="lag", above=120.0, over=timedelta(minutes=1))
    answers = {"value": table("lag.95", ("events", None)), "last": table("at", ("events", at(3.5)))}
    (seen,) = judge(short, answers, "prod", minute(5))
    assert (seen.outcome, seen.value) == ("good", 90)


def test_a_lag_needs_both_of_its_answers() -> None:
    """Without the newest event's time nobody knows whether the worker lives."""
    (seen,) = judge(LAG, {"value": table("lag.95", ("events", 4_000))}, "prod", minute(5))
    assert seen.outcome == "failed"


@given(st.sampled_from([NAN, INF, -INF]), st.sampled_from([NAN, INF, -INF]))
def test_no_number_makes_no_lag(percentile: float, newest: float) -> None:
    """Neither late nor on time."""
    assert lagged(table("lag.95", ("events", percentile)), table("at", ("events", newest))) == ("nothing", None)


# --- whether a source answers -------------------------------------------------------------------------------------------


def test_the_rule_of_silent_sources_sees_whether_there_is_an_answer() -> None:
    """An error is what it looks for; it is never blind to it."""
    of = rule(name="source-silent", measure="answers", queries={})
    assert [saw(of, answer).outcome for answer in (DOWN, (), (line(1),))] == ["bad", "good", "good"]
    assert saw(of, DOWN).said == "did not answer in time"


def test_columns_are_found_by_their_titles() -> None:
    """Other columns may stand before them."""
    wide = Table((Column("key"), Column("count"), Column("lag.50"), Column("lag.95")), (("events", 9, 1_000, 40_000),))
    assert lagged(wide, RECENT) == ("good", 40)
