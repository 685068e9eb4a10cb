"""The tick: asks what the rules want to know, judges it, and writes what changed and what is owed in one transaction."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from bot.alerts.judge import Seen
from bot.alerts.outcome import Note, applied, intents, plain_note
from bot.alerts.owed import Owing
from bot.alerts.questions import Answer, Call, calls_of, fetched, window_of
from bot.alerts.replay import Moment
from bot.alerts.rounds import MANY, Rounds
from bot.alerts.rule import Rule
from bot.alerts.state import Instance, removed, step
from bot.ports import Source, SourceError, StoreError
from bot.store import alerts as store
from bot.store import outbox
from bot.store.database import Database
from bot.work import Bulkheads, gather
from commands.window import Window

if TYPE_CHECKING:
    from sqlalchemy import Connection

CATCH_UP = timedelta(hours=2)  # of the time that a restart lost, so much is judged afterwards; longer ago is history
SHARE = 0.5  # of a tick in which the sources must have answered
LONGEST_S = 20.0
TRIED_S = 1.0  # so much longer the sources that no rule asks are listened to
PROBED_EVERY = 5  # ticks: sources that no rule asks are tried so often
KEPT = timedelta(days=90)  # closed episodes

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Beat:
    """How often rules are judged, how old data must be for that, for which environment, and by which process."""

    env: str
    tick: timedelta
    delay: timedelta
    owner: str
    runbook_url: str = ""
    bucket: timedelta = timedelta(minutes=1)  # the ends that are judged lie on multiples of it
    many: int = MANY  # rules, from which on those that are surely well are told first


@dataclass(frozen=True, slots=True)
class Hooks:
    """What an engine tells: that something is owed, how a tick went, in which words; `failpoint` is where tests kill it."""

    wake: Callable[[], None] = lambda: None
    ticked: Callable[[str, float], None] = lambda outcome, seconds: None
    note: Note = plain_note
    failpoint: Callable[[str], None] = lambda name: None
    seconds: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Heard:
    """When a source was last tried (the tick's number), and what was wrong with it."""

    tick: int
    fault: SourceError | None


@dataclass(frozen=True, slots=True)
class Tick:
    """One tick: its number, and the end of the time that it judges."""

    number: int
    end: datetime
    now: datetime


class Engine:
    """Runs ticks. One thread at a time calls `run_due`, as often as it likes: a tick is done once, by whoever claims its row."""

    def __init__(
        self,
        database: Database,
        sources: Mapping[str, Source],
        rules: Iterable[Rule],
        beat: Beat,
        now: Callable[[], datetime],
        hooks: Hooks | None = None,
    ) -> None:
        self._database = database
        self._sources = sources
        self._rules = {rule.name: rule for rule in rules if rule.enabled}
        self._calls = calls_of(self._rules.values(), beat.env)
        self._rounds = Rounds(self._rules.values(), beat.env, beat.tick, beat.delay, beat.many)
        self._beat = beat
        self._now = now
        self._hooks = hooks or Hooks()
        self._bulkheads = Bulkheads()
        self._last: int | None = None
        self._last_s = 0.0  # when that was, in seconds that never go back
        self._first: int | None = None
        self._heard: dict[str, Heard] = {}
        self._tries: dict[str, float] = {}  # sources that are being tried, and since when
        self._tried: SimpleQueue[tuple[str, object]] = SimpleQueue()

    def stop(self) -> None:
        """Lets go of the threads; what they still wait for is bounded by each client's own limits."""
        self._bulkheads.stop()

    def run_due(self) -> bool:
        """Does the tick that is due, if nobody has it yet; whether it did. While the store is away it waits: nothing is lost."""
        due = self._due()
        if due.number == self._last:
            return False
        start, outcome = time.perf_counter(), "done"
        try:
            if not self._claimed(due):
                outcome = "taken"
                return False
            self._run(due)
        except StoreError as error:
            log.warning("a tick must wait for the store: %s", error)
            outcome = "store"
            return False
        finally:
            self._hooks.ticked(outcome, time.perf_counter() - start)
        self._hooks.wake()
        return True

    def _due(self) -> Tick:
        now = self._now()
        number = self._number(now)
        bucket_s = self._beat.bucket.total_seconds()
        end = datetime.fromtimestamp((now - self._beat.delay).timestamp() // bucket_s * bucket_s, UTC)
        return Tick(number, end, now)

    def _number(self, now: datetime) -> int:
        """The number of the tick that is due; after a clock was set back they are counted on: no hour is left unwatched."""
        tick_s = self._beat.tick.total_seconds()
        number = int(now.timestamp() // tick_s)
        if self._last is None or number >= self._last:
            return number
        return self._last + int((self._hooks.seconds() - self._last_s) // tick_s)

    def _claimed(self, due: Tick) -> bool:
        with self._database.begin() as conn:
            claimed = store.claim_tick(conn, due.number, due.now, self._beat.owner)
            last = store.last_tick(conn)
        self._hooks.failpoint("after_tick_claim")
        if not claimed:
            self._done(max(due.number, last or 0))
        return claimed

    def _done(self, number: int) -> None:
        self._last, self._last_s = number, self._hooks.seconds()

    def _run(self, due: Tick) -> None:
        with self._database.begin() as conn:
            known, last = store.instances(conn), store.last_tick(conn)
        back = self._lost(last, due)
        outcomes = self._asked(due, back)
        self._hooks.failpoint("after_fetch")
        moments = [
            *self._rounds.moments(outcomes, known, due.end, due.now, back),
            *self._source_moments(known, due),
            *(
                Moment(due.end, None, removed(was))
                for (name, _), was in known.items()
                if name not in self._rules and was.signal != "ok"
            ),
        ]
        self._hooks.failpoint("after_judging")
        with self._database.begin() as conn:
            self._hooks.failpoint("in_transaction")
            self._write(conn, moments, known, due, told_before=bool(back))
            store.finish_tick(conn, due.number, due.now)
            self._hooks.failpoint("before_commit")
        self._hooks.failpoint("after_commit")
        self._done(due.number)

    def _write(
        self,
        conn: Connection,
        moments: Iterable[Moment],
        known: Mapping[tuple[str, str], Instance],
        due: Tick,
        *,
        told_before: bool,
    ) -> None:
        """Everything that the moments change, and what is owed for it, in this one transaction."""
        open_ = [episode for episode in store.open_episodes(conn) if not episode.drill]  # from here on no press comes in between
        owing = Owing(due.now, outbox.newest_seq(conn), self._beat.runbook_url, told_before=told_before)
        changes = applied(tuple(moments), open_, self._rules, self._beat.env, due.now)
        for place, instance in changes.instances.items():
            if is_news(known.get(place, Instance(*place)), instance):
                store.keep_instance(conn, instance)
        for episode in (*changes.opened, *changes.missed):
            store.add_episode(conn, episode)
        for own, changed in changes.changed.items():
            store.keep_episode(conn, own, changed)
        outbox.add(conn, tuple(intents(changes, owing, self._hooks.note)))
        store.forget_episodes(conn, due.now - KEPT)

    def _lost(self, last: int | None, due: Tick) -> timedelta:
        """How far before this tick's end nothing was judged because nobody ran; zero where the last tick was the one before."""
        missed = due.number - last - 1 if last is not None else 0
        return min(missed * self._beat.tick, CATCH_UP) if missed > 1 else timedelta(0)

    # --- asking ---------------------------------------------------------------------------------------------------

    def _asked(self, due: Tick, back: timedelta) -> Mapping[Call, Mapping[str, Answer] | Exception]:
        """What every source said, asked once each, all at once; and whether those that no rule asks answer at all."""
        rules = [rule for rule in self._rules.values() if rule.queries]
        window = window_of(rules, due.end, back)
        calls = [call for call in self._calls if call.source in self._sources]
        self._try(self._idle(calls, due))
        jobs = {call.name: partial(self._fetch, call, window) for call in calls}
        deadline_s = min(LONGEST_S, SHARE * self._beat.tick.total_seconds())
        found = gather(jobs, self._bulkheads, source_of, deadline_s)
        for name, outcome in found.items():
            self._hear(source_of(name), due, outcome)
        self._hear_tries(due)
        return {call: found[call.name] for call in calls}

    def _fetch(self, call: Call, window: Window, left_s: float) -> Mapping[str, Answer]:
        return fetched(self._sources[call.source], call, window, left_s)

    def _idle(self, calls: Iterable[Call], due: Tick) -> tuple[str, ...]:
        """The sources that no rule asks, when it is time to try them again."""
        if not any(rule.measure == "answers" for rule in self._rules.values()):
            return ()
        asked = {call.source for call in calls}
        self._first = due.number if self._first is None else self._first
        unheard = Heard(self._first, None)
        return tuple(
            name
            for name in self._sources
            if name not in asked and name not in self._tries and due.number - self._heard.get(name, unheard).tick >= PROBED_EVERY
        )

    def _try(self, idle: Iterable[str]) -> None:
        """Asks whether they answer at all; no rule waits for that."""
        for name in idle:
            if self._bulkheads.submit(name, partial(self._tried_out, name)):
                self._tries[name] = time.monotonic()

    def _tried_out(self, name: str) -> None:
        try:
            self._tried.put((name, self._sources[name].probe(LONGEST_S)))
        except Exception as error:  # noqa: BLE001 - the outcome of this try
            self._tried.put((name, error))

    def _hear_tries(self, due: Tick) -> None:
        """What came of the tries by now, or a moment after they began; the others are heard at a later tick."""
        end = max(self._tries.values(), default=0.0) + TRIED_S
        with suppress(Empty):
            while self._tries:
                name, outcome = self._tried.get(timeout=max(0.0, end - time.monotonic()))
                self._tries.pop(name, None)
                self._hear(name, due, outcome)
        for name, began in tuple(self._tries.items()):
            if time.monotonic() - began > LONGEST_S:
                self._hear(name, due, TimeoutError())
                del self._tries[name]

    def _hear(self, source: str, due: Tick, outcome: object) -> None:
        fault = outcome if isinstance(outcome, SourceError) else None
        if isinstance(outcome, TimeoutError):
            fault = SourceError("did not answer in time", "timeout")
        elif isinstance(outcome, Exception) and fault is None:
            log.error("a source failed unexpectedly", exc_info=outcome, extra={"source": source})
            fault = SourceError("could not be read (a fault of paybot's own, logged)", "bug")
        before = self._heard.get(source)
        if before is None or before.tick != due.number or before.fault:  # one good answer of a tick is enough
            self._heard[source] = Heard(due.number, fault)

    # --- judging --------------------------------------------------------------------------------------------------

    def _source_moments(self, known: Mapping[tuple[str, str], Instance], due: Tick) -> Iterator[Moment]:
        """The built-in rule: one instance for each source, bad while it gives no answer."""
        for rule in self._rules.values():
            if rule.measure != "answers":
                continue
            for name, heard in self._heard.items():
                title, fault = self._sources[name].title, heard.fault
                was = known.get((rule.name, title), Instance(rule.name, title))
                seen = Seen(title, "bad" if fault else "good", None, due.end, fault.said if fault else "")
                yield Moment(due.end, seen, step(was, seen, rule, due.now, self._beat.tick.total_seconds()))


def source_of(job: str) -> str:
    """The source of a call ("datadog prod"), or of a try."""
    return job.partition(" ")[0]


def is_news(was: Instance, now: Instance) -> bool:
    """Whether an instance must be kept: of thousands that are well only the newest number has changed, which nothing needs."""
    return was.signal != "ok" or replace(now, end=was.end, value=was.value) != was
