"""One process among those that share a database: it says that it lives, holds what only one may do at a time, and hears once.

A process that has its database to itself (SQLite) holds everything, always, and writes nothing for it.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Final

from sqlalchemy import text

from bot.ports import StoreError
from bot.store import inbox, leases, replicas
from bot.store.database import Database
from bot.work import Pool

LASTS: Final = replicas.SILENT  # a lease, without being renewed
MARGIN_S: Final = 2.0  # before a lease ends, its holder counts it as lost
ASKED_S: Final = 30.0  # a lease that nobody asks for so long is not renewed: who needs it may hang
AGAIN_S: Final = 1.0  # between two tries to take a lease that another has
HEARD_S: Final = 0.8  # the longest that an acknowledgement waits for the others' word
TRUSTED_S: Final = 5.0  # so long after it did not come, nobody waits for it
MOST_SKEW: Final = timedelta(seconds=3)  # of this machine's clock against the database's
HEARING: Final = (4, 200, 200)  # questions at once, waiting, and of one kind

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Held:
    """Until when a lease is surely ours, from when it may be tried again, when it was asked for last; monotonic seconds."""

    until: float = 0.0
    again: float = 0.0
    asked: float = 0.0


class Presence:
    """`parts` says in words how its parts do; `failed` hears of a database that this version can no longer work on.

    With `checks_clock` a process whose clock differs from the database's by more than MOST_SKEW holds nothing.
    """

    def __init__(
        self,
        database: Database,
        owner: str,
        now: Callable[[], datetime],
        parts: Callable[[], Mapping[str, str]],
        failed: Callable[[str], None] = lambda said: None,
        *,
        checks_clock: bool = True,
        beat_s: float = replicas.BEAT.total_seconds(),
    ) -> None:
        self._database = database
        self.owner = owner
        self._now = now
        self._parts = parts
        self._failed = failed
        self._checks_clock = checks_clock
        self._beat_s = beat_s
        self._started = now()
        self._held: dict[str, Held] = {}
        self._lock = threading.Lock()
        self._skew = timedelta(0)
        self._silent_until = 0.0  # the others' word is not waited for
        self._hearing = Pool(*HEARING)
        self._told = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._beat_on, name="presence", daemon=True)

    @property
    def shared(self) -> bool:
        """Whether there may be others."""
        return self._database.shared

    @property
    def clock_is_wrong(self) -> bool:
        """By the database's, where there may be others; for as long as the newest beat says so."""
        return abs(self._skew) > MOST_SKEW

    def clock(self) -> str:
        """How this machine's clock stands to the database's, in words."""
        return f"{self._skew.total_seconds():+.0f} s off" if self.clock_is_wrong else "right"

    @property
    def told(self) -> bool:
        """Whether the newest beat was written."""
        return self._told or not self.shared

    def start(self) -> None:
        """For when the database is open."""
        if self.shared:
            self._beat()
            self._thread.start()

    def stop(self, within_s: float) -> None:
        """Lets go of everything, so that the others need not wait; before the database is closed."""
        self._stopping.set()
        self._hearing.stop(0)
        if self._thread.ident is None:
            return
        self._thread.join(within_s)
        try:
            with self._database.begin() as conn:
                leases.let_go(conn, self.owner)
                replicas.gone(conn, self.owner)
        except StoreError as error:
            log.warning("the others must wait until this process counts as silent: %s", error.said)

    def me(self) -> replicas.Replica:
        """This process, as the others know it."""
        return replicas.Replica(
            owner=self.owner,
            host=socket.gethostname(),
            version=version("paybot"),
            started=self._started,
            parts=self._parts(),
        )

    # --- what only one may do at a time -----------------------------------------------------------------------------------

    def holds(self, name: str) -> bool:
        """Whether this process may do that now; takes it where it is free. Never raises, and False in doubt.

        It is kept for as long as it is asked for now and then.
        """
        if not self.shared:
            return True
        with self._lock:
            held = self._held.setdefault(name, Held())
            held.asked = now_s = time.monotonic()
            if self.clock_is_wrong or self._stopping.is_set():
                return False
            if now_s < held.until:
                return True
            if now_s < held.again:
                return False
            held.again = now_s + AGAIN_S
        return self._take(name, held)

    def _take(self, name: str, held: Held) -> bool:
        begun = time.monotonic()
        try:
            with self._database.begin() as conn:
                fence = leases.hold(conn, name, self.owner, LASTS)
        except StoreError:
            return time.monotonic() < held.until
        held.until = begun + LASTS.total_seconds() - MARGIN_S if fence is not None else 0.0
        return fence is not None

    # --- what was heard already -------------------------------------------------------------------------------------------

    def first(self, key: str, ttl_s: float) -> bool:
        """Whether no process has heard this before; True where the others' word does not come in time."""
        if not self.shared or time.monotonic() < self._silent_until:
            return True
        said, done = [True], threading.Event()

        def ask() -> None:
            try:
                with self._database.begin() as conn:
                    said[0] = inbox.first(conn, key, self._now(), timedelta(seconds=ttl_s))
            except StoreError as error:
                self._silent_until = time.monotonic() + TRUSTED_S
                log.warning("what other processes have heard is not known: %s", error.said)
            done.set()

        if not self._hearing.submit("heard", ask) or not done.wait(HEARD_S):
            self._silent_until = time.monotonic() + TRUSTED_S
        return said[0]

    # --- the beat ---------------------------------------------------------------------------------------------------------

    def _beat_on(self) -> None:
        while not self._stopping.wait(self._beat_s):
            try:
                self._beat()
            except Exception:  # the top of the thread: the next beat tries again
                log.exception("a beat failed")

    def _beat(self) -> None:
        me = self.me()
        try:
            self._database.check_version()
            with self._database.begin() as conn:
                replicas.beat(conn, me)
                if self._is_first(replicas.known(conn)):
                    inbox.forget(conn, self._now())
                their_s = conn.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one()
        except StoreError as error:
            self._told = False
            if error.retriable:
                log.warning("the others cannot be told that this process lives: %s", error.said)
            else:
                self._failed(f"DATABASE_URL: {error.said}")
            return
        self._told = True
        if self._checks_clock:
            self._compare(datetime.fromtimestamp(float(their_s), UTC))
        for name, held in tuple(self._held.items()):
            if time.monotonic() < min(held.until, held.asked + ASKED_S):
                self._take(name, held)

    def _is_first(self, known: tuple[replicas.Replica, ...]) -> bool:
        return next((each.owner for each in known if each.lives), "") == self.owner

    def _compare(self, theirs: datetime) -> None:
        was_wrong, self._skew = self.clock_is_wrong, self._now() - theirs
        if self.clock_is_wrong and not was_wrong:
            log.error("this machine's clock is wrong", extra={"seconds": round(self._skew.total_seconds(), 1)})
