"""Wider and narrower ranges."""

from __future__ import annotations

import pytest

from commands.ladder import narrower_window, wider_window
from tests.commands.asking import PRESENT, ask, at


@pytest.mark.parametrize(
    ("text", "narrower", "wider"),
    [("6h", "3h", "12h"), ("2h", "1h", "3h"), ("24h", "12h", "3d"), ("today", "12h", "24h"), ("since 09:00", "3h", "6h")],
)
def test_what_ends_now_moves_along_the_ladder(text: str, narrower: str, wider: str) -> None:
    """Live windows still end now, on the next rung."""
    window = ask(f"checkout {text}").window
    assert narrower_window(window, PRESENT) == ask(f"checkout {narrower}").window
    assert wider_window(window, PRESENT) == ask(f"checkout {wider}").window


def test_a_past_window_keeps_its_middle() -> None:
    """Widened from two hours to three, half an hour is added at either end."""
    found = wider_window(ask("checkout 2026-11-20 14:00..16:00").window, PRESENT)
    assert found is not None
    assert found.text == "2026-11-20 13:30..16:30"


def test_a_window_is_never_widened_into_the_future() -> None:
    """Close to now, a past window grows backwards."""
    found = wider_window(ask("checkout 2026-11-22 12:00..13:55").window, PRESENT)
    assert found is not None
    assert (found.start, found.end) == (at("2026-11-22 10:00"), at("2026-11-22 13:00"))


def test_a_window_is_never_widened_beyond_memory() -> None:
    """Where the next rung would start before what is kept, there is none."""
    assert wider_window(ask("checkout 2025-08-24").window, PRESENT) is None


def test_narrowing_a_day_of_25_hours_gives_24() -> None:
    """The day the clocks change is a rung of its own."""
    found = narrower_window(ask("checkout 2026-10-25").window, PRESENT)
    assert found is not None
    assert found.length.total_seconds() == 24 * 3600
