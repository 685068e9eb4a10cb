"""What buttons carry and what a press asks for."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.buttons import pressed, value_of
from commands import DEFAULT_SECTION
from commands.args import Ask, BadInput, Wish, compared, parse
from tests.fakes import NOW

LATER = NOW + timedelta(hours=3)


def asked(text: str, zone: str = "Europe/Berlin") -> Ask:
    wish = parse(text, now=NOW, zone=zone, env="prod", sections=("checkout",), default_section="checkout")
    assert isinstance(wish, Wish)
    return wish.ask


def test_refresh_looks_at_the_present() -> None:
    """Three hours later the last hour is another one."""
    wanted = pressed("answer.refresh", value_of(asked("checkout 1h")), LATER, "prod")
    assert (wanted.ask.window.end, wanted.ask.window.length) == (LATER, timedelta(hours=1))


def test_the_csv_is_of_the_window_that_is_shown() -> None:
    """Whoever presses it three hours later gets the numbers of the picture, not of now."""
    wanted = pressed("answer.csv", value_of(asked("checkout 1h")), LATER, "prod")
    assert wanted.csv
    assert wanted.ask == asked("checkout 1h")


def test_comparing_keeps_the_window_and_comes_off_again() -> None:
    """The first press lays last week behind, the second takes it away."""
    once = pressed("answer.compare", value_of(asked("checkout 1h")), LATER, "prod").ask
    twice = pressed("answer.compare", value_of(once), LATER, "prod").ask
    assert once == compared(asked("checkout 1h"), NOW)
    assert twice == asked("checkout 1h")


@pytest.mark.parametrize(("action", "hours"), [("answer.range.wider", 12), ("answer.range.narrower", 3)])
def test_the_range_goes_up_and_down_its_ladder(action: str, hours: int) -> None:
    """From six hours to twelve, and to three."""
    wanted = pressed(action, value_of(asked("checkout 6h")), NOW, "prod")
    assert wanted.ask.window.length == timedelta(hours=hours)


def test_the_ends_of_the_ladder_are_told() -> None:
    """The widest range cannot get wider, and the person reads why nothing happened."""
    with pytest.raises(BadInput, match="90 days"):
        pressed("answer.range.wider", value_of(asked("checkout 90d")), NOW, "prod")


def test_another_presser_does_not_change_the_zone() -> None:
    """A button of a question from Tokyo asks for Tokyo's hours, whoever presses it."""
    question = asked("checkout 2026-11-22 09:00..10:00", "Asia/Tokyo")
    assert pressed("answer.refresh", value_of(question), LATER, "prod").ask.window == question.window


def test_an_answer_for_one_person_stays_with_that_person() -> None:
    """What was asked with only-me is not shown to others by a refresh."""
    assert pressed("answer.refresh", value_of(asked("checkout 1h"), only_me=True), NOW, "prod").only_me


@given(st.text() | st.recursive(st.none() | st.text() | st.integers() | st.booleans(), st.lists).map(json.dumps))
def test_any_other_value_is_bad_input(value: str) -> None:
    """A forged or stale button gets a sentence, never an exception of another kind."""
    with pytest.raises(BadInput):
        pressed("answer.refresh", value, NOW, "prod")


@given(
    q=st.text(max_size=60), tz=st.text(max_size=20), end=st.integers() | st.floats() | st.text(max_size=5), only_me=st.booleans()
)
def test_a_value_of_the_right_form_is_read_or_refused(q: str, tz: str, end: object, only_me: bool) -> None:
    """Hostile words, zones and times end as a question or as BadInput."""
    value = json.dumps({"q": q, "tz": tz, "end": end, "only_me": only_me})
    try:
        assert pressed("answer.refresh", value, NOW, "prod").ask.section == DEFAULT_SECTION
    except BadInput:
        return


def test_an_unknown_action_is_bad_input() -> None:
    """An action id that no button of ours has."""
    with pytest.raises(BadInput):
        pressed("answer.explode", value_of(asked("checkout 1h")), NOW, "prod")
