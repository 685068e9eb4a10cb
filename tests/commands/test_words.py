"""Numbers and times as phrases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.words import change, clock, count, duration, figure, listed, percent, span, stamp


def spaced(phrase: str) -> str:
    """The phrase with ordinary spaces and a hyphen for a minus, as a test types them."""
    return phrase.replace("\u00a0", " ").replace("\u2212", "-")


@pytest.mark.parametrize(
    ("x", "phrase"),
    [(0, "0"), (-0.0, "0"), (-0.04, "0.0"), (3.44, "3.4"), (9, "9"), (12.4, "12"), (1234567, "1,234,567"), (-1500, "-1,500")],
)
def test_counts_are_whole_and_separated(x: float, phrase: str) -> None:
    """Thousands are separated, small means keep a decimal, and no zero has a sign."""
    assert spaced(count(x)) == phrase


@pytest.mark.parametrize(
    ("x", "limit", "phrase"),
    [
        (94.12, None, "94.1 %"),
        (97.0, 97, "97 %"),
        (96.96, 97, "96.96 %"),
        (96.996, 97, "96.996 %"),
        (96.999_99, 97, "96.999 %"),
        (97.000_01, 97, "97.001 %"),
        (99.98, None, "99.98 %"),
        (100.0, None, "100 %"),
        (0.004, None, "0.004 %"),
        (-0.0, None, "0 %"),
        (1234.56, None, "1,234.6 %"),
    ],
)
def test_percentages_stay_on_their_side_of_a_limit(x: float, limit: float | None, phrase: str) -> None:
    """Rounding never says that a missed limit is met, that all is 100 %, or that something is nothing."""
    assert spaced(percent(x, limit)) == phrase


@given(st.floats(0, 100), st.floats(1, 99).map(lambda limit: round(limit, 1)))
def test_no_percentage_is_rounded_across_its_limit(x: float, limit: float) -> None:
    """A number below its limit reads below it, one above reads above it."""
    shown = float(spaced(percent(x, limit)).removesuffix(" %"))
    assert (shown < limit, shown > limit) == (x < limit, x > limit)


@pytest.mark.parametrize("missing", [None, nan, inf])
def test_what_is_missing_reads_no_data(missing: float | None) -> None:
    """Missing is never shown as a number."""
    phrases = {count(missing), percent(missing), figure(missing, "count"), change(missing, 1, "%", "yesterday")}
    assert phrases == {"no data"} == {duration(None)}
    assert change(1, missing, "%", "yesterday") == "no data for yesterday"


@pytest.mark.parametrize(
    ("now", "before", "unit", "phrase"),
    [
        (94.1, 96.4, "%", "2.3 points below yesterday"),
        (96.4, 94.1, "%", "2.3 points above yesterday"),
        (96.42, 96.4, "%", "about the same as yesterday"),
        (5, 5, "count", "the same as yesterday"),
        (5.41, 5.4, "count", "about the same as yesterday"),
        (112, 100, "count", "12 % more than yesterday"),
        (88, 100, "count", "12 % less than yesterday"),
        (1001, 1000, "count", "about the same as yesterday"),
        (7, 0, "count", "7 more than yesterday"),
        (0, 100, "count", "100 % less than yesterday"),
        (2100, 1900, "ms", "200 ms above yesterday"),
        (60, 90, "s", "30 s below yesterday"),
    ],
)
def test_changes_name_size_direction_and_period(now: float, before: float, unit: str, phrase: str) -> None:
    """Shares differ in points, counts in per cent of before, times in their unit."""
    assert spaced(change(now, before, unit, "yesterday")) == phrase


@pytest.mark.parametrize(
    ("seconds", "phrase"),
    [
        (0, "0 s"),
        (0.45, "450 ms"),
        (45, "45 s"),
        (3600, "1 h"),
        (5400, "1 h 30 min"),
        (3605, "1 h"),
        (187_200, "2 d 4 h"),
        (-90, "-1 min 30 s"),
    ],
)
def test_durations_have_at_most_two_units(seconds: float, phrase: str) -> None:
    """A duration is read at a glance."""
    assert spaced(duration(timedelta(seconds=seconds))) == phrase


@pytest.mark.parametrize(
    ("value", "unit", "phrase"),
    [
        ("card_declined", "text", "card_declined"),
        ("new", "change", "new"),
        (412.0, "count", "412"),
        (33.333, "%", "33.3 %"),
        (38.2, "change", "+38 %"),
        (-0.2, "change", "0 %"),
        (-2.25, "points", "-2.2"),
        (1240, "ms", "1,240 ms"),
        (90, "s", "1 min 30 s"),
    ],
)
def test_cells_are_formatted_by_their_unit(value: str | float, unit: str, phrase: str) -> None:
    """A table's raw values become figures with their units and signs."""
    assert spaced(figure(value, unit)) == phrase


@pytest.mark.parametrize("unit", ["count", "%", "change", "points", "ms", "s", "text"])
@given(value=st.floats())
def test_every_number_has_a_figure(unit: str, value: float) -> None:
    """No float breaks a table, and none reads "-0", "nan" or "inf"."""
    phrase = spaced(figure(value, unit))
    assert phrase
    assert not {"-0", "-0 %", "-0.0", "nan", "inf"} & {phrase}


def test_clocks_show_the_zone_of_the_reader() -> None:
    """A time is shown as the reader's own clock has it, with its day where that is needed."""
    at = datetime(2026, 11, 22, 23, 5, tzinfo=UTC)
    assert (clock(at, "Europe/Berlin"), stamp(at, "Europe/Berlin")) == ("00:05", "Mon 23 Nov 00:05")


@pytest.mark.parametrize(
    ("start", "end", "phrase"),
    [
        ("2026-11-22T07:00", "2026-11-22T13:00", "Sun 22 Nov 08:00 to 14:00"),
        ("2026-11-20T23:00", "2026-11-21T23:00", "Sat 21 Nov 00:00 to 24:00"),
        ("2026-11-21T21:00", "2026-11-22T01:00", "Sat 21 Nov 22:00 to Sun 22 Nov 02:00"),
        ("2025-12-31T21:00", "2026-01-01T01:00", "Wed 31 Dec 2025 22:00 to Thu 1 Jan 2026 02:00"),
    ],
)
def test_spans_name_each_day_once(start: str, end: str, phrase: str) -> None:
    """A range names its day, both days when it crosses midnight, and years when they differ."""
    first, last = (datetime.fromisoformat(at).replace(tzinfo=UTC) for at in (start, end))
    assert span(first, last, "Europe/Berlin") == phrase


def test_names_are_listed_as_a_sentence_has_them() -> None:
    """The last two names are joined by "and"."""
    assert [listed("ABC"[:size]) for size in range(4)] == ["", "A", "A and B", "A, B and C"]
