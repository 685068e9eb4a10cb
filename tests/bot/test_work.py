"""Bounded work: fair turns, one deadline for all sources, shared runs."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from queue import SimpleQueue
from threading import Barrier, Event, Thread, current_thread

import pytest

from bot.ports import SourceError
from bot.work import Bulkheads, Pool, SingleFlight, gather

SOON = 5.0  # seconds; only a broken promise waits so long
reference: ContextVar[str] = ContextVar("reference", default="none")


def blocked(pool: Pool, user: str = "blocker") -> Event:
    """Keeps one thread of the pool busy until the event is set."""
    started, release = Event(), Event()

    def job() -> None:
        started.set()
        release.wait(SOON)

    assert pool.submit(user, job)
    assert started.wait(SOON)
    return release


def test_a_full_pool_refuses_at_once() -> None:
    """One running and one waiting is all it takes on; the next is refused, not queued."""
    pool = Pool(size=1, waiting=1, per_user=9)
    release = blocked(pool)
    assert pool.submit("ann", bool)
    assert not pool.submit("bob", bool)
    assert pool.depth() == 1
    release.set()
    assert pool.stop(SOON)


def test_one_user_cannot_fill_the_pool() -> None:
    """A user's share counts what runs and what waits; others still get in."""
    pool = Pool(size=1, waiting=9, per_user=2)
    release = blocked(pool, "ann")
    assert [pool.submit("ann", bool), pool.submit("ann", bool), pool.submit("bob", bool)] == [True, False, True]
    release.set()
    assert pool.stop(SOON)


def test_users_take_turns() -> None:
    """Somebody who asks once is not behind all of somebody else's flood."""
    pool, order = Pool(size=1, waiting=9, per_user=9), list[str]()
    release = blocked(pool)
    for user in ("ann", "ann", "ann", "bob", "cid", "bob"):
        pool.submit(user, partial(order.append, user))
    release.set()
    assert pool.stop(SOON)
    assert order == ["ann", "bob", "cid", "ann", "bob", "ann"]


def test_jobs_run_at_once_up_to_the_size() -> None:
    """Three jobs that wait for each other all get through a pool of three."""
    pool, meeting = Pool(size=3, waiting=0, per_user=3), Barrier(3)
    assert all(pool.submit("ann", partial(meeting.wait, SOON)) for _ in range(3))
    assert pool.stop(SOON)
    assert not meeting.broken


def test_a_job_that_raises_hurts_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged once, with its traceback, and the thread goes on."""
    pool, done = Pool(size=1, waiting=9, per_user=9), Event()
    with caplog.at_level(logging.ERROR):
        pool.submit("ann", partial(divmod, 1, 0))
        pool.submit("ann", partial(exit_with, "a wish to exit"))
        pool.submit("ann", done.set)
        assert done.wait(SOON)
    assert [record.exc_info is not None for record in caplog.records] == [True, True]
    assert pool.stop(SOON)


def exit_with(reason: str) -> None:
    raise SystemExit(reason)


def test_stopping_finishes_what_was_taken_on() -> None:
    """A stop in time runs the waiting jobs too, and refuses new ones."""
    pool, order = Pool(size=1, waiting=9, per_user=9), list[str]()
    release = blocked(pool)
    pool.submit("ann", partial(order.append, "waiting"))
    release.set()
    assert pool.stop(SOON)
    assert order == ["waiting"]
    assert not pool.submit("ann", bool)


def test_stopping_does_not_wait_for_a_hung_job() -> None:
    """When the time is up what waits is dropped, and the stop says that not all was done."""
    pool, order = Pool(size=1, waiting=9, per_user=9), list[str]()
    release = blocked(pool)
    pool.submit("ann", partial(order.append, "waiting"))
    assert not pool.stop(0.01)
    assert pool.depth() == 0
    release.set()
    assert pool.stop(SOON)
    assert order == []


def test_threads_never_keep_the_process_alive() -> None:
    """Jobs run in daemon threads, so a hung client cannot stop the process from ending."""
    pool, threads = Pool(size=1, waiting=0, per_user=1), list[Thread]()
    assert pool.submit("ann", lambda: threads.append(current_thread()))
    assert pool.stop(SOON)
    assert [thread.daemon for thread in threads] == [True]


def test_an_idle_thread_ends_and_the_next_job_gets_a_new_one() -> None:
    """A quiet bot keeps no threads, and is ready all the same."""
    pool, ran = Pool(size=1, waiting=0, per_user=1, idle_s=0.001), SimpleQueue[Thread]()
    for _ in range(2):
        assert pool.submit("ann", lambda: ran.put(current_thread()))
        thread = ran.get(timeout=SOON)
        thread.join(SOON)
        assert not thread.is_alive()


def test_threads_end_with_the_pool() -> None:
    """After a stop nothing is left behind."""
    pool, threads = Pool(size=1, waiting=0, per_user=1), list[Thread]()
    assert pool.submit("ann", lambda: threads.append(current_thread()))
    assert pool.stop(SOON)
    threads[0].join(SOON)
    assert not threads[0].is_alive()


def test_the_reference_goes_along_into_the_threads() -> None:
    """Context variables of whoever submits are seen by the job."""
    token = reference.set("1a2b3c4d")
    try:
        assert gather({"a": lambda _: reference.get()}, Bulkheads(), str, SOON) == {"a": "1a2b3c4d"}
    finally:
        reference.reset(token)


def test_all_calls_are_made_at_once() -> None:
    """Calls that wait for each other all return."""
    meeting = Barrier(3)
    calls = {source: partial(waits_for, meeting, source) for source in ("datadog", "elastic", "events")}
    assert gather(calls, Bulkheads(), str, SOON) == {"datadog": "datadog", "elastic": "elastic", "events": "events"}


def waits_for(meeting: Barrier, said: str, left_s: float) -> str:
    meeting.wait(left_s)
    return said


def test_a_late_source_is_a_timeout_and_the_others_are_kept() -> None:
    """The answer is there by the deadline, whatever one source does."""
    hung, start = Event(), time.monotonic()
    outcomes = gather({"slow": lambda _: hung.wait(SOON), "quick": lambda _: 7}, Bulkheads(), str, deadline_s=0.05)
    assert time.monotonic() - start < SOON
    assert outcomes["quick"] == 7
    assert isinstance(outcomes["slow"], TimeoutError)
    hung.set()


def test_what_a_call_raises_is_its_outcome() -> None:
    """An exception belongs to its key alone, and comes back as it was raised."""
    fault = SourceError("refused our keys (403)", "denied")
    calls: dict[str, Callable[[float], int]] = {"bad": partial(fails, fault), "good": lambda _: 1}
    assert gather(calls, Bulkheads(), str, SOON) == {"bad": fault, "good": 1}


def fails(fault: Exception, left_s: float) -> int:
    raise fault


def test_each_call_is_told_the_seconds_left() -> None:
    """By a clock that went on three seconds since the start, five of eight are left."""
    ticks = iter([100.0, *[103.0] * 9])
    assert gather({"a": lambda left_s: left_s}, Bulkheads(), str, 8.0, clock=partial(next, ticks)) == {"a": 5.0}


def test_a_full_source_is_busy_at_once_and_the_others_answer() -> None:
    """A source whose threads all hang refuses new calls; its neighbour does not notice."""
    bulkheads, hung = Bulkheads(size=1, waiting=0), Event()
    assert bulkheads.submit("slow", partial(hung.wait, SOON))
    outcomes = gather({"slow": lambda _: 1, "quick": lambda _: 2}, bulkheads, str, SOON)
    assert isinstance(outcomes["slow"], SourceError)
    assert outcomes["slow"].kind == "unavailable"
    assert outcomes["quick"] == 2
    hung.set()


def test_a_call_that_gets_its_turn_too_late_is_not_made() -> None:
    """Nobody waits for it any more, so the source is spared."""
    bulkheads, release, made = Bulkheads(size=1, waiting=9), Event(), list[float]()
    bulkheads.submit("slow", partial(release.wait, SOON))
    assert isinstance(gather({"slow": made.append}, bulkheads, str, 0.01)["slow"], TimeoutError)
    release.set()
    assert gather({"slow": lambda _: "next"}, bulkheads, str, SOON) == {"slow": "next"}
    assert made == []


def test_stopped_bulkheads_take_on_nothing() -> None:
    """After the stop every source is busy."""
    bulkheads = Bulkheads()
    gather({"a": float}, bulkheads, str, SOON)
    bulkheads.stop()
    assert isinstance(gather({"a": float}, bulkheads, str, SOON)["a"], SourceError)


def in_background(call: Callable[[], object]) -> tuple[Thread, list[object]]:
    results: list[object] = []

    def run() -> None:
        try:
            results.append(call())
        except Exception as error:  # noqa: BLE001 - looked at by the test
            results.append(error)

    thread = Thread(target=run, daemon=True)
    thread.start()
    return thread, results


def test_equal_questions_in_flight_share_one_run() -> None:
    """Those who ask while the first is under way get its result, and nothing is kept afterwards."""
    flights, runs, started, release = SingleFlight[str, int](), list[int](), Event(), Event()

    def call() -> int:
        runs.append(1)
        started.set()
        release.wait(SOON)
        return 42

    first = in_background(lambda: flights.run("checkout", call, SOON))
    assert started.wait(SOON)
    late = [in_background(lambda: flights.run("checkout", call, SOON)) for _ in range(3)]
    release.set()
    for thread, results in (first, *late):
        thread.join(SOON)
        assert results == [42]
    assert flights.in_flight() == 0


def test_a_shared_run_that_fails_fails_for_all() -> None:
    """The exception is shared too, and the next question starts anew."""
    flights, started, release = SingleFlight[str, int](), Event(), Event()

    def call() -> int:
        started.set()
        release.wait(SOON)
        raise ValueError("no")

    first = in_background(lambda: flights.run("checkout", call, SOON))
    assert started.wait(SOON)
    second = in_background(lambda: flights.run("checkout", lambda: 1, SOON))
    release.set()
    for thread, results in (first, second):
        thread.join(SOON)
        assert [type(result) for result in results] == [ValueError]
    assert flights.run("checkout", lambda: 7, SOON) == 7


def test_nobody_waits_for_ever_on_a_run_that_hangs() -> None:
    """A waiter gives up in time, and the next question is not bound to the hung run."""
    flights, started, release = SingleFlight[str, int](), Event(), Event()

    def hang() -> int:
        started.set()
        release.wait(SOON)
        return 0

    first, _ = in_background(lambda: flights.run("checkout", hang, SOON))
    assert started.wait(SOON)
    with pytest.raises(TimeoutError):
        flights.run("checkout", lambda: 1, timeout_s=0.01)
    assert flights.run("checkout", lambda: 2, SOON) == 2
    release.set()
    first.join(SOON)


def test_different_questions_do_not_wait_for_each_other() -> None:
    """Another key runs while the first hangs."""
    flights, release = SingleFlight[str, bool](), Event()
    thread, results = in_background(lambda: flights.run("a", partial(release.wait, SOON), SOON))
    assert flights.run("b", lambda: True, SOON) is True
    release.set()
    thread.join(SOON)
    assert results == [True]
