"""The lives of checkout sessions in one environment: from the start to payment, retries, expiry, webhooks and receipts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from sandbox import declines
from sandbox.chance import Chance, Floats, Ints
from sandbox.ledger import Rows, join, rows
from sandbox.scenarios import Episode, felt, resumed
from sandbox.shape import MINUTE_MS, starts

Kind = Literal[
    "checkout.started",
    "checkout.submitted",  # the customer pressed Pay
    "checkout.completed",
    "checkout.failed",  # one per declined payment, retried ones too
    "checkout.idle",  # nobody has pressed Pay for a quarter of an hour; the session is still open
    "checkout.expired",
    "window.extended",
    "retry.queued",  # its message was sent to the queue; `ms` how long it is delayed there
    "retry.dead",  # its message could not be handled and went to the dead letters
    "retry.initiated",
    "retry.completed",  # `code` is NO_CODE when the payment went through
    "webhook.processed",
    "receipt.rendered",
    "receipt.failed",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

IDLE_MS = 15 * MINUTE_MS
USUAL_BITS, CROWDED_BITS = 12, 15  # of a session's number: its place among those of its minute
_HOUR_MS = 60 * MINUTE_MS
_ABANDONED_SHARE = 0.0002  # with the declined ones about 2 an hour: well below the ten an hour that are worth a message
_EXTENDED_SHARE = 0.0011
_LONGEST_MS = 24 * _HOUR_MS  # a session is over by then: Stripe's own limit
_RETRIED_SHARE = 0.97
_POISONED_SHARE = 0.001  # retries whose message breaks the worker
_RETRY_DECLINED_SHARE = 0.03
LONGEST_DELAY_MS = 15 * MINUTE_MS  # the longest that SQS delays a message; until then the retry waits in EventBridge's schedule
RECEIVES = 5  # a message that was received so often without success goes to the dead letters
VISIBILITY_MS = 30_000
_DRAIN = {"stops_retries": 6.0, "stops_webhooks": 20.0}  # how much faster a worker catches up than its work came in
_RECEIPT_FAILED_SHARE = 0.0003
_GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True, slots=True)
class Payments:
    """Payments that are going to be tried: when, for which session, as which attempt; a `luck` near 0, of [0, 1), is declined."""

    submit: Ints
    session: Ints
    attempt: Ints
    luck: Floats

    def __getitem__(self, which: NDArray[np.bool_]) -> Payments:
        return Payments(self.submit[which], self.session[which], self.attempt[which], self.luck[which])

    def __add__(self, other: Payments) -> Payments:
        return Payments(
            np.concatenate((self.submit, other.submit)),
            np.concatenate((self.session, other.session)),
            np.concatenate((self.attempt, other.attempt)),
            np.concatenate((self.luck, other.luck)),
        )


@dataclass(frozen=True, slots=True)
class Told:
    """Stripe's webhooks: when a worker that runs has processed them, for which session, after which lag (milliseconds), when what
    they tell of was decided, and whether a payment went through."""

    time: Ints
    session: Ints
    lag: Ints
    decided: Ints
    paid: NDArray[np.bool_]

    def __getitem__(self, which: NDArray[np.bool_]) -> Told:
        return Told(self.time[which], self.session[which], self.lag[which], self.decided[which], self.paid[which])

    def __add__(self, other: Told) -> Told:
        return Told(
            np.concatenate((self.time, other.time)),
            np.concatenate((self.session, other.session)),
            np.concatenate((self.lag, other.lag)),
            np.concatenate((self.decided, other.decided)),
            np.concatenate((self.paid, other.paid)),
        )


class Lives:
    """Makes one environment's events, piece by piece; the pieces' lengths do not matter to what comes out.

    A payment and what follows from it are decided by the scenarios at the moment when Pay is pressed, which is never in the
    future of the piece being made.
    """

    def __init__(self, seed: int, env: str, number: int, share: float, begin_ms: int, *, crowded: bool = False) -> None:
        self._chance = Chance(seed, env)
        self._number = number
        self._bits = CROWDED_BITS if crowded else USUAL_BITS
        self._share = share
        self._until = begin_ms
        nothing = np.empty(0, np.int64)
        self._waiting = Payments(nothing, nothing, nothing, np.empty(0))
        self._told = Told(nothing, nothing, nothing, nothing, np.empty(0, np.bool_))
        self._made: dict[Kind, list[Rows]] = defaultdict(list)

    def step(self, until_ms: int, episodes: Sequence[Episode]) -> Mapping[Kind, Rows]:
        """The events from where the last step ended until before `until_ms`, sorted by time."""
        self._start_sessions(until_ms, episodes)
        while len((paying := self._due(until_ms, episodes)).submit):
            self._waiting = self._waiting + self._pay(paying, episodes)
        self._hear(until_ms, episodes)
        self._until = until_ms
        return {kind: ripe for kind in tuple(self._made) if len(ripe := self._ripe(kind, until_ms))}

    def _ripe(self, kind: Kind, until_ms: int) -> Rows:
        made = join(self._made[kind])
        ripe = made.time < until_ms
        self._made[kind] = [made[~ripe]]
        ready = made[ripe]
        return ready[np.lexsort((ready.session, ready.time))]

    def _make(self, kind: Kind, made: Rows) -> None:
        if len(made):
            self._made[kind].append(made)

    def _start_sessions(self, until_ms: int, episodes: Sequence[Episode]) -> None:
        time, session, luck = self._starts(until_ms)
        abandons = _ABANDONED_SHARE + felt(episodes, "abandons", time)
        abandoned = self._chance.uniform("abandoned", session) < abandons
        extended = self._chance.uniform("extended", session) < _EXTENDED_SHARE
        self._make("checkout.started", rows(time, session))
        self._make("window.extended", rows(time[extended] + IDLE_MS, session[extended]))
        self._abandon(time[abandoned], session[abandoned], episodes)
        form = np.minimum(self._chance.lognormal("form", session, 100_000, 0.6), 11 * MINUTE_MS)
        paying = Payments(time + form.astype(np.int64), session, np.zeros_like(session), luck)
        self._waiting = self._waiting + paying[~abandoned]

    def _starts(self, until_ms: int) -> tuple[Ints, Ints, Floats]:
        """Time, session and luck of each session that starts in this step.

        The luck of a minute's sessions is spread evenly and turned by the golden ratio from minute to minute, so that a quarter
        of an hour has the expected number of declines give or take one or two: an ordinary night must not look like an outage.
        """
        minutes = np.arange(self._until // MINUTE_MS, -(-until_ms // MINUTE_MS), dtype=np.int64)
        counts = starts(self._chance, minutes, self._share, most=2**self._bits - 96)
        minute = np.repeat(minutes, counts)
        many = np.repeat(counts, counts)
        index = np.arange(len(minute)) - np.repeat(np.cumsum(counts) - counts, counts)
        session = (minute << self._bits + 2) | (self._number << self._bits) | index
        time = self._started(session)
        turn = (self._chance.uniform("turn", minute) * many).astype(np.int64)
        luck = ((index + turn) % np.maximum(many, 1) + (minute * _GOLDEN) % 1.0) / np.maximum(many, 1)
        now = (time >= self._until) & (time < until_ms)
        return time[now], session[now], luck[now]

    def _started(self, session: Ints) -> Ints:
        """When each session started, which its number and chance tell."""
        minute_ms = (session >> self._bits + 2) * MINUTE_MS
        return np.asarray(minute_ms + (self._chance.uniform("start", session) * MINUTE_MS).astype(np.int64))

    def _due(self, until_ms: int, episodes: Sequence[Episode]) -> Payments:
        """Takes out the payments that are tried before `until_ms`; retries wait for a worker that has stopped."""
        waiting = self._waiting
        resumes = resumed(episodes, "stops_retries", waiting.submit, until_ms, _DRAIN["stops_retries"])
        submit = np.where(waiting.attempt > 0, resumes, waiting.submit)
        due = submit < until_ms
        self._waiting = waiting[~due]
        return replace(waiting[due], submit=submit[due])

    def _hear(self, until_ms: int, episodes: Sequence[Episode]) -> None:
        """Processes the webhooks that come before `until_ms`, and has receipts made; they wait for a worker that has stopped."""
        processed = resumed(episodes, "stops_webhooks", self._told.time, until_ms, _DRAIN["stops_webhooks"])
        due = processed < until_ms
        told, time, self._told = self._told[due], processed[due], self._told[~due]
        self._make("webhook.processed", rows(time, told.session, ms=told.lag + time - told.time))
        self._render(time[told.paid], told.session[told.paid], told.decided[told.paid], episodes)

    def _abandon(self, time: Ints, session: Ints, episodes: Sequence[Episode]) -> None:
        """Stripe lets a session expire 30 minutes to 24 hours after its start; in a wave it is within the hour."""
        span = np.where(felt(episodes, "abandons", time) > 0, 0.5, 23.5) * _HOUR_MS
        expiry = time + 30 * MINUTE_MS + (self._chance.uniform("expiry", session) * span).astype(np.int64)
        self._make("checkout.idle", rows(time + IDLE_MS, session))
        self._make("checkout.expired", rows(expiry, session))
        self._tell(expiry, session * 4, session, time, episodes)

    def _give_up(self, session: Ints, end: Ints, episodes: Sequence[Episode]) -> None:
        """Sessions whose last payment was declined run out, too, within a day of their start."""
        earliest = np.maximum(self._started(session) + 30 * MINUTE_MS, end)
        left = np.maximum(self._started(session) + _LONGEST_MS - earliest, 1)
        expiry = earliest + (self._chance.uniform("expiry", session) * left).astype(np.int64)
        self._make("checkout.expired", rows(expiry, session))
        self._tell(expiry, ~session, session, end, episodes)

    def _pay(self, paying: Payments, episodes: Sequence[Episode]) -> Payments:
        """Tries the payments; gives those that will be tried again."""
        key = paying.session * 4 + paying.attempt
        took = np.minimum(self._chance.lognormal("payment", key, 22_000, 0.7), 3 * MINUTE_MS)
        end = paying.submit + took.astype(np.int64)
        code = self._outcome(paying, key, episodes)
        declined, first = code != declines.NO_CODE, paying.attempt == 0
        ended = rows(end, paying.session, paying.attempt, code)
        submitted = rows(paying.submit, paying.session, paying.attempt)
        self._make("checkout.submitted", submitted[first])
        self._make("retry.initiated", submitted[~first])
        self._make("retry.completed", ended[~first])
        self._make("checkout.completed", ended[~declined])
        self._make("checkout.failed", ended[declined])
        self._tell(end, key, paying.session, paying.submit, episodes, paid=~declined)
        return self._again(paying[declined], end[declined], episodes)

    def _outcome(self, paying: Payments, key: Ints, episodes: Sequence[Episode]) -> Ints:
        """The decline code of each payment, NO_CODE where it goes through."""
        retried = paying.attempt > 0
        limit = np.where(retried, _RETRY_DECLINED_SHARE, declines.share(paying.submit))
        draw = self._chance.uniform("code", key)
        code = np.where(paying.luck < limit, declines.pick(declines.ORDINARY, draw), declines.NO_CODE)
        for episode in episodes:
            if not episode.scenario.codes:
                continue
            full = episode.scenario.declines + episode.scenario.retry_declines * retried
            higher = limit + full * episode.force(paying.submit)
            hit = (paying.luck >= limit) & (paying.luck < higher)
            code, limit = np.where(hit, declines.pick(episode.scenario.codes, draw), code), higher
        return code

    def _again(self, declined: Payments, end: Ints, episodes: Sequence[Episode]) -> Payments:
        """The retry worker waits minutes to hours, a quarter of an hour at the median; in a storm some seconds."""
        key = declined.session * 4 + declined.attempt
        eager = self._chance.uniform("eager", key) < felt(episodes, "eager_retries", declined.submit)
        draw = np.where(declined.attempt < 3, self._chance.uniform("retried", key), 1.0)
        goes_on = (draw < _RETRIED_SHARE) | (eager & (declined.attempt < 3))
        poisoned = ~goes_on & (draw < _RETRIED_SHARE + _POISONED_SHARE)
        wait = np.clip(self._chance.lognormal("wait", key, 15 * MINUTE_MS, 1.1), 2 * MINUTE_MS, 8 * _HOUR_MS)
        due = end + np.where(eager, 20_000 + wait % 40_000, wait).astype(np.int64)
        again = Payments(due, declined.session, declined.attempt + 1, self._chance.uniform("retry", key))
        self._queue(again[goes_on | poisoned], end[goes_on | poisoned])
        dead = rows(due + RECEIVES * VISIBILITY_MS, again.session, again.attempt)
        self._make("retry.dead", dead[poisoned])
        self._give_up(declined.session[~goes_on], end[~goes_on], episodes)
        return again[goes_on]

    def _queue(self, again: Payments, end: Ints) -> None:
        """The message of each retry, sent as soon as SQS can delay it until the retry is due."""
        sent = np.maximum(end, again.submit - LONGEST_DELAY_MS)
        self._make("retry.queued", rows(sent, again.session, again.attempt, ms=again.submit - sent))

    def _tell(
        self,
        end: Ints,
        key: Ints,
        session: Ints,
        decided: Ints,
        episodes: Sequence[Episode],
        paid: NDArray[np.bool_] | None = None,
    ) -> None:
        """Stripe's webhook about each end, on its way to the worker."""
        delay = felt(episodes, "webhook_delay_s", decided) * 1000.0
        lag = self._chance.lognormal("lag", key, 800, 0.7) + delay * (0.9 + 0.25 * self._chance.uniform("queue", key))
        lag_ms = lag.astype(np.int64)
        went_through = np.zeros(len(end), np.bool_) if paid is None else paid
        self._told = self._told + Told(end + lag_ms, session, lag_ms, decided, went_through)

    def _render(self, told: Ints, session: Ints, decided: Ints, episodes: Sequence[Episode]) -> None:
        """The receipt of each payment that went through, once its webhook has been processed."""
        slower = 1.0 + felt(episodes, "render_slower", decided)
        took = self._chance.lognormal("render", session, 700, 0.42) * slower
        fails = self._chance.uniform("receipt", session) < _RECEIPT_FAILED_SHARE + felt(episodes, "render_fails", decided)
        receipts = rows(told + took.astype(np.int64), session, ms=took)
        self._make("receipt.rendered", receipts[~fails])
        self._make("receipt.failed", receipts[fails])
