"""What runs by itself: the store is opened, rules are judged by one scheduled job, and what is owed is sent."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from bot.alerts.engine import Engine
from bot.alerts.outbox import Dispatcher
from bot.ports import StoreError
from bot.presence import Presence
from bot.schedule import Schedule
from bot.store.database import Database

NO_JOBS: Final[Mapping[str, Callable[[], None]]] = MappingProxyType({})
LOOK_S = 1.0  # how often it is looked whether a tick is due; the clock of a simulation may run faster than this one
UNASKED_S = 5.0  # a tick is looked for so often even where nothing is scheduled any more
AGAIN_S = 3.0  # before a store that is away is tried again
STOP_S = 1.0

log = logging.getLogger(__name__)


class Watch:
    """Starts in a thread of its own, so that commands are answered meanwhile; `failed` hears of a store that cannot be used.

    Every `look_s` seconds it is looked whether a tick is due, what is owed is sent, and `jobs` are called, which return at once.
    `presence` is there to others for as long as the store is open; by a wrong clock nothing is judged.
    """

    def __init__(
        self,
        database: Database,
        engine: Engine,
        dispatcher: Dispatcher,
        failed: Callable[[str], None],
        presence: Presence,
        look_s: float = LOOK_S,
        jobs: Mapping[str, Callable[[], None]] = NO_JOBS,
    ) -> None:
        self._database = database
        self._engine = engine
        self._dispatcher = dispatcher
        self._failed = failed
        self._presence = presence
        self._due = threading.Event()
        self._schedule = Schedule({"tick": self._due.set, "dispatch": dispatcher.wake, **jobs}, look_s)
        self._stopping = threading.Event()
        self._opened = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ready(self) -> bool:
        """Whether the store is open, can be read and takes this process's beats: only then is anything judged or sent."""
        return self._opened.is_set() and self._presence.told and self._database.healthy()

    def stop(self) -> None:
        """Ends ticks first, then what is being sent, then the store."""
        self._stopping.set()
        self._due.set()
        self._schedule.stop()
        self._engine.stop()
        self._dispatcher.stop(STOP_S)
        self._thread.join(STOP_S)  # a tick that still waits for a source is left behind: nothing of it is written
        if self._opened.is_set():
            self._presence.stop(STOP_S)
            self._database.close()

    def _run(self) -> None:
        if not self._open():
            return
        self._presence.start()
        self._dispatcher.start()
        try:
            self._schedule.start()
        except Exception:  # at a ceiling of memory or files: ticks come less often
            log.exception("nothing can be scheduled")
        while not self._stopping.is_set():
            self._due.wait(UNASKED_S)
            self._due.clear()
            self._tick()

    def _open(self) -> bool:
        while not self._stopping.is_set():
            try:
                self._database.open()
            except StoreError as error:
                if not error.retriable:
                    self._failed(f"DATABASE_URL: {error.said}")
                    return False
                log.warning("the store is away: %s", error.said)
                self._stopping.wait(AGAIN_S)
            else:
                self._opened.set()
                return True
        return False

    def _tick(self) -> None:
        try:
            if not self._stopping.is_set() and not self._presence.clock_is_wrong:
                self._engine.run_due()
        except Exception:  # the top of the thread: the next second tries again
            log.exception("a tick failed")
