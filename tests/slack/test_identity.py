"""The bot learns who it is, however long Slack takes to say it."""

from __future__ import annotations

import threading

from bot.ports import ChatError
from bot.slack.identity import Identity, Self

ME = Identity("U0PAYBOT", "B0PAYBOT", "T0SHOP")


class FakeAuthTest:
    """Fails so many times, then says who the bot is; `said` is set once it has, or once it has failed for ever."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.calls = 0
        self.said = threading.Event()

    def __call__(self) -> Identity:
        self.calls += 1
        if self.calls <= self.failures:
            raise ChatError("unreachable", "Slack does not answer.", retriable=True)
        self.said.set()
        return ME


def learnt(me: Self, ask: FakeAuthTest) -> None:
    me.start()
    assert ask.said.wait(5)
    me.join(5)


def test_slack_is_asked_once() -> None:
    """Any number of requests costs one call."""
    ask = FakeAuthTest(failures=0)
    me = Self(ask)
    learnt(me, ask)
    assert [me(), me(), me()] == [ME] * 3
    assert (me.known(), ask.calls) == (True, 1)


def test_slack_is_asked_again_until_it_answers() -> None:
    """A start while Slack is away ends well."""
    ask = FakeAuthTest(failures=3)
    me = Self(ask, first_pause_s=0.001)
    learnt(me, ask)
    assert (me(), ask.calls) == (ME, 4)


def test_nothing_is_waited_for() -> None:
    """Before Slack has answered there is an empty identity, at once."""
    me = Self(FakeAuthTest(failures=0))
    assert (me(), me.known()) == (Identity(), False)


def test_a_stop_ends_the_asking() -> None:
    """A pause of a minute does not hold the process up."""
    me = Self(FakeAuthTest(failures=9), first_pause_s=60)
    me.start()
    me.stop()
    assert me.join(5)
