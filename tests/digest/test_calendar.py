"""The digest's dates and instants, over twenty years of zones that change their clocks in every way."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.digest.calendar import Plan
from bot.digest.days import cron, is_holiday, weekdays

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "UTC",
)
TIMES = (time(9, 15), time(2, 30), time(0, 0), time(0, 30), time(1, 45), time(23, 59))
FIRST, LAST = date(2007, 1, 1), date(2027, 1, 1)


def plan(zone: str = "Europe/Berlin", at: time = time(9, 15), days: str = "mon-fri", off: str = "") -> Plan:
    wanted, holiday = weekdays(days), is_holiday(off)
    return Plan("stand-up", at, zone, lambda day: day.weekday() in wanted and not holiday(day))


@pytest.mark.parametrize("zone", ZONES)
def test_every_local_date_of_twenty_years_has_one_instant(zone: str) -> None:
    """Later than the one before, on that date there, at the time that was set or, where clocks leave it out, an hour after."""
    for at in TIMES:
        own = plan(zone, at, "daily")
        last = datetime.min.replace(tzinfo=UTC)
        for day in (FIRST + timedelta(number) for number in range((LAST - FIRST).days)):
            if not own.is_due_on(day):
                assert (zone, day) == ("Pacific/Apia", date(2011, 12, 30))  # the date that Samoa left out
                continue
            due = own.due(day)
            local = due.astimezone(own.tz)
            assert due > last
            assert local.date() == day or at == time(23, 59)
            assert timedelta(0) <= local.replace(tzinfo=None) - datetime.combine(day, at) <= timedelta(hours=1)
            last = due


@pytest.mark.parametrize("zone", ZONES)
def test_at_any_instant_the_newest_is_the_latest_that_is_due(zone: str) -> None:
    """Around each change of the clocks, minute by minute."""
    own = plan(zone, time(2, 30), "daily")
    for change in ("2026-03-29T00:50", "2026-10-25T00:20", "2026-03-08T06:50", "2026-11-01T05:50", "2026-04-04T14:20"):
        start = datetime.fromisoformat(change).replace(tzinfo=UTC)
        for minute in range(90):
            now = start + timedelta(minutes=minute)
            newest = own.newest(now)
            assert newest is not None
            assert own.due(newest) <= now < own.due(newest + timedelta(1))


def test_a_time_that_comes_twice_counts_once() -> None:
    """In Berlin it is 02:30 twice on 25 October: the digest is due the first time."""
    assert plan(at=time(2, 30), days="daily").due(date(2026, 10, 25)) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_monday_tells_of_the_weekend_too() -> None:
    """Its window begins at Friday's stand-up."""
    own = plan()
    assert own.before(date(2026, 11, 23)) == date(2026, 11, 20)
    assert own.newest(datetime(2026, 11, 22, 12, tzinfo=UTC)) == date(2026, 11, 20)


def test_holidays_have_none_and_the_next_day_tells_of_them() -> None:
    """Germany's Christmas of 2026 is on a Friday; the Monday after tells since Thursday."""
    own = plan(off="DE")
    assert not own.is_due_on(date(2026, 12, 25))
    assert own.before(date(2026, 12, 28)) == date(2026, 12, 24)


def test_a_cron_line_names_dates_too() -> None:
    """The first of the month, if need be a leap day."""
    line = cron("5 7 1 * *")
    assert (line.at, [day for day in range(1, 31) if line.fires(date(2026, 11, day))]) == (time(7, 5), [1])
    assert cron("0 0 29 feb *").fires(date(2028, 2, 29))


@given(st.integers(0, 7000), st.integers(0, 1439), st.sampled_from(ZONES), st.sampled_from(TIMES))
def test_due_dates_neither_overlap_nor_leave_a_gap(day: int, minute: int, zone: str, at: time) -> None:
    """The window of each begins where the one before ended."""
    own, moment = plan(zone, at), datetime(2007, 1, 5, tzinfo=UTC) + timedelta(days=day, minutes=minute)
    newest = own.newest(moment)
    assert newest is not None
    before = own.before(newest)
    assert own.due(before) < own.due(newest) <= moment
    assert list(own.between(before, newest)) == []
