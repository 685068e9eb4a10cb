"""A channel is called no earlier than it wants, and soon after it is back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.pace import LONGEST_ASKED_S, Pace, pause_s
from tests.alerts_outbox.stage import START, Stage, intent


def test_nothing_goes_out_before_the_time_that_was_asked_for(stage: Stage) -> None:
    """A 429 of one intent holds for all of its channel, and the most urgent comes first after it."""
    stage.slack.sends.append("later 12")
    stage.owe(intent("e1", key="first"))
    dispatcher = stage.dispatcher()
    assert dispatcher.once("slack")
    stage.owe(intent("e2", key="second"), intent("e3", priority=0, key="urgent"))
    stage.clock.advance(11.999)
    assert not dispatcher.once("slack")
    stage.clock.advance(0.001)
    stage.run(dispatcher)
    assert (stage.slack.seen(), stage.slack.early) == (["urgent", "first", "second"], 0)


def test_one_channel_never_waits_for_another(stage: Stage) -> None:
    """A pager hears while Slack is blocked."""
    stage.slack.sends.append("later 300")
    stage.owe(intent("e1"), intent("e1", target="pagerduty", kind="trigger"))
    dispatcher = stage.dispatcher()
    stage.run(dispatcher)
    stage.run(dispatcher, target="pagerduty")
    assert (stage.slack.seen(), len(stage.pager.incidents())) == ([], 1)


def test_what_was_put_off_is_new_again(stage: Stage) -> None:
    """An intent that was surely not taken needs no look-up."""
    stage.slack.sends.append("later 3")
    stage.owe(intent(key="k"))
    stage.dispatcher().once("slack")
    row = stage.row("k")
    assert (row.status, row.said, row.not_before) == ("new", "it wants time", stage.clock.now() + timedelta(seconds=3))


@pytest.mark.parametrize("asked_s", [0.0, -5.0, float("nan"), float("inf"), 1e12])
def test_odd_times_are_bounded(asked_s: float) -> None:
    """No answer silences a channel for more than some minutes, and none makes it be called at once."""
    pace = Pace()
    pace.failed(START, 1, asked_s)
    assert 0 < pace.blocked_s(START) <= LONGEST_ASKED_S


def test_a_backlog_is_gone_soon_after_an_outage(stage: Stage) -> None:
    """After 20 min without Slack, 30 critical ones are there within 10 s of its return, all others right after, once each."""
    stage.slack.always = "down"
    stage.owe(*(intent(f"e{number}", priority=0 if number % 2 else 2) for number in range(60)))
    dispatcher = stage.dispatcher()
    stage.run(dispatcher, 1_200, step_s=1)
    stage.slack.always = "well"
    stage.run(dispatcher, 10)
    keys = stage.slack.seen()
    assert (len(keys), len(set(keys))) == (60, 60)


def test_a_channel_that_is_down_is_not_hammered(stage: Stage) -> None:
    """However much waits, a channel that does not answer is called some times a minute."""
    stage.slack.always = "down"
    stage.owe(*(intent(f"e{number}") for number in range(30)))
    stage.run(stage.dispatcher(), 300, step_s=0.1)
    assert stage.slack.count("send") < 100


def test_a_clock_set_back_blocks_nothing(stage: Stage) -> None:
    """A pause that would last for hours only because the clock was set back is over."""
    stage.slack.sends.append("later 5")
    stage.owe(intent("e1"))
    dispatcher = stage.dispatcher()
    dispatcher.once("slack")
    stage.clock.advance(-7_200)
    stage.owe(intent("e2", key="other"))
    assert dispatcher.once("slack")
    assert stage.slack.seen() == ["other"]


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_pauses_grow_to_a_bound(failures: int, dice: float) -> None:
    """A pause is never nothing, nor longer than the 8 s that a return may cost, nor shorter after more failures."""
    assert 0.25 <= pause_s(failures, dice) <= pause_s(failures + 1, dice) <= 8


@given(st.lists(st.floats(0, 400), min_size=1, max_size=30))
def test_no_call_is_early(asked: list[float]) -> None:
    """Whatever was asked before, the last time that was asked for is kept, within its bound."""
    pace, now = Pace(), START
    for attempts, asked_s in enumerate(asked, 1):
        again = pace.failed(now, attempts, asked_s)
        assert pace.blocked_s(now) >= min(asked_s, LONGEST_ASKED_S) - 1e-6
        assert again >= now + timedelta(seconds=pace.blocked_s(now)) - timedelta(microseconds=1)
        now = again
