"""What people have been promised: jobs in a pool, each for somebody who hears how it ended, whatever happens."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from functools import partial
from typing import Protocol

from bot.observe import reference
from bot.ports import ChatError
from bot.slack.posting import Asker
from bot.slack.text import escape
from bot.work import Job, Pool
from commands.typed import BadInput

BUSY = "paybot is busy: try again in a moment."
RESTARTED = "paybot is restarting, and your answer was not ready in time. Please ask again in a moment."
TOLD = 500  # private lines that may wait to be said
TELLERS = 16  # private lines at once when the bot stops: all are told within a second or two

log = logging.getLogger(__name__)


class TakesJobs(Protocol):
    """A bounded pool: False at once when it is full. Jobs of one user do not push aside those of others."""

    def submit(self, user: str, job: Job) -> bool: ...


class Tells(Protocol):
    """`bot.slack.posting.Posting`, as far as private lines go."""

    def tell(self, asker: Asker, line: str, *, instead: bool = False) -> None: ...


class Promises:
    """Takes jobs on for people: wrong input is told in its own words, Slack's refusals in ours, a fault with a reference."""

    def __init__(self, pool: TakesJobs, posting: Tells, restarted: str = RESTARTED) -> None:
        self._pool = pool
        self._posting = posting
        self._restarted = restarted
        self._tellers = Pool(TELLERS, TOLD, TOLD)
        self._owed: dict[object, Asker] = {}  # who has been promised an answer that has not come yet

    def submit(self, asker: Asker, job: Callable[[], None]) -> bool:
        """Takes the job on, or says False at once when the pool is full."""
        promise = object()
        self._owed[promise] = asker
        accepted = self._pool.submit(asker.user, partial(self._kept, promise, partial(self._guarded, asker, job)))
        if not accepted:
            del self._owed[promise]
        return accepted

    def tell_busy(self, asker: Asker) -> None:
        """An acknowledgement of a mention or a press has no words: they are said beside it, by threads that nothing else has."""
        log.warning("busy: a mention or a press got no answer")
        self._tellers.submit(asker.user, partial(self._posting.tell, asker, BUSY))

    def stop(self, timeout_s: float) -> None:
        """Tells those whose answers will not come any more; for when the pool has stopped. Returns after `timeout_s` at most."""
        for asker in tuple(self._owed.values()):
            self._tellers.submit(asker.user, partial(self._posting.tell, asker, self._restarted))
        self._tellers.stop(timeout_s)

    def _kept(self, promise: object, job: Callable[[], None]) -> None:
        """Runs a job; whatever came of it, its asker has heard."""
        try:
            job()
        finally:
            del self._owed[promise]

    def _guarded(self, asker: Asker, job: Callable[[], None]) -> None:
        with reference(secrets.token_hex(4)) as known_as:
            try:
                job()
            except BadInput as error:
                self._posting.tell(asker, escape(str(error)))
            except ChatError as error:
                log.warning("Slack refused", extra={"code": error.code})
                self._posting.tell(asker, escape(error.said))
            except Exception:  # the top of the job: anything else is a bug, logged once with its traceback
                log.exception("a job failed")
                self._posting.tell(asker, f"Something went wrong inside paybot. Its log has the reason under `{known_as}`.")
