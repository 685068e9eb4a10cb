"""What runs by itself: the store is opened, rules are judged by one scheduled job, and what is owed is sent."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC
from typing import TYPE_CHECKING

from bot.alerts.engine import Engine
from bot.alerts.outbox import Dispatcher
from bot.ports import StoreError
from bot.store.database import Database

if TYPE_CHECKING:
    from apscheduler.schedulers.background import BackgroundScheduler

LOOK_S = 1.0  # how often the one job looks whether a tick is due; the clock of a simulation may run faster than this one
AGAIN_S = 3.0  # before a store that is away is tried again
STOP_S = 1.0

log = logging.getLogger(__name__)


class Watch:
    """Starts in a thread of its own, so that commands are answered meanwhile; `failed` hears of a store that cannot be used."""

    def __init__(self, database: Database, engine: Engine, dispatcher: Dispatcher, failed: Callable[[str], None]) -> None:
        self._database = database
        self._engine = engine
        self._dispatcher = dispatcher
        self._failed = failed
        self._stopping = threading.Event()
        self._opened = threading.Event()
        self._scheduler: BackgroundScheduler | None = None
        self._due = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ready(self) -> bool:
        """Whether the store is open and can be read: only then is anything judged or sent."""
        return self._opened.is_set() and self._database.healthy()

    def stop(self) -> None:
        """Ends ticks first, then what is being sent, then the store."""
        self._stopping.set()
        self._due.set()
        if self._scheduler:
            self._scheduler.shutdown(wait=False)
        self._engine.stop()
        self._dispatcher.stop(STOP_S)
        self._thread.join(STOP_S)  # a tick that still waits for a source is left behind: nothing of it is written
        if self._opened.is_set():
            self._database.close()

    def _run(self) -> None:
        if not self._open():
            return
        self._dispatcher.start()
        self._schedule()
        while not self._stopping.is_set():
            self._due.wait()
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

    def _schedule(self) -> None:
        """One job for all rules: a job for each would take a whole core at ten thousand of them."""
        from apscheduler.schedulers.background import BackgroundScheduler  # noqa: PLC0415 - needed only here, and behind the port

        self._scheduler = BackgroundScheduler(timezone=UTC)
        self._scheduler.add_job(self._due.set, "interval", seconds=LOOK_S, id="tick", coalesce=True, misfire_grace_time=None)
        self._scheduler.start()

    def _tick(self) -> None:
        """In a thread that does not keep the process: the scheduler's own would be waited for at the end."""
        try:
            if not self._stopping.is_set():
                self._engine.run_due()
        except Exception:  # the top of the thread: the next second tries again
            log.exception("a tick failed")
