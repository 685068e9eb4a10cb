"""One budget a channel: paced, and never early after a 429."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ports import ChatError
from bot.slack.budget import ChannelBudget, pause_s
from tests.slack.fake_slack import Clock


def budget() -> tuple[ChannelBudget, Clock]:
    clock = Clock()
    return ChannelBudget(clock.now, clock.sleep), clock


def test_a_burst_goes_out_at_once_and_the_rest_each_second() -> None:
    """Three messages need not wait; then one a second goes out."""
    shared, clock = budget()
    gone = []
    for _ in range(6):
        shared.wait("C1", clock.at + 60, paced=True)
        gone.append(clock.at - 1_000)
    assert gone == pytest.approx([0, 0, 0, 1, 2, 3])


def test_a_quiet_channel_has_its_burst_again() -> None:
    """What was not used in time does not add up beyond one burst."""
    shared, clock = budget()
    for _ in range(2):
        clock.sleep(60)
        for _ in range(3):
            shared.wait("C1", clock.at, paced=True)
    with pytest.raises(ChatError):
        shared.wait("C1", clock.at, paced=True)


def test_channels_do_not_wait_for_each_other() -> None:
    """A busy or blocked channel delays no other."""
    shared, clock = budget()
    shared.refused("C1", 9)
    shared.wait("C2", clock.at, paced=True)
    assert clock.at == 1_000


def test_nobody_waits_past_their_deadline() -> None:
    """Who would come too late hears it at once, and may try again later."""
    shared, clock = budget()
    shared.refused("C1", 9)
    with pytest.raises(ChatError, match="slow down") as caught:
        shared.wait("C1", clock.at + 8, paced=True)
    assert (caught.value.code, caught.value.retriable, clock.at) == ("ratelimited", True, 1_000)


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 40)), max_size=40))
def test_no_call_is_early(events: list[tuple[bool, float]]) -> None:
    """Whatever mix of calls and 429s: no call goes out while its lane is blocked."""
    shared, clock = budget()
    blocked_until = 0.0
    for is_429, seconds in events:
        if is_429:
            shared.refused("C1", seconds)
            blocked_until = max(blocked_until, clock.at + seconds)
        else:
            shared.wait("C1", clock.at + 1_000, paced=True)
            assert clock.at >= blocked_until - 1e-6


def test_threads_share_the_budget() -> None:
    """Ten threads get ten different turns: three at once, seven one by one."""
    clock, gone, lock = Clock(), [], threading.Lock()

    def sleep(seconds: float) -> None:
        with lock:
            clock.sleep(min(seconds, 0.1))  # others wake in between, as in life

    shared = ChannelBudget(clock.now, sleep)

    def post() -> None:
        shared.wait("C1", 2_000, paced=True)
        gone.append(clock.at)

    threads = [threading.Thread(target=post) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(gone) == 10
    assert max(gone) >= 1_007 - 1e-6


def test_unpaced_lanes_are_only_blocked() -> None:
    """Reads have no rate of ours, but a 429 holds for them too."""
    shared, clock = budget()
    for _ in range(100):
        shared.wait("users.info", clock.at, paced=False)
    shared.refused("users.info", 2)
    shared.wait("users.info", clock.at + 3, paced=False)
    assert clock.at == 1_002


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("3", 3),
        (" 2.5 ", 2.5),
        ("", 1),
        ("0", 1),
        ("-1", 1),
        ("abc", 1),
        ("nan", 1),
        ("inf", 30),
        ("86400", 30),
        ("Sun, 22 Nov 2026 14:00:09 GMT", 9),
        ("Sun, 22 Nov 2026 13:00:00 GMT", 1),
        ("Mon, 99 Foo", 1),
    ],
)
def test_every_header_gives_a_bounded_pause(header: str, seconds: float) -> None:
    """Seconds or dates are honoured, nonsense waits a second, nothing waits for ever."""
    assert pause_s(header, "Sun, 22 Nov 2026 14:00:00 GMT") == seconds
