"""When it is worth asking again: counted attempts, and never past the deadline."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.ports import Kind, SourceError
from bot.sources.faults import RateLimited, pause
from bot.sources.retry import Deadline, patiently

pytestmark = pytest.mark.usefixtures("no_pauses")


def attempts(*failures: SourceError) -> tuple[Callable[[], str], list[int]]:
    """An attempt that fails so, one failure after the other, then succeeds; and the list of when it was tried."""
    tried: list[int] = []

    def attempt() -> str:
        tried.append(len(tried))
        if len(tried) <= len(failures):
            raise failures[len(tried) - 1]
        return "answer"

    return attempt, tried


PASSING = SourceError("could not be reached", "unavailable")


def test_a_passing_failure_is_tried_again() -> None:
    """Two failures that may pass cost two attempts."""
    attempt, tried = attempts(PASSING, PASSING)
    assert patiently(attempt, Deadline(5)) == "answer"
    assert len(tried) == 3


@pytest.mark.parametrize("kind", ["timeout", "denied", "bad_request", "bad_answer", "bug"])
def test_a_failure_that_stays_is_not_tried_again(kind: Kind) -> None:
    """Asking again cannot mend keys, questions or answers, and has no time after a timeout."""
    attempt, tried = attempts(SourceError("did", kind))
    with pytest.raises(SourceError):
        patiently(attempt, Deadline(5))
    assert len(tried) == 1


@pytest.mark.parametrize("failure", [PASSING, RateLimited(0.0)])
def test_nothing_is_tried_again_without_time_for_an_answer(failure: SourceError) -> None:
    """With 0.4 s left another attempt would only end as a timeout: the first failure is the better word."""
    attempt, tried = attempts(failure)
    with pytest.raises(SourceError) as error:
        patiently(attempt, Deadline(0.4))
    assert error.value is failure
    assert len(tried) == 1


@pytest.mark.parametrize(("wait_s", "times"), [(1.0, 2), (4.0, 2), (4.8, 1), (None, 1)])
def test_a_pause_is_made_when_it_fits(wait_s: float | None, times: int) -> None:
    """Of five seconds a pause may take so much that half a second is left for the answer."""
    attempt, tried = attempts(RateLimited(wait_s), RateLimited(wait_s))
    with pytest.raises(SourceError):
        patiently(attempt, Deadline(5))
    assert len(tried) == times


def test_no_pause_is_longer_than_five_seconds() -> None:
    """However much time there is: somebody waits for the answer."""
    attempt, tried = attempts(RateLimited(6.0))
    with pytest.raises(SourceError):
        patiently(attempt, Deadline(60))
    assert len(tried) == 1


def test_a_bug_is_not_hidden() -> None:
    """An exception that is no SourceError goes up at once."""
    with pytest.raises(ZeroDivisionError):
        patiently(lambda: 1 // 0, Deadline(5))


def test_a_deadline_that_has_passed_says_how_long_it_was() -> None:
    """The words name the whole time, rounded as people say it."""
    with pytest.raises(SourceError, match="did not answer in 0 s"):
        Deadline(0).left()


@pytest.mark.parametrize(("wait_s", "words"), [(0.3, "1 s"), (40, "40 s"), (119, "119 s"), (120, "2 min"), (3600, "60 min")])
def test_a_pause_reads_as_people_say_it(wait_s: float, words: str) -> None:
    """Seconds up to two minutes, then minutes, rounded up."""
    assert pause(wait_s) == words
