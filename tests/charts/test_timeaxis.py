from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charts.timeaxis import ticks

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3600


def at(text: str, zone: ZoneInfo = BERLIN) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def labels(start: str, hours: float, most: int = 7, zone: ZoneInfo = BERLIN) -> list[str]:
    begin = at(start, zone)
    return [tick.text for tick in ticks(begin, begin + hours * HOUR, zone, most)]


@pytest.mark.parametrize(
    ("start", "hours", "expected"),
    [
        ("2026-11-22 08:00", 0.25, ["08:00", "08:05", "08:10", "08:15"]),
        ("2026-11-22 08:07", 1, ["08:10", "08:20", "08:30", "08:40", "08:50", "09:00"]),
        ("2026-11-22 08:00", 6, ["08:00", "09:00", "10:00", "11:00", "12:00", "13:00", "14:00"]),
        ("2026-11-22 14:00", 24, ["18:00", "Mon 23 Nov", "06:00", "12:00"]),
        ("2026-11-16 00:00", 168, ["Mon 16", "Tue 17", "Wed 18", "Thu 19", "Fri 20", "Sat 21", "Sun 22", "Mon 23"]),
        ("2026-09-01 00:00", 2160, ["14 Sep", "28 Sep", "12 Oct", "26 Oct", "9 Nov", "23 Nov"]),
    ],
)
def test_ticks_are_round_times_of_the_zone(start: str, hours: float, expected: list[str]) -> None:
    """Clock times within a day, the day's name at midnight, days and Mondays over weeks."""
    assert labels(start, hours) == expected


def test_the_hour_that_is_skipped_has_no_tick() -> None:
    """On the night clocks go forward, 02:00 does not exist."""
    assert labels("2026-03-29 00:00", 5) == ["00:00", "01:00", "03:00", "04:00", "05:00", "06:00"]


def test_the_hour_that_is_repeated_has_two_ticks() -> None:
    """On the night clocks go back, 02:00 comes twice, an hour apart."""
    assert labels("2026-10-25 00:00", 5) == ["00:00", "01:00", "02:00", "02:00", "03:00", "04:00"]


def test_a_zone_off_by_minutes_has_round_times_too() -> None:
    """Kathmandu is 5 h 45 min ahead; its hours are its own."""
    assert labels("2026-11-22 08:00", 2, zone=ZoneInfo("Asia/Kathmandu"))[0] == "08:00"


@given(
    st.floats(0, 4e9),
    st.floats(1, 4e8),
    st.integers(1, 9),
    st.sampled_from(["UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe"]),
)
def test_any_range_has_few_rising_ticks_within_it(start: float, length: float, most: int, zone: str) -> None:
    """However long the range, its ticks are in order, inside, and not many more than were asked for."""
    found = [tick.at for tick in ticks(start, start + length, ZoneInfo(zone), most)]
    assert found == sorted(set(found))
    assert all(start <= moment <= start + length for moment in found)
    assert len(found) <= most + 3
