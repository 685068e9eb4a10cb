"""APScheduler as the bot's one clock: it says "look" to whoever has something to do by the time, and does nothing itself.

What is due, and whose it is, the rows of the store decide: docs/decisions/0017-the-scheduler-only-knocks.md.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import UTC
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apscheduler.schedulers.background import BackgroundScheduler


class Schedule:
    """Calls each of the jobs every `every_s` seconds from `start` to `stop`; they must return at once.

    A knock that comes late is as good as one in time, and of several that were missed one is enough.
    """

    def __init__(self, jobs: Mapping[str, Callable[[], None]], every_s: float) -> None:
        self._jobs = jobs
        self._every_s = every_s
        self._scheduler: BackgroundScheduler | None = None
        self._stopped = False
        self._lock = threading.Lock()  # it may be stopped from another thread while it starts

    def start(self) -> None:
        """Loads APScheduler, for a tenth of a second, and starts its thread."""
        from apscheduler.schedulers.background import BackgroundScheduler  # noqa: PLC0415 - needed only here, and behind the port

        logging.getLogger("apscheduler").setLevel(logging.ERROR)  # it warns of each knock that found the last one still going on
        lenient = {"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
        with self._lock:
            if self._stopped:
                return
            scheduler = BackgroundScheduler(timezone=UTC, job_defaults=lenient)
            for name, job in self._jobs.items():
                scheduler.add_job(job, "interval", seconds=self._every_s, id=name)
            scheduler.start()
            self._scheduler = scheduler

    def stop(self) -> None:
        """Also before it was started, and then it is not."""
        with self._lock:
            self._stopped = True
            scheduler, self._scheduler = self._scheduler, None
        if scheduler:
            scheduler.shutdown(wait=False)
