"""APScheduler as the bot's one clock: it says "look" to whoever has something to do by the time, and does nothing itself.

What is due, and whose it is, the rows of the store decide: docs/decisions/0017-the-scheduler-only-knocks.md.
"""

from __future__ import annotations

import logging
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

    def start(self) -> None:
        """Loads APScheduler, for a tenth of a second, and starts its thread."""
        from apscheduler.schedulers.background import BackgroundScheduler  # noqa: PLC0415 - needed only here, and behind the port

        logging.getLogger("apscheduler").setLevel(logging.ERROR)  # it warns of each knock that found the last one still going on
        lenient = {"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
        self._scheduler = BackgroundScheduler(timezone=UTC, job_defaults=lenient)
        for name, job in self._jobs.items():
            self._scheduler.add_job(job, "interval", seconds=self._every_s, id=name)
        self._scheduler.start()

    def stop(self) -> None:
        if self._scheduler:
            self._scheduler.shutdown(wait=False)
            self._scheduler = None
