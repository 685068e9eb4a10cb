"""Bounded work in threads: a pool that is fair to its users, questions to all sources by one deadline, shared runs.

Threads are daemons, started when there is work and ended when there is none, so that a hung client never keeps the
process from ending. Context variables, such as the reference in the logs, go along into them.
"""

from __future__ import annotations

import logging
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Future
from contextvars import copy_context
from functools import partial
from queue import Empty, SimpleQueue
from threading import Condition, Lock, Thread
from typing import Generic, TypeVar

from bot.ports import SourceError

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
Job = Callable[[], object]

log = logging.getLogger(__name__)


class Pool:
    """At most `size` jobs at once and `waiting` more, of one user at most `per_user` in all; users take turns."""

    def __init__(self, size: int, waiting: int, per_user: int, idle_s: float = 30.0) -> None:
        self._size = size
        self._waiting = waiting
        self._per_user = per_user
        self._idle_s = idle_s  # how long a thread without work waits for more
        self._changed = Condition()
        self._queues: OrderedDict[str, deque[Job]] = OrderedDict()  # the user whose turn it is comes first
        self._running: Counter[str] = Counter()
        self._threads = 0
        self._stopping = False

    def submit(self, user: str, job: Job) -> bool:
        """Takes the job on, or says False at once when the pool, or this user's share of it, is full."""
        with self._changed:
            busy = self._running.total() + self._depth()
            own = self._running[user] + len(self._queues.get(user, ()))
            if self._stopping or busy >= self._size + self._waiting or own >= self._per_user:
                return False
            self._queues.setdefault(user, deque()).append(partial(copy_context().run, job))
            if self._threads < min(self._size, busy + 1):
                self._threads += 1
                Thread(target=self._work, name="paybot-work", daemon=True).start()
            self._changed.notify()
            return True

    def depth(self) -> int:
        """How many jobs wait."""
        with self._changed:
            return self._depth()

    def stop(self, timeout_s: float) -> bool:
        """Refuses new jobs and finishes the others; what still waits after `timeout_s` is dropped. True: all was done."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
            done = self._changed.wait_for(lambda: not self._running.total() and not self._queues, timeout_s)
            if dropped := self._depth():
                log.warning("stopped with jobs still waiting", extra={"dropped": dropped})
            self._queues.clear()
            return done

    def _depth(self) -> int:
        return sum(map(len, self._queues.values()))

    def _work(self) -> None:
        while (turn := self._next()) is not None:
            user, job = turn
            try:
                job()
            except BaseException:  # one job's fault, or its wish to exit, is nobody else's
                log.exception("a job failed")
            finally:
                self._finished(user)

    def _next(self) -> tuple[str, Job] | None:
        """The next user's oldest job; None when there was none for a while, and the thread may end."""
        with self._changed:
            self._changed.wait_for(lambda: self._queues or self._stopping, self._idle_s)
            if not self._queues:
                self._threads -= 1
                return None
            user, jobs = self._queues.popitem(last=False)
            job = jobs.popleft()
            if jobs:
                self._queues[user] = jobs  # back to the end of the line
            self._running[user] += 1
            return user, job

    def _finished(self, user: str) -> None:
        with self._changed:
            self._running[user] -= 1
            if not self._running[user]:
                del self._running[user]
            self._changed.notify_all()


class Bulkheads:
    """Threads of its own for each source, so that a slow one cannot take them from the others."""

    def __init__(self, size: int = 12, waiting: int = 24) -> None:
        self._size = size
        self._waiting = waiting
        self._lock = Lock()
        self._pools: dict[str, Pool] = {}

    def submit(self, source: str, job: Job) -> bool:
        """Takes the job on, or says False at once when that source's threads are busy and its line is full."""
        with self._lock:
            pool = self._pools.setdefault(source, Pool(self._size, self._waiting, self._size + self._waiting))
        return pool.submit(source, job)

    def stop(self) -> None:
        """Refuses new jobs and drops those that wait; running ones are left to their own limits."""
        with self._lock:
            for pool in self._pools.values():
                pool.stop(0)


def gather(
    calls: Mapping[K, Callable[[float], T]],
    bulkheads: Bulkheads,
    source_of: Callable[[K], str],
    deadline_s: float,
    clock: Callable[[], float] = time.monotonic,
) -> dict[K, T | Exception]:
    """Makes all calls at once, each told how many seconds are left, and gives what each returned or raised.

    Returns by the deadline whatever happens: a late call's outcome is a TimeoutError, and that of a call whose source has
    no room a SourceError.
    """
    deadline = clock() + deadline_s
    arrivals: SimpleQueue[tuple[K, T | Exception]] = SimpleQueue()
    outcomes: dict[K, T | Exception] = {}
    for key, call in calls.items():
        if not bulkheads.submit(source_of(key), partial(_deliver, key, call, deadline, clock, arrivals)):
            outcomes[key] = SourceError("is busy with earlier questions", "unavailable")
    while len(outcomes) < len(calls):
        try:
            key, outcome = arrivals.get(timeout=max(0.0, deadline - clock()))
        except Empty:
            break
        outcomes[key] = outcome
    return {key: outcomes[key] if key in outcomes else TimeoutError(f"no answer in {deadline_s:g} s") for key in calls}


def _deliver(
    key: K,
    call: Callable[[float], T],
    deadline: float,
    clock: Callable[[], float],
    arrivals: SimpleQueue[tuple[K, T | Exception]],
) -> None:
    left_s = deadline - clock()
    if left_s <= 0:  # nobody waits for it any more
        return
    try:
        arrivals.put((key, call(left_s)))
    except Exception as error:  # noqa: BLE001 - the outcome of this call, handed to whoever gathers
        arrivals.put((key, error))


class SingleFlight(Generic[K, T]):
    """Equal questions that are asked while one is being answered share that one run."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._flights: dict[K, Future[T]] = {}

    def run(self, key: K, call: Callable[[], T], timeout_s: float) -> T:
        """What `call` gives or raises, from a run of one's own or the one in flight; TimeoutError after waiting `timeout_s`."""
        mine: Future[T] = Future()
        with self._lock:
            flight = self._flights.setdefault(key, mine)
        if flight is mine:
            self._fly(key, mine, call)
        try:
            return flight.result(timeout_s)
        except TimeoutError:
            self._forget(key, flight)  # a run that hangs must not keep the next ones from starting
            raise

    def in_flight(self) -> int:
        """How many different runs are under way."""
        with self._lock:
            return len(self._flights)

    def _fly(self, key: K, flight: Future[T], call: Callable[[], T]) -> None:
        try:
            result = call()
        except BaseException as error:
            self._forget(key, flight)
            flight.set_exception(error)
            raise
        self._forget(key, flight)
        flight.set_result(result)

    def _forget(self, key: K, flight: Future[T]) -> None:
        with self._lock:
            if self._flights.get(key) is flight:
                del self._flights[key]
