"""The way of one channel's intents: claimed, looked up where an attempt is in doubt, sent, settled.

Every outcome is written by compare-and-set with the fence of the claim, so that of two owners only one counts. Between every
two effects a failpoint is called: a process may end at any of them, and whoever comes next finds the truth at the channel.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from bot.alerts.channel import TITLES, Channel, Surroundings
from bot.alerts.intent import BEGUN, Intent, SendError, Status
from bot.ports import StoreError
from bot.store import outbox

IN_DOUBT: Final[frozenset[Status]] = frozenset({"sending", "unknown"})
BUDGET: Final = timedelta(minutes=2)  # how long an attempt may stay in doubt
CRITICAL_BUDGET: Final = timedelta(seconds=20)
MOST_COVERED: Final = 10_000
MOST_TRIES: Final = 5
MOST_LATE: Final = 100
REPEAT: Final = "may_repeat"  # in the payload of what is sent although it may have arrived

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Mark:
    """An outcome that has yet to be written. Once it is, `surplus` is withdrawn, and the intents of `covers` need no sending."""

    intent: Intent
    status: Status
    outcome: str
    remote_id: str = ""
    said: str = ""
    not_before: datetime | None = None
    surplus: tuple[str, ...] = ()
    covers: frozenset[str] = frozenset()


@dataclass(slots=True)
class Doubt:
    """Since when it is not known whether an intent arrived. `blind`: it goes out next time without a question."""

    since: datetime
    blind: bool = False


class Lane:
    """One channel's intents, one a turn. What it remembers beyond the store may be lost with the process.

    Raises StoreError where the store cannot be used: an outcome that could not be written is written first thing next time.
    """

    def __init__(self, channel: Channel, around: Surroundings) -> None:
        self._channel = channel
        self._around = around
        self._target = channel.target
        self._marks: deque[Mark] = deque()
        self._doubts: dict[str, Doubt] = {}
        self._covered: dict[str, str] = {}  # shows that an earlier message already says, and that message's ID
        self._surplus: deque[tuple[Intent, str, int]] = deque()  # what is to be withdrawn, and how often that failed
        self._late: deque[tuple[Intent, str]] = deque()  # what was sent for an intent that another owner is still busy with

    def deliver(self) -> bool:
        """Takes the next intent as far as it goes now; False when none is due."""
        lease_s = self._around.lease_s
        now = self._around.now()
        with self._around.database.begin() as conn:
            claimed = outbox.claim(conn, self._target, self._around.owner, now, lease_s)
        for intent in claimed:
            self._around.failpoint("after_claim")
            self._take(intent, now + timedelta(seconds=lease_s))
        return bool(claimed)

    def write_marks(self) -> None:
        """Writes the outcomes that the store would not take before."""
        while self._marks:
            mark = self._marks[0]
            ours, stands = self._written(mark)
            self._marks.popleft()
            self._around.failpoint("after_mark")
            if ours:
                self._settled(mark)
            else:
                self._came_late(mark, stands)

    def withdraw_surplus(self) -> None:
        """Removes what was made twice, as far as the channel lets us."""
        self._settle_late()
        while self._surplus and not self._channel.blocked_s():
            intent, remote_id, failures = self._surplus.popleft()
            try:
                self._channel.withdraw(intent, remote_id)
            except SendError as error:
                self._channel.again_at(intent, error)
                failures += error.outcome != "later"
                if error.outcome == "refused" or failures >= MOST_TRIES:
                    self._around.counts.unrepaired(self._target)
                    log.warning("what was made twice could not be withdrawn", extra=about(intent, error.said))
                else:
                    self._surplus.append((intent, remote_id, failures))

    def _take(self, intent: Intent, lease: datetime) -> None:
        doubtful = intent.status in IN_DOUBT
        if self._around.stopping():
            self._mark(Mark(intent, "unknown" if doubtful else "new", "released"))
        elif intent.key in self._covered and not doubtful:
            self._mark(Mark(intent, "done", "covered", self._covered[intent.key]))
        elif self._channel.idempotent or not doubtful:
            self._send(intent, lease)
        else:
            self._clear_up(intent, lease)

    def _clear_up(self, intent: Intent, lease: datetime) -> None:
        """An earlier attempt may have arrived: asks the channel before anything is sent."""
        doubt = self._doubts.setdefault(intent.key, Doubt(intent.first_try or self._around.now()))
        if doubt.blind:
            doubt.blind = False
            self._send(repeating(intent), lease)
            return
        self._around.failpoint("before_look")
        try:
            found = self._channel.look(intent)
        except SendError as error:
            self._around.failpoint("after_look")
            self._still_in_doubt(intent, lease, doubt, error)
            return
        self._around.failpoint("after_look")
        if found and not (intent.kind == "show" and BEGUN in intent.payload):
            self._mark(Mark(intent, "done", "found", found[0], surplus=found[1:]))
        else:  # what was found of an episode that the store had lost is shown as the store has it
            self._surplus.extend((intent, remote_id, 0) for remote_id in found[1:])
            self._doubts.pop(intent.key, None)
            self._send(intent, lease)

    def _still_in_doubt(self, intent: Intent, lease: datetime, doubt: Doubt, error: SendError) -> None:
        """The channel could not be asked. Once the budget is over the critical goes out again, all else is given up as dead.

        A channel that gives no answer to anything is down: then nothing is given up. A time that it asked for is kept first.
        """
        end = doubt.since + (BUDGET if intent.priority else CRITICAL_BUDGET)
        left_s = (end - self._around.now()).total_seconds()
        over = left_s <= 0
        if over and not intent.priority and not error.after_s:
            self._send(repeating(intent), lease)
            return
        again = self._channel.again_at(intent, error) if over else self._channel.again_at(intent, error, left_s)
        said = f"It may have arrived: {TITLES[self._target]} could not be asked ({error.said})."
        if over and intent.priority and self._channel.alive():
            if BEGUN in intent.payload:  # most likely it was never told: rather twice than not at all
                self._send(repeating(intent), lease)
                return
            self._mark(Mark(intent, "dead", "dead", said=said))
            return
        doubt.blind = over and not intent.priority
        self._mark(Mark(intent, "unknown", "unknown", said=said, not_before=again))

    def _send(self, intent: Intent, lease: datetime) -> None:
        covers = self._prepared(intent, lease)
        if covers is None:
            self._around.counts.intent(self._target, "late")
            return
        self._around.failpoint("before_send")
        if REPEAT in intent.payload:
            self._around.counts.repeated(self._target)
        try:
            remote_id = self._channel.send(intent)
        except SendError as error:
            self._around.failpoint("after_send_before_mark")
            self._mark(self._failed(intent, error))
            return
        self._around.failpoint("after_send_before_mark")
        self._mark(Mark(intent, "done", "sent", remote_id, covers=covers))

    def _prepared(self, intent: Intent, lease: datetime) -> frozenset[str] | None:
        """The later shows that this one says too: those in the store before it is rendered. None: it is not ours any more."""
        show = intent.kind == "show"
        if not show and self._lasts(lease):
            return frozenset()
        with self._around.database.begin() as conn:
            lease_s = max(self._around.lease_s, self._channel.send_s)
            if not self._lasts(lease) and not outbox.renew(conn, intent, self._around.now(), lease_s):
                return None
            rest = outbox.undone(conn, intent.episode, self._target) if show else ()
        return frozenset(each.key for each in rest if each.kind == "show" and each.seq > intent.seq)

    def _lasts(self, lease: datetime) -> bool:
        return (lease - self._around.now()).total_seconds() >= self._channel.send_s

    def _failed(self, intent: Intent, error: SendError) -> Mark:
        again = self._channel.again_at(intent, error)
        if error.outcome == "refused":
            return Mark(intent, "dead", "dead", said=error.said)
        if error.outcome == "unknown":
            self._doubts[intent.key] = Doubt(self._around.now())
            return Mark(intent, "unknown", "unknown", said=error.said, not_before=again)
        status: Status = "unknown" if REPEAT in intent.payload else "new"  # an earlier attempt is still in doubt
        return Mark(intent, status, "later", said=error.said, not_before=again)

    def _mark(self, mark: Mark) -> None:
        self._marks.append(mark)
        self.write_marks()
        self.withdraw_surplus()

    def _written(self, mark: Mark) -> tuple[bool, Intent | None]:
        """Whether the outcome counts, and how the intent stands if it does not."""
        intent, now = mark.intent, self._around.now()
        try:
            with self._around.database.begin() as conn:
                ours = outbox.settle(
                    conn, intent, mark.status, now, remote_id=mark.remote_id, said=mark.said, not_before=mark.not_before
                )
                return ours, None if ours else outbox.intent(conn, intent.key)
        except Exception as error:
            if not (isinstance(error, StoreError) and error.retriable):
                self._marks.popleft()  # it would fail for ever and keep all else back: the lease runs out, and it is looked up
            raise

    def _settled(self, mark: Mark) -> None:
        intent = mark.intent
        self._around.counts.intent(self._target, mark.outcome)
        if mark.status in {"done", "dead"}:
            self._doubts.pop(intent.key, None)
            self._covered.pop(intent.key, None)
        if mark.status == "dead":
            log.error("an alert could not be delivered", extra=about(intent, mark.said))
        if len(self._covered) > MOST_COVERED:
            self._covered.clear()
        self._covered.update(dict.fromkeys(mark.covers, mark.remote_id))
        self._surplus.extend((intent, remote_id, 0) for remote_id in mark.surplus)

    def _came_late(self, mark: Mark, stands: Intent | None) -> None:
        """Another owner has it. What we made goes as soon as another's stands for it, unless the other finds ours."""
        intent = mark.intent
        self._around.counts.intent(self._target, "late")
        self._doubts.pop(intent.key, None)
        if stands is None or mark.outcome != "sent":
            return
        if self._channel.idempotent:
            self._end_again(intent)
        else:
            self._settle(stands, mark.remote_id)

    def _end_again(self, intent: Intent) -> None:
        """It was told too late: if it is over meanwhile, a pager has begun it anew. The sweeper does the same, later."""
        try:
            self._channel.end_again(intent)
        except SendError as error:
            log.warning("a pager could not be told again that it is over", extra=about(intent, error.said))

    def _settle_late(self) -> None:
        """What stands now for the intents that others were busy with."""
        if not self._late:
            return
        with self._around.database.begin() as conn:
            found = [(outbox.intent(conn, intent.key), remote_id) for intent, remote_id in self._late]
        self._late.clear()
        for stands, remote_id in found:
            if stands is not None:
                self._settle(stands, remote_id)

    def _settle(self, stands: Intent, remote_id: str) -> None:
        if stands.status == "done" and stands.remote_id not in {"", remote_id}:
            self._surplus.append((stands, remote_id, 0))
        elif stands.status not in {"done", "dead"} and len(self._late) < MOST_LATE:
            self._late.append((stands, remote_id))


def repeating(intent: Intent) -> Intent:
    """The same, saying that it may have been said before."""
    return replace(intent, payload={**intent.payload, REPEAT: "1"})


def about(intent: Intent, said: str) -> dict[str, object]:
    """What a log line tells of an intent."""
    return {"target": intent.target, "kind": intent.kind, "episode": intent.episode, "attempts": intent.attempts, "said": said}
