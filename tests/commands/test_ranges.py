"""Ranges of time as people type them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from commands.clock import present
from commands.ranges import between
from tests.commands.asking import BERLIN, NOW, ask, at, refusal

KOLKATA, LORD_HOWE, NEW_YORK = "Asia/Kolkata", "Australia/Lord_Howe", "America/New_York"


@pytest.mark.parametrize(
    ("text", "start", "end", "words"),
    [
        ("15m", "2026-11-22 12:45", "2026-11-22 13:00", "last 15 min"),
        ("6h", "2026-11-22 07:00", "2026-11-22 13:00", "last 6 h"),
        ("1h30m", "2026-11-22 11:30", "2026-11-22 13:00", "last 1 h 30 min"),
        ("24h", "2026-11-21 13:00", "2026-11-22 13:00", "last 24 h"),
        ("1d", "2026-11-21 13:00", "2026-11-22 13:00", "last 24 h"),
        ("last 2 weeks", "2026-11-08 13:00", "2026-11-22 13:00", "last 14 days"),
        ("today", "2026-11-21 23:00", "2026-11-22 13:00", "today since 00:00"),
        ("yesterday", "2026-11-20 23:00", "2026-11-21 23:00", "yesterday"),
        ("since 09:00", "2026-11-22 08:00", "2026-11-22 13:00", "today since 09:00"),
        ("since 9am", "2026-11-22 08:00", "2026-11-22 13:00", "today since 09:00"),
        ("since 2026-11-20", "2026-11-19 23:00", "2026-11-22 13:00", "Fri 20 Nov 00:00 to Sun 22 Nov 14:00 (now)"),
        ("10:00..11:30", "2026-11-22 09:00", "2026-11-22 10:30", "Sun 22 Nov 10:00 to 11:30"),
        ("10am to 11:30am", "2026-11-22 09:00", "2026-11-22 10:30", "Sun 22 Nov 10:00 to 11:30"),
        ("yesterday 14:00..16:00", "2026-11-21 13:00", "2026-11-21 15:00", "Sat 21 Nov 14:00 to 16:00"),
        ("2026-11-21 14:00..16:00", "2026-11-21 13:00", "2026-11-21 15:00", "Sat 21 Nov 14:00 to 16:00"),
        ("2026-11-21t14:00z..16:00z", "2026-11-21 14:00", "2026-11-21 16:00", "Sat 21 Nov 15:00 to 17:00"),
        ("2026-11-20 22:00..2026-11-21 02:00", "2026-11-20 21:00", "2026-11-21 01:00", "Fri 20 Nov 22:00 to Sat 21 Nov 02:00"),
        ("2026-11-20 22:00..02:00", "2026-11-20 21:00", "2026-11-21 01:00", "Fri 20 Nov 22:00 to Sat 21 Nov 02:00"),
        ("2026-11-20 22:00..24:00", "2026-11-20 21:00", "2026-11-20 23:00", "Fri 20 Nov 22:00 to 24:00"),
        ("2026-11-21", "2026-11-20 23:00", "2026-11-21 23:00", "Sat 21 Nov 00:00 to 24:00"),
        ("2026-11-19..2026-11-21", "2026-11-18 23:00", "2026-11-21 23:00", "Thu 19 Nov 00:00 to Sun 22 Nov 00:00"),
        ("2025-11-28", "2025-11-27 23:00", "2025-11-28 23:00", "Fri 28 Nov 00:00 to 24:00, 2025"),
    ],
)
def test_a_range_is_read_in_the_askers_zone(text: str, start: str, end: str, words: str) -> None:
    """At 14:00 in Berlin every form gives its instants and its phrase."""
    window = ask(f"checkout {text}").window
    assert (window.start, window.end, window.words, window.zone) == (at(start), at(end), words, BERLIN)


@pytest.mark.parametrize(
    ("text", "start", "words"),
    [
        ("since 16:00", "2026-11-21 15:00", "Sat 21 Nov 16:00 to Sun 22 Nov 14:00 (now)"),
        ("16:00..18:00", "2026-11-21 15:00", "Sat 21 Nov 16:00 to 18:00"),
        ("22:00..02:00", "2026-11-21 21:00", "Sat 21 Nov 22:00 to Sun 22 Nov 02:00"),
    ],
)
def test_a_clock_time_is_the_latest_that_has_passed(text: str, start: str, words: str) -> None:
    """A time still to come today means yesterday's, and the phrase says so."""
    window = ask(f"checkout {text}").window
    assert (window.start, window.words) == (at(start), words)


@pytest.mark.parametrize("text", ["13:00..15:30", "2026-11-22 13:00..15:30"])
def test_what_is_still_to_come_is_cut_off(text: str) -> None:
    """A range that has begun ends now; asked again later it has grown."""
    window = ask(f"checkout {text}").window
    assert (window.end, window.words) == (at("2026-11-22 13:00"), "Sun 22 Nov 13:00 to 14:00 (now)")
    assert ask(f"checkout {window.text}", NOW + timedelta(hours=9)).window.end == at("2026-11-22 14:30")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("15:30..14:00", "The end (14:00) is before the start (15:30). Did you mean `14:00..15:30`?"),
        ("2026-11-21 14:00..2026-11-20 16:00", "Did you mean `2026-11-20 16:00..2026-11-21 14:00`?"),
        ("2026-11-21..2026-11-20", "Did you mean `2026-11-20..2026-11-21`?"),
        ("2026-11-22 18:00..19:00", "`2026-11-22 18:00..19:00` is in the future. Did you mean `18:00..19:00`"),
        ("since 2026-11-22 18:00", "is in the future. Did you mean `since 18:00`"),
        ("2026-11-23", "`2026-11-23` is in the future: today is `2026-11-22`. Did you mean `today`?"),
        ("91d", "`91d` is too long: the longest range is 90 days. Did you mean `90d`?"),
        ("999999w", "the longest range is 90 days"),
        ("2026-06-01..2026-11-01", "the longest range is 90 days"),
        ("4m", "`4m` is too short: the shortest range is 5 minutes. Did you mean `15m`?"),
        ("0h", "the shortest range is 5 minutes"),
        ("14:00..14:00", "the shortest range is 5 minutes"),
        ("2024-01-01", "`2024-01-01` is too long ago: metrics are kept for 15 months."),
        ("0001-01-01..9999-12-31", "is too long ago"),
        ("2026-11-22 10:00..9999-12-31 10:00", "is in the future"),
        ("2026-02-30", "There is no day `2026-02-30`."),
        ("25:00..26:00", "There is no time `25:00`."),
        ("since 13pm", "There is no time `13pm`."),
        ("last week", "did you mean `7d`"),
        ("14:00", "`14:00` is not a range."),
    ],
)
def test_an_impossible_range_is_refused_with_the_nearest_right_form(text: str, said: str) -> None:
    """A plain sentence says what is wrong and what was probably meant."""
    assert said in refusal(f"checkout {text}")


def test_a_night_under_way_can_end_tomorrow() -> None:
    """At 23:00 the range until 02:00 has begun, also when tomorrow's date is typed."""
    late = at("2026-11-22 22:00")
    assert ask("checkout 22:00..02:00", late) == ask("checkout 2026-11-22 22:00..2026-11-23 02:00", late)


def test_every_suggested_range_can_be_asked() -> None:
    """What a refusal offers is understood."""
    for text in ("15:30..14:00", "2026-11-22 18:00..19:00", "2026-11-23", "91d", "4m"):
        assert ask("checkout " + refusal(f"checkout {text}").split("Did you mean `")[1].split("`")[0])


@pytest.mark.parametrize(
    ("text", "zone", "start", "end"),
    [
        ("2026-03-29", BERLIN, "2026-03-28 23:00", "2026-03-29 22:00"),  # 23 hours
        ("2026-10-25", BERLIN, "2026-10-24 22:00", "2026-10-25 23:00"),  # 25 hours
        ("2026-03-29 02:15..02:45", BERLIN, "2026-03-29 00:15", "2026-03-29 01:45"),  # 02:00 to 03:00 does not exist
        ("2026-10-25 02:15..02:45", BERLIN, "2026-10-25 00:15", "2026-10-25 01:45"),  # 02:00 to 03:00 comes twice
        ("2026-03-08 01:00..04:00", NEW_YORK, "2026-03-08 06:00", "2026-03-08 08:00"),
        ("2026-11-01 00:30..01:30", NEW_YORK, "2026-11-01 04:30", "2026-11-01 06:30"),
        ("2026-10-04 01:30..03:00", LORD_HOWE, "2026-10-03 15:00", "2026-10-03 16:00"),  # half an hour is skipped
        ("2026-04-05 01:00..01:45", LORD_HOWE, "2026-04-04 14:00", "2026-04-04 15:15"),  # half an hour comes twice
        ("2026-11-21 00:00..06:00", KOLKATA, "2026-11-20 18:30", "2026-11-21 00:30"),
    ],
)
def test_a_change_of_clocks_never_loses_what_was_meant(text: str, zone: str, start: str, end: str) -> None:
    """A clock time with two readings starts at the earlier and ends at the later one."""
    window = ask(f"checkout {text}", zone=zone).window
    assert (window.start, window.end) == (at(start), at(end))


def test_a_day_that_has_no_midnight_starts_at_one() -> None:
    """In Cairo the clocks went from 00:00 to 01:00 on 24 April 2026."""
    window = ask("checkout today", at("2026-04-24 09:00"), "Africa/Cairo").window
    assert (window.start, window.words) == (at("2026-04-23 22:00"), "today since 01:00")


def test_an_unknown_zone_is_read_as_utc_and_says_so() -> None:
    """A zone this machine does not know is no reason to fail; the answer names the one it used."""
    window = ask("checkout since 09:00", zone="Mars/Olympus").window
    assert (window.start, window.zone) == (at("2026-11-22 09:00"), "UTC")


@given(
    some.integers(0, 245 * 1440).map(lambda minutes: at("2026-03-01 00:00") + timedelta(minutes=minutes)),
    some.integers(5, 40 * 1440),
    some.sampled_from([BERLIN, NEW_YORK, LORD_HOWE, KOLKATA]),
)
def test_any_past_window_can_be_written_down(start: datetime, minutes: int, zone: str) -> None:
    """Two instants get a text that names exactly them, in UTC where the zone's clocks are ambiguous."""
    window = between(start, start + timedelta(minutes=minutes), present(at("2026-12-15 12:00"), zone))
    again = ask(f"checkout {window.text}", at("2026-12-15 12:00"), zone).window
    assert (again.start, again.end) == (start, start + timedelta(minutes=minutes))
