"""The lives of checkout sessions in one environment: from the start to payment, retries, expiry, webhooks and receipts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from sandbox import declines
from sandbox.chance import Chance, Floats, Ints
from sandbox.ledger import Rows, join, rows
from sandbox.scenarios import Episode, felt
from sandbox.shape import MINUTE_MS, starts

Kind = Literal[
    "checkout.started",
    "checkout.submitted",  # the customer pressed Pay
    "checkout.completed",
    "checkout.failed",  # one per declined payment, retried ones too
    "checkout.idle",  # nobody has pressed Pay for a quarter of an hour; the session is still open
    "checkout.expired",
    "window.extended",
    "retry.initiated",
    "retry.completed",  # `code` is NO_CODE when the payment went through
    "webhook.processed",
    "receipt.rendered",
    "receipt.failed",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

IDLE_MS = 15 * MINUTE_MS
_HOUR_MS = 60 * MINUTE_MS
_ABANDONED_SHARE = 0.0007  # about 2.5 an hour: well below the ten an hour that are worth a message
_EXTENDED_SHARE = 0.0011
_RETRIED_SHARE = 0.4
_RETRY_DECLINED_SHARE = 0.07
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


class Lives:
    """Makes one environment's events, piece by piece; the pieces' lengths do not matter to what comes out.

    A payment and what follows from it are decided by the scenarios at the moment when Pay is pressed, which is never in the
    future of the piece being made.
    """

    def __init__(self, seed: int, env: str, number: int, share: float, begin_ms: int) -> None:
        self._chance = Chance(seed, env)
        self._number = number
        self._share = share
        self._until = begin_ms
        nothing = np.empty(0, np.int64)
        self._waiting = Payments(nothing, nothing, nothing, np.empty(0))
        self._made: dict[Kind, list[Rows]] = defaultdict(list)

    def step(self, until_ms: int, episodes: Sequence[Episode]) -> Mapping[Kind, Rows]:
        """The events from where the last step ended until before `until_ms`, sorted by time."""
        self._start_sessions(until_ms, episodes)
        while (due := self._waiting.submit < until_ms).any():
            paying, self._waiting = self._waiting[due], self._waiting[~due]
            self._waiting = self._waiting + self._pay(paying, episodes)
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
        counts = starts(self._chance, minutes, self._share)
        minute = np.repeat(minutes, counts)
        many = np.repeat(counts, counts)
        index = np.arange(len(minute)) - np.repeat(np.cumsum(counts) - counts, counts)
        session = (minute << 14) | (self._number << 12) | index
        time = minute * MINUTE_MS + (self._chance.uniform("start", session) * MINUTE_MS).astype(np.int64)
        turn = (self._chance.uniform("turn", minute) * many).astype(np.int64)
        luck = ((index + turn) % np.maximum(many, 1) + (minute * _GOLDEN) % 1.0) / np.maximum(many, 1)
        now = (time >= self._until) & (time < until_ms)
        return time[now], session[now], luck[now]

    def _abandon(self, time: Ints, session: Ints, episodes: Sequence[Episode]) -> None:
        """Stripe lets a session expire 30 minutes to 24 hours after its start; in a wave it is within the hour."""
        span = np.where(felt(episodes, "abandons", time) > 0, 0.5, 23.5) * _HOUR_MS
        expiry = time + 30 * MINUTE_MS + (self._chance.uniform("expiry", session) * span).astype(np.int64)
        self._make("checkout.idle", rows(time + IDLE_MS, session))
        self._make("checkout.expired", rows(expiry, session))
        self._tell(expiry, session * 4, session, time, episodes)

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
        told = self._tell(end, key, paying.session, paying.submit, episodes)
        self._render(told[~declined], paying.session[~declined], paying.submit[~declined], episodes)
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

    def _again(self, paying: Payments, end: Ints, episodes: Sequence[Episode]) -> Payments:
        """The retry worker waits minutes to hours, a quarter of an hour at the median; in a storm some seconds."""
        key = paying.session * 4 + paying.attempt
        eager = self._chance.uniform("eager", key) < felt(episodes, "eager_retries", paying.submit)
        goes_on = eager | (self._chance.uniform("retried", key) < _RETRIED_SHARE)
        wait = np.clip(self._chance.lognormal("wait", key, 15 * MINUTE_MS, 1.1), 2 * MINUTE_MS, 8 * _HOUR_MS)
        after = end + np.where(eager, 20_000 + wait % 40_000, wait).astype(np.int64)
        luck = self._chance.uniform("retry", key)
        return Payments(after, paying.session, paying.attempt + 1, luck)[goes_on & (paying.attempt < 3)]

    def _tell(self, end: Ints, key: Ints, session: Ints, decided: Ints, episodes: Sequence[Episode]) -> Ints:
        """Stripe's webhook about each end; gives when it was processed."""
        delay = felt(episodes, "webhook_delay_s", decided) * 1000.0
        lag = self._chance.lognormal("lag", key, 800, 0.7) + delay * (0.9 + 0.25 * self._chance.uniform("queue", key))
        told = end + lag.astype(np.int64)
        self._make("webhook.processed", rows(told, session, ms=lag))
        return np.asarray(told)

    def _render(self, told: Ints, session: Ints, decided: Ints, episodes: Sequence[Episode]) -> None:
        """The receipt of each payment that went through, once its webhook has been processed."""
        slower = 1.0 + felt(episodes, "render_slower", decided)
        took = self._chance.lognormal("render", session, 700, 0.42) * slower
        fails = self._chance.uniform("receipt", session) < _RECEIPT_FAILED_SHARE + felt(episodes, "render_fails", decided)
        receipts = rows(told + took.astype(np.int64), session, ms=took)
        self._make("receipt.rendered", receipts[~fails])
        self._make("receipt.failed", receipts[fails])
