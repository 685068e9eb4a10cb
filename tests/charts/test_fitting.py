from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charts.fitting import legible, shorten, spread, wrap
from tests.charts.pictures import measure

places = st.lists(st.floats(-50, 500), max_size=8).map(sorted)


def known(letter: str) -> bool:
    return letter.isascii()


@given(st.text(max_size=80), st.floats(20, 600))
def test_a_shortened_text_fits(text: str, room: float) -> None:
    """What is too long ends in an ellipsis and fits; what fits is left alone."""
    found = shorten(text, room, 20, measure)
    assert found == text or found.endswith("…")
    assert measure(found, 20, False) <= max(room, measure("…", 20, False))


def test_shortening_keeps_as_much_as_fits() -> None:
    """One more letter would not fit."""
    assert shorten("abcdefgh", measure("abcd…", 20, False), 20, measure) == "abcd…"


@given(st.text(alphabet="ab ", max_size=200), st.integers(1, 3))
def test_wrapped_lines_are_few_and_fit(text: str, most: int) -> None:
    """A long sentence becomes at most so many lines, none wider than its room."""
    lines = wrap(text, 150, 20, measure, most)
    assert 1 <= len(lines) <= most
    assert all(measure(line, 20, False) <= 150 for line in lines)


@given(places)
def test_spread_labels_keep_apart_and_inside(wanted: list[float]) -> None:
    """Labels neither touch nor leave the plot, and stay in order."""
    found = spread(wanted, 30, 0, 400)
    assert all(-1e-6 <= place <= 400 + 1e-6 for place in found)
    assert all(after - before >= 30 - 1e-6 for before, after in pairwise(found))


def test_labels_that_are_far_apart_do_not_move() -> None:
    """Only what collides is moved."""
    assert spread([10, 100, 200], 30, 0, 400) == [10, 100, 200]


def test_colliding_labels_part_around_their_middle() -> None:
    """Neither of two labels at one place is favoured."""
    assert spread([100, 100], 30, 0, 400) == [85, 115]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("rollback 🚀🚀 done", "rollback □ done"),
        ("五六", "□"),
        ("a\u202eb\u200d\ufe0f", "ab"),
        ("two\nlines\tand\x00 nul", "two lines and nul"),
    ],
)
def test_a_text_is_made_of_letters_that_can_be_drawn(text: str, expected: str) -> None:
    """Unknown letters are one box, unseen marks nothing, line breaks a space."""
    assert legible(text, known) == expected
