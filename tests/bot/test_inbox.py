"""What comes twice is told apart from what comes first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from bot.inbox import TTL_S, Inbox


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_key_is_first_once() -> None:
    """The second time is not the first, and other keys do not matter."""
    inbox = Inbox()
    assert [inbox.first(key) for key in "abab"] == [True, True, False, False]


def test_a_key_is_forgotten_after_its_time_and_not_before() -> None:
    """A key lives exactly as long as was asked, from when it first came."""
    clock = Clock()
    inbox = Inbox(ttl_s=600, now=clock)
    assert inbox.first("a")
    clock.now = 600.0
    assert not inbox.first("a")
    clock.now = 600.1
    assert inbox.first("a")


def test_a_signature_is_remembered_for_as_long_as_it_is_good() -> None:
    """Keys outlive the 600 s during which a signature from the future would pass."""
    assert TTL_S > 2 * 300


def test_the_oldest_keys_make_room() -> None:
    """Memory is bounded: of too many keys the newest are kept."""
    inbox = Inbox(capacity=3)
    assert all(inbox.first(key) for key in "abcd")
    assert [inbox.first(key) for key in "dcb"] == [False, False, False]
    assert inbox.first("a")


def test_threads_that_race_for_a_key_have_one_winner() -> None:
    """However many threads ask at once, one is first."""
    inbox = Inbox()
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda number: inbox.first(f"key {number % 250}"), range(2_000)))
    assert won.count(True) == 250


def test_others_are_asked_only_of_what_is_new_here() -> None:
    """What another process has heard is not new; what this one has heard is asked of nobody."""
    asked: list[tuple[str, float]] = []
    elsewhere = {"b"}

    def first(key: str, ttl_s: float) -> bool:
        asked.append((key, ttl_s))
        return key not in elsewhere

    inbox = Inbox()
    inbox.share(first)
    assert [inbox.first(key) for key in ("a", "a", "b", "b")] == [True, False, False, False]
    assert asked == [("a", TTL_S), ("b", TTL_S)]
