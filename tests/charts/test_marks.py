from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from charts.marks import badges
from charts.shapes import Stroke
from charts.spec import Mark
from tests.charts.pictures import START, drawn, measure, of, picture, rate, texts


def test_marks_are_numbered_in_order_of_time() -> None:
    """The first number is the earliest mark, whatever the order they came in; its text and time stand below."""
    later, sooner = Mark(START + 1800, "rollback"), Mark(START + 600, "deploy v412")
    said = texts(drawn(picture(rate(98, 98), marks=(later, sooner))))
    assert said.index("deploy v412") < said.index("rollback")
    assert "08:10" in said


def test_a_mark_outside_the_range_is_not_drawn() -> None:
    """Only what happened in the range is shown."""
    assert "early" not in texts(drawn(picture(rate(98, 98), marks=(Mark(START - 1, "early"),))))


def test_every_panel_shows_the_line_of_a_mark() -> None:
    """The eye follows one mark through all panels."""
    drawing = drawn(picture(rate(98, 98), rate(97, 98), marks=(Mark(START + 600, "deploy"),)))
    uprights = [
        stroke for stroke in of(drawing, Stroke) if len(stroke.points) == 2 and stroke.points[0, 0] == stroke.points[1, 0]
    ]
    assert len(uprights) == 2
    assert uprights[0].points[0, 0] == uprights[1].points[0, 0]


def test_marks_that_nearly_coincide_share_a_badge() -> None:
    """Numbers are joined instead of printed over each other."""
    assert [badge.text for badge in badges([100, 110, 500], measure)] == ["1–2", "3"]


@given(st.lists(st.floats(0, 1000), max_size=60).map(sorted))
def test_badges_never_touch_and_lose_no_mark(places: list[float]) -> None:
    """Any number of marks is counted through without a hole."""
    found = badges(places, measure)
    assert [number for badge in found for number in range(badge.first, badge.last + 1)] == list(range(1, len(places) + 1))
    assert all(before.middle < after.middle for before, after in pairwise(found))


def test_forty_marks_are_listed_as_far_as_there_is_room() -> None:
    """The list stays small and says how many it leaves out."""
    forty = [Mark(START + 60 * minute, f"override {minute}") for minute in range(40)]
    said = texts(drawn(picture(rate(98, 98), marks=forty)))
    assert "override 6" in said
    assert "override 7" not in said
    assert "and 33 more" in said
