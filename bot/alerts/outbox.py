"""The dispatcher: what the outbox owes goes to the channels, each in a thread of its own that never waits for another.

An attempt whose outcome is not known is looked up before it is sent again; what a late owner made is withdrawn; a sweeper looks
once more. Nothing is given up because a channel or the store is down.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from bot.alerts.channel import Channel, Counts, Surroundings
from bot.alerts.intent import Remote, Target
from bot.alerts.lane import Lane
from bot.alerts.pace import LONG_AGO, pause_s
from bot.alerts.sweeper import Sweeper
from bot.ports import StoreError
from bot.store import outbox
from bot.store.database import Database

FAILPOINTS: Final = (
    "after_claim",
    "before_look",
    "after_look",
    "before_send",
    "after_send_before_mark",
    "after_mark",
    "before_withdraw",
    "after_withdraw",
    "before_sweep",
    "after_sweep_look",
    "before_swept",
    "after_swept",
)
IDLE_S: Final = 1.0  # how late a channel sees what nobody woke it for
DEPTH_EVERY_S: Final = 5.0
SWEEP_EVERY: Final = timedelta(seconds=2)  # while there is something to send

log = logging.getLogger(__name__)


class NoCounts:
    """Counts nothing."""

    def intent(self, target: Target, outcome: str) -> None: ...
    def repaired(self, target: Target) -> None: ...
    def unrepaired(self, target: Target) -> None: ...
    def repeated(self, target: Target) -> None: ...
    def depth(self, target: Target, waiting: int) -> None: ...
    def store_failed(self, target: Target) -> None: ...


class Dispatcher:
    """Sends what is owed to the channels. `owner` names this process among its replicas; `now` gives aware times, UTC.

    A claim holds for `lease_s`; nothing is sent unless it holds longer than sending may take. What took several attempts is
    looked at again after twice that, and a last time `last_look_s` after it was done. `failpoint` hears of each step between
    two effects, by the names in FAILPOINTS. `holds` says by the name of a thing ("send slack") whether it is this process's.
    """

    def __init__(  # noqa: PLR0913 - each is an edge, or a choice of a test
        self,
        database: Database,
        remotes: Mapping[Target, Remote],
        now: Callable[[], datetime],
        *,
        owner: str,
        lease_s: float = 15.0,
        last_look_s: float = 600.0,
        failpoint: Callable[[str], None] = lambda name: None,
        metrics: Counts | None = None,
        holds: Callable[[str], bool] = lambda name: True,
    ) -> None:
        self._stopping = threading.Event()
        counts = metrics or NoCounts()
        self._around = Surroundings(
            database=database,
            now=now,
            owner=owner,
            lease_s=lease_s,
            last_look_s=last_look_s,
            failpoint=failpoint,
            counts=counts,
            stopping=self._stopping.is_set,
            holds=lambda target: holds(f"send {target}"),
        )
        self._workers = {target: Worker(target, remote, self._around) for target, remote in remotes.items()}

    def start(self) -> None:
        """Starts a thread for each channel."""
        for worker in self._workers.values():
            worker.thread.start()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Lets each channel finish the call it is in, hands back the rest, and says whether all ended within the time."""
        self._stopping.set()
        self.wake()
        deadline = time.monotonic() + timeout_s
        started = [worker.thread for worker in self._workers.values() if worker.thread.ident is not None]
        for thread in started:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in started)

    def wake(self, target: Target | None = None) -> None:
        """There is something new for a channel, or for any of them."""
        for worker in self._workers.values():
            if target in {None, worker.target}:
                worker.woken.set()

    @property
    def targets(self) -> frozenset[Target]:
        """The channels that there are."""
        return frozenset(self._workers)

    def ended(self) -> str:
        """The channels whose threads do not run, "" where all do."""
        return ", ".join(target for target, worker in self._workers.items() if not worker.thread.is_alive())

    def once(self, target: Target) -> bool:
        """One intent or one repair of a channel, in this thread; False when none is due, or may go yet. Raises StoreError."""
        return self._workers[target].turn()


class Worker:
    """One channel's thread, and what it does in a turn."""

    def __init__(self, target: Target, remote: Remote, around: Surroundings) -> None:
        self.target = target
        self.woken = threading.Event()
        self.thread = threading.Thread(target=self._work, name=f"paybot-{target}", daemon=True)
        self._around = around
        self._channel = Channel(target, remote, around)
        self._lane = Lane(self._channel, around)
        self._sweeper = Sweeper(self._channel, around)
        self._swept = LONG_AGO
        self._counted = 0.0
        self._resumed = False

    def turn(self) -> bool:
        """Writes what the store would not take, then does one thing; repairs have their share even when much is to be sent.

        While the channel is another process's only what this one made too late is put right.
        """
        self._lane.write_marks()
        if self._channel.blocked_s():
            return False
        self._lane.withdraw_surplus()
        if not self._around.holds(self.target):
            self._resumed = False
            return False
        now = self._around.now()
        if not timedelta(0) <= now - self._swept < SWEEP_EVERY and self._sweeper.sweep():
            self._swept = now
            return True
        return self._lane.deliver() or self._sweeper.sweep()

    def _work(self) -> None:
        failures = 0
        while not self._around.stopping():
            self.woken.clear()
            try:
                busy = self.turn()
                self._count_depth()
                failures = 0
            except Exception as error:  # noqa: BLE001 - the top of the thread: told, and tried again
                failures += 1
                with suppress(Exception):  # a process without memory may not even be able to tell
                    self._tell(error)
                self._rest(pause_s(failures, 0.0))
                continue
            if not busy:
                self._resume()
                self.woken.wait(min(self._channel.blocked_s() or IDLE_S, IDLE_S))

    def _resume(self) -> None:
        """What a process before left undone, once there is nothing to send; its failing holds no intent up."""
        if self._resumed or not self._around.holds(self.target):
            return
        try:
            self._channel.resume()
        except StoreError as error:
            self._tell(error)
            return
        except Exception:  # told, and left undone
            log.exception("what was left undone could not be resumed", extra={"target": self.target})
        self._resumed = True

    def _tell(self, error: Exception) -> None:
        if isinstance(error, StoreError):
            self._around.counts.store_failed(self.target)
            log.warning("the store could not be used", extra={"target": self.target, "said": error.said})
        else:
            log.error("a channel's thread failed", exc_info=error, extra={"target": self.target})

    def _rest(self, seconds: float) -> None:
        """A pause that only stopping cuts short."""
        end = time.monotonic() + seconds
        while not self._around.stopping() and (left := end - time.monotonic()) > 0:
            self.woken.clear()
            self.woken.wait(left)

    def _count_depth(self) -> None:
        if time.monotonic() - self._counted >= DEPTH_EVERY_S:
            self._counted = time.monotonic()
            with self._around.database.begin() as conn:
                waiting = outbox.depth(conn)
            self._around.counts.depth(self.target, waiting.get(self.target, 0))
