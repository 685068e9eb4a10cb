"""A channel as its thread calls it: every failure is a SendError, and every answer or silence sets the pace of the next call."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Protocol, TypeVar

from bot.alerts.intent import Intent, Remote, SendError, Target
from bot.alerts.pace import LONGEST_S, Pace
from bot.ports import StoreError
from bot.store import outbox
from bot.store.database import Database

T = TypeVar("T")

SEND_LIMIT_S: Final = 10.0  # the longest that a call may take where the remote names no `limit_s`
MARGIN_S: Final = 1.0
ALIVE: Final = timedelta(seconds=30)  # a channel that answered so lately is not down
TITLES: Final[Mapping[Target, str]] = {"slack": "Slack", "pagerduty": "PagerDuty", "opsgenie": "Opsgenie"}

log = logging.getLogger(__name__)


class Counts(Protocol):
    """What the dispatcher counts. Threads call it at once."""

    def intent(self, target: Target, outcome: str) -> None:
        """An attempt ended: "sent", "found", "covered", "later", "unknown", "dead", "late" or "released"."""
        ...

    def repaired(self, target: Target) -> None:
        """Something that was made twice was withdrawn."""
        ...

    def unrepaired(self, target: Target) -> None:
        """Something could not be looked up or withdrawn, and may stand twice."""
        ...

    def repeated(self, target: Target) -> None:
        """Something urgent was sent again although an earlier attempt may have arrived."""
        ...

    def depth(self, target: Target, waiting: int) -> None:
        """So many intents wait."""
        ...

    def store_failed(self, target: Target) -> None:
        """The store could not be used; the channel's thread pauses."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the channels of a process share. `stopping` says whether it ends: what is claimed is then handed back.

    `holds` says whether a channel is this process's at the moment; to any other process's nothing is sent.
    """

    database: Database
    now: Callable[[], datetime]
    owner: str
    lease_s: float
    last_look_s: float
    failpoint: Callable[[str], None]
    counts: Counts
    stopping: Callable[[], bool]
    holds: Callable[[Target], bool]


class Channel:
    """One remote and its pace, for one thread.

    A remote may say that it is `idempotent` (sent twice is as good as once: nothing is looked up), and in `limit_s` how many
    seconds a call takes at most. It may `resume` what a process before left undone that no intent is owed for, without waiting.
    """

    def __init__(self, target: Target, remote: Remote, around: Surroundings) -> None:
        self.target = target
        self.idempotent = bool(getattr(remote, "idempotent", False))
        self.send_s = float(getattr(remote, "limit_s", SEND_LIMIT_S)) + MARGIN_S
        self._remote = remote
        self._around = around
        self._pace = Pace()

    def resume(self) -> None:
        """Called once, when nothing is left to send. Raises StoreError where it cannot be known yet what was left undone."""
        resume = getattr(self._remote, "resume", None)
        if resume:
            resume()

    def blocked_s(self) -> float:
        """The seconds until the channel may be called; 0 when it may."""
        return self._pace.blocked_s(self._around.now())

    def alive(self) -> bool:
        """Whether the channel answered anything lately, be it that it wants time."""
        return self._pace.heard_since(self._around.now() - ALIVE)

    def send(self, intent: Intent) -> str:
        """What was sent is called so there. Raises SendError."""
        return self._called(partial(self._remote.send, intent))

    def look(self, intent: Intent) -> tuple[str, ...]:
        """All that the intent has made there, oldest first. Raises SendError."""
        return self._called(partial(self._remote.look, intent))

    def withdraw(self, intent: Intent, remote_id: str) -> None:
        """Removes what was made twice, and counts it. Raises SendError."""
        self._around.failpoint("before_withdraw")
        self._called(partial(self._remote.withdraw, intent, remote_id))
        self._around.failpoint("after_withdraw")
        self._around.counts.repaired(self.target)
        log.warning(
            "what was made twice was withdrawn", extra={"target": self.target, "episode": intent.episode, "kind": intent.kind}
        )

    def end_again(self, intent: Intent) -> None:
        """Tells a pager again that it is over, where a late owner may have begun it anew. Raises SendError and StoreError."""
        with self._around.database.begin() as conn:
            ending = outbox.ending(conn, intent)
        if ending:
            self._called(partial(self._remote.send, ending))
            log.warning("a pager was told again that it is over", extra={"target": self.target, "episode": intent.episode})

    def again_at(self, intent: Intent, error: SendError, longest_s: float = LONGEST_S) -> datetime:
        """When an intent may try again after this failure; a refusal is no reason for the rest to wait, all else is.

        What the channel asks for is kept; any other pause is no longer than `longest_s`.
        """
        now = self._around.now()
        if error.outcome == "refused":
            return self._pace.alone(now, intent.attempts, longest_s)
        return self._pace.failed(now, intent.attempts, error.after_s, longest_s)

    def _called(self, call: Callable[[], T]) -> T:
        try:
            answer = call()
        except SendError as error:
            if error.outcome == "refused":
                self._pace.answered(self._around.now())
            raise
        except StoreError as error:
            raise SendError(
                f"the store could not be used on the way to {TITLES[self.target]}: {error.said}", "unknown"
            ) from error
        except Exception as error:
            log.exception("a channel failed in a way of its own", extra={"target": self.target})
            raise SendError(f"{TITLES[self.target]} could not be used ({type(error).__name__}, logged)", "unknown") from error
        self._pace.answered(self._around.now())
        return answer
