from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from charts.alt import LONGEST, describe
from charts.spec import Chart, Line, Mark, Picture
from tests.charts.pictures import START, chart, picture, rate, series
from tests.charts.strategies import pictures


def test_alt_text_says_the_finding_and_the_shape() -> None:
    """Who cannot see the picture hears number, change, lowest, highest and last value with their times."""
    said = describe(picture(rate(98, 99, 96, 98)))
    assert "Success rate: 94.1 %, 2.3 points below yesterday" in said
    assert "Today: lowest 96 % at 08:02, highest 99 % at 08:01, last 98 % at 08:03." in said


def test_alt_text_says_from_when_to_when_a_limit_was_breached() -> None:
    """Each breach has its times; the last may still go on."""
    assert "Below target 97 % twice: 08:00 to 08:01 and since 08:03." in describe(picture(rate(96, 98, 98, 95)))


def test_alt_text_says_that_nothing_was_breached() -> None:
    """A quiet range is said to be quiet."""
    assert "Never below target 97 %." in describe(picture(rate(98, 97)))


def test_alt_text_counts_what_it_does_not_list() -> None:
    """Many breaches are counted, the first few told."""
    assert "Below target 97 % 5 times: 08:00 to 08:01, 08:02 to 08:03, 08:04 to 08:05 and 2 more." in describe(
        picture(rate(*(96, 98) * 5))
    )


def test_alt_text_says_what_is_missing() -> None:
    """A gap is told by its times, a panel without data by its reason."""
    said = describe(picture(rate(98, None, None, 98), Chart("Sessions", missing="no data: Datadog did not answer in 8 s")))
    assert "Today is missing 08:01 to 08:03." in said
    assert "Sessions: no data: Datadog did not answer in 8 s." in said


@pytest.mark.parametrize(
    ("values", "expected"),
    [((98,), "Today: 98 % at 08:00, its only value."), ((98, 98), "Today: 98 % from 08:00 to 08:01.")],
)
def test_a_line_without_a_shape_is_said_in_fewer_words(values: tuple[float, ...], expected: str) -> None:
    """A single value has no lowest and highest, and a flat line only one value."""
    assert expected in describe(picture(rate(*values)))


def test_times_name_their_day_where_the_range_spans_days() -> None:
    """In a range of days a clock time alone says nothing."""
    assert "at Sun 22 Nov 08:00" in describe(picture(rate(98, 97), hours=48))


def test_marks_are_told_with_number_and_time() -> None:
    """The numbers are those in the picture."""
    assert "Mark 1 at 08:10: deploy v412." in describe(picture(rate(98), marks=[Mark(START + 600, "deploy v412")]))


def test_what_matters_most_survives_where_there_is_no_room() -> None:
    """Findings and breaches stay when lines and marks must go."""
    lines = [Line(series(98, 96, unit="%"), f"line {number} " + "x" * 40, "second") for number in range(30)]
    crowded = replace(chart(*rate(98, 96).layers, *lines), note="15-minute rolling mean")
    said = describe(picture(crowded, marks=[Mark(START, "deploy")]))
    assert "Below target 97 % once" in said
    assert "line 29" not in said
    assert said.endswith("More is in the picture.")


@settings(deadline=None)
@given(pictures)
def test_any_picture_has_a_short_alt_text(found: Picture) -> None:
    """Slack takes 2,000 characters; whatever the data, ours are at most 1,800."""
    assert 0 < len(describe(found)) <= LONGEST
