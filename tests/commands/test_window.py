"""The width of buckets, and lengths as text and words."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from commands.ranges import length_of
from commands.window import length_text, length_words, step_for
from tests.commands.asking import ask

LENGTHS = some.integers(5, 90 * 1440).map(lambda minutes: timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("15m", 1), ("6h", 1), ("24h", 5), ("3d", 15), ("7d", 15), ("14d", 30), ("30d", 120), ("90d", 360)],
)
def test_the_buckets_suit_the_range(text: str, minutes: int) -> None:
    """A minute for hours, a quarter of a day for months."""
    assert ask(f"checkout {text}").window.step == timedelta(minutes=minutes)


@given(LENGTHS)
def test_a_window_has_neither_too_few_nor_too_many_buckets(length: timedelta) -> None:
    """At most 700, at least 15 from a quarter of an hour on; a day is a whole number of them."""
    step = step_for(length)
    assert length / step <= 700
    assert length < timedelta(minutes=15) or length / step >= 15
    assert timedelta(days=1) % step == timedelta(0)


@given(LENGTHS)
def test_a_length_is_written_as_it_is_read(length: timedelta) -> None:
    """Both its text and its words, typed, mean the same length again."""
    assert length_of(length_text(length)) == length_of(length_words(length)) == length
