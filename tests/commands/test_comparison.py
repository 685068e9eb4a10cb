"""What a window is compared with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from commands.args import Window
from tests.commands.asking import BERLIN, NOW, ask, at, refusal


def against(text: str, now: str = "", zone: str = BERLIN) -> Window:
    found = ask(f"checkout {text}", at(now) if now else NOW, zone).against
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "start", "words"),
    [
        ("6h vs yesterday", "2026-11-21 07:00", "yesterday"),
        ("6h vs last week", "2026-11-15 07:00", "last week"),
        ("today vs yesterday", "2026-11-20 23:00", "yesterday"),
        ("yesterday vs yesterday", "2026-11-19 23:00", "the day before"),
        ("2026-11-10 14:00..16:00 vs last week", "2026-11-03 13:00", "the week before"),
        ("6h vs 6h", "2026-11-22 01:00", "6 h earlier"),
        ("1h vs 7d", "2026-11-15 12:00", "7 days earlier"),
        ("6h vs 2026-11-14", "2026-11-14 07:00", "Sat 14 Nov 08:00 to 14:00"),
        ("24h vs 2026-11-14", "2026-11-13 13:00", "Fri 13 Nov 14:00 to Sat 14 Nov 14:00"),
        ("24h vs 2026-11-14 to 2026-11-15", "2026-11-13 23:00", "Sat 14 Nov 00:00 to 24:00"),
        ("2h vs 2026-11-14 10:00..12:00", "2026-11-14 09:00", "Sat 14 Nov 10:00 to 12:00"),
    ],
)
def test_a_comparison_is_earlier_and_named(text: str, start: str, words: str) -> None:
    """Each form starts where it says, and its phrase completes "below …"."""
    found = against(text)
    assert (found.start, found.words) == (at(start), words)


@pytest.mark.parametrize(("typed", "words"), [("10:00..18:00", "10:00 to 12:00"), ("10:00..11:00", "10:00 to 12:00")])
def test_a_compared_range_takes_the_length_of_the_asked_one(typed: str, words: str) -> None:
    """It is cut or extended from its start, and the phrase names what is truly compared."""
    assert against(f"2h vs 2026-11-14 {typed}").words == f"Sat 14 Nov {words}"


@pytest.mark.parametrize(
    ("now", "zone", "start"),
    [
        ("2026-03-29 12:00", BERLIN, "2026-03-28 07:00"),  # 08:00 in Berlin on both days, 23 hours apart
        ("2026-10-25 12:00", BERLIN, "2026-10-24 05:00"),  # 07:00, 25 hours apart
        ("2026-11-01 17:00", "America/New_York", "2026-10-31 10:00"),
        ("2026-10-04 06:00", "Australia/Lord_Howe", "2026-10-03 00:30"),
    ],
)
def test_yesterday_is_by_the_clock_on_the_wall(now: str, zone: str, start: str) -> None:
    """Through a change of clocks the compared window keeps its clock time and its length."""
    found = against("6h vs yesterday", now, zone)
    assert found.start == at(start)
    assert found.end - found.start == ask("checkout 6h").window.length


@given(
    some.sampled_from(["15m", "6h", "7d", "90d", "today", "yesterday", "since 09:00", "2026-10-25", "2026-10-24..2026-10-26"]),
    some.sampled_from(["yesterday", "last week", "3h", "90d", "2026-08-01", "2026-06-14 10:00..11:00"]),
)
def test_the_compared_window_is_as_long_as_the_asked_one(window: str, versus: str) -> None:
    """Same length, same buckets, always earlier."""
    found = ask(f"checkout {window} vs {versus}")
    assert found.against is not None
    assert (found.against.length, found.against.step) == (found.window.length, found.window.step)
    assert found.against.start < found.window.start


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("6h vs today", "`vs today` is not a comparison. Did you mean `vs yesterday`"),
        ("6h vs since 09:00", "is not a comparison"),
        ("6h vs 0h", "`vs 0h` is not earlier than the range itself."),
        ("2026-11-14 vs 2026-11-21", "is not earlier than the range itself"),
        ("6h vs 200d", "too far back"),
        ("6h vs 2024-01-01", "too long ago"),
    ],
)
def test_an_impossible_comparison_is_refused(text: str, said: str) -> None:
    """What is not earlier, or beyond what is kept, is refused with what can be asked."""
    assert said in refusal(f"checkout {text}")
