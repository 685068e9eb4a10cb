"""Rolling means and breaches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charts.data import Series
from commands.rolling import Breach, breaches, moved, paired, rolling_mean, within

MINUTE = 60.0


def minutes(*values: float | None) -> Series:
    return Series("rate", tuple(MINUTE * i for i in range(len(values))), values, "%", MINUTE)


def test_a_rolling_mean_covers_the_window_up_to_the_end_of_its_bucket() -> None:
    """Three buckets of a minute make a rolling mean over three minutes."""
    assert rolling_mean(minutes(10, 20, 30, 40), 180).values[2:] == (20, 30)


def test_missing_minutes_are_left_out_of_the_mean_and_not_counted_as_zero() -> None:
    """A minute without a value neither lowers nor raises the mean."""
    assert rolling_mean(minutes(90, None, 92), 180).values[-1] == 91


def test_too_few_known_minutes_give_no_mean() -> None:
    """One known minute of fifteen does not speak for all of them."""
    assert rolling_mean(minutes(*[None] * 14, 40), 900).values[-1] is None


def test_what_stopped_is_not_carried_on() -> None:
    """Another metric's minutes go on; the mean of this one ends with its last value."""
    assert rolling_mean(minutes(90, 92, None, None), 180).values == (90, 91, None, None)


def test_a_sender_of_every_five_minutes_has_a_rolling_mean() -> None:
    """Beside a metric of every minute four of its five minutes are unknown: three values are all of a quarter of an hour."""
    means = rolling_mean(minutes(*[90 + i // 5 if i % 5 == 2 else None for i in range(31)]), 900)
    assert means.values[27:28] == (94,)
    assert None not in means.values[2:28]


def test_a_hole_in_the_times_counts_as_unknown_minutes() -> None:
    """After an hour without buckets the old values are out of the window."""
    series = Series("rate", (0, 60, 120, 3600), (50, 50, 50, 90), "%", 60)
    assert rolling_mean(series, 180).values[-1] == 90


def test_buckets_wider_than_the_window_are_their_own_mean() -> None:
    """Hourly buckets are not smoothed over fifteen minutes."""
    hourly = Series("rate", (0, 3600), (97, 91), "%", 3600)
    assert rolling_mean(hourly, 900) == hourly


@given(st.lists(st.none() | st.floats(0, 100), max_size=200))
def test_a_rolling_mean_stays_between_the_lowest_and_the_highest_value(values: list[float | None]) -> None:
    """No rounding and no missing value takes a mean out of the range of what was measured."""
    known = [value for value in values if value is not None]
    for mean in rolling_mean(minutes(*values), 900).values:
        assert mean is None or min(known) - 1e-6 <= mean <= max(known) + 1e-6


def test_a_mean_of_equal_values_is_that_value() -> None:
    """A sum that is carried along drifts: 100 % after many odd minutes read 99.999 %, and 97 % as below 97 %."""
    odd = [100 * good / 13 for good in range(13)]
    assert rolling_mean(minutes(*odd, *[97.0] * 15), 900).values[-1] == 97.0
    assert rolling_mean(minutes(*odd, *[100.0] * 15), 900).values[-1] == 100.0


def test_a_breach_lasts_to_the_end_of_its_last_bad_bucket() -> None:
    """Its worst value and both its ends are kept."""
    assert breaches(minutes(98, 96, 92, 98), 97, "above") == (Breach(60, 180, 92),)


def test_unknown_minutes_do_not_end_a_breach() -> None:
    """Nobody knows that it was over; how long nobody knew anything is kept."""
    assert breaches(minutes(96, None, 95), 97, "above") == (Breach(0, 180, 95, unknown_s=60),)


@pytest.mark.parametrize(("value", "bad"), [(97.0, 0), (96.999, 1), (None, 0)])
def test_the_limit_itself_is_good(value: float | None, bad: int) -> None:
    """At least 97 % is the target, so 97 % meets it."""
    assert len(breaches(minutes(value), 97, "above")) == bad


def test_a_limit_from_above_is_broken_by_more() -> None:
    """Where less is better the worst value is the highest."""
    assert breaches(minutes(1, 9, 7), 5, "below") == (Breach(60, 180, 9),)


def test_within_keeps_the_start_and_leaves_out_the_end() -> None:
    """A window's end belongs to the next one."""
    assert within(minutes(1, 2, 3, 4), 60, 180).values == (2, 3)
    assert within(minutes(), 0, 1).times == ()


def test_a_moved_series_keeps_its_values() -> None:
    """Yesterday is laid a day later."""
    assert moved(minutes(1, 2), 86400).times == (86400, 86460)


def test_only_what_both_know_is_compared() -> None:
    """Hours that one of the two lacks count in neither mean; off the grid the bucket that covers the time does."""
    assert paired(minutes(1, None, 3, 5), minutes(10, 20, None, 50)) == (3, 30)
    assert paired(minutes(1, 2, 3), minutes(1)) is None  # one of three hours stands for none of the others
    assert paired(minutes(1, 3), moved(minutes(10, 20), -30)) == (2, 15)
    assert paired(minutes(1), minutes(None)) is None
