"""What comes and goes: few messages, and no long outage that is missed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.alerts.rule import Rule
from bot.alerts.state import Step
from tests.alerts.rules import absent, each_minute, minute, rule, signals

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
AT_ONCE = timedelta(0)


def most_an_hour(moments: Sequence[datetime]) -> int:
    """The most messages in any hour, both of its ends included."""
    return max((sum(1 for at in moments if start <= at <= start + HOUR) for start in moments), default=0)


def messages(made: Iterable[Step]) -> list[datetime]:
    return [each.instance.end for each in made if each.event in ("fired", "resolved") and each.instance.end]


IMPATIENT = rule(clear=AT_ONCE)
PATIENT = rule(hold=2 * MINUTE, clear=5 * MINUTE)
WORST = [(bad, good) for bad in (1, 2, 3, 5, 30, 59, 60, 61) for good in (1, 2, 5, 6, 58, 59, 60, 61, 62)]


@pytest.mark.parametrize("of", [IMPATIENT, rule(clear=2 * MINUTE), PATIENT])
@pytest.mark.parametrize(("bad", "good"), WORST)
def test_a_flapping_metric_makes_at_most_four_messages_an_hour(of: Rule, bad: int, good: int) -> None:
    """A whole day of it, at any period."""
    day = ("b" * bad + "g" * good) * (1440 // (bad + good))
    assert most_an_hour(messages(each_minute(day, of))) <= 4


@pytest.mark.parametrize("gone", [1, 2, 3, 10])
def test_a_series_that_comes_and_goes_makes_at_most_four_messages_an_hour(gone: int) -> None:
    """Absence is no way around the damping."""
    made: list[Step] = each_minute("b", IMPATIENT, first=0)
    for at in range(1, 600):
        was = made[-1].instance
        if at % (gone + 1):
            made += absent(was, 1, IMPATIENT, first=at)
        else:
            made += each_minute("b", IMPATIENT, was, first=at)
    assert most_an_hour(messages(made)) <= 4


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("bgBnf"), st.integers(1, 70)), max_size=30), st.sampled_from([IMPATIENT, PATIENT]))
def test_no_course_of_things_makes_more_than_four_messages_an_hour(runs: list[tuple[str, int]], of: Rule) -> None:
    """Whatever comes in whichever order."""
    assert most_an_hour(messages(each_minute("".join(letter * many for letter, many in runs), of))) <= 4


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("bgBnf"), st.integers(1, 70)), max_size=30), st.integers(0, 10))
def test_a_long_outage_is_never_missed(runs: list[tuple[str, int]], hold: int) -> None:
    """Whatever came before: what has been bad for longer than the hold fires, and goes on firing until it ends."""
    of = rule(hold=hold * MINUTE)
    made = each_minute("".join(letter * many for letter, many in runs) + "b" * (hold + 30), of)
    assert signals(made)[-30:] == ["firing"] * 30


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("bg"), st.integers(1, 70)), max_size=30))
def test_whoever_is_told_that_it_fires_is_told_that_it_is_over(runs: list[tuple[str, int]]) -> None:
    """Messages alternate, and after two good hours nothing is open."""
    made = each_minute("".join(letter * many for letter, many in runs) + "g" * 120, PATIENT)
    told = [each.event for each in made if each.event in ("fired", "resolved")]
    assert told == ["fired", "resolved"] * (len(told) // 2)


def test_what_fires_again_within_an_hour_must_be_good_for_an_hour() -> None:
    """All of its recovery is one thread; only then is it said to be over."""
    made = each_minute("b" + "g" * 6 + "b" + "g" * 70, rule())
    told = [(each.event, each.instance.end) for each in made if each.event in ("fired", "resolved")]
    assert told == [("fired", minute(1)), ("resolved", minute(7)), ("fired", minute(8)), ("resolved", minute(69))]


def test_what_fires_again_after_an_hour_is_over_as_soon_as_ever() -> None:
    """The damping is for flapping alone."""
    made = each_minute("b" + "g" * 59 + "b" + "g" * 7, rule())
    assert [each.instance.end for each in made if each.event == "resolved"] == [minute(7), minute(67)]
