"""Why payments fail: decline codes with their counts now, before and in the asked range, ranked and compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import sqrt
from typing import Final

from charts.data import Table, Value

FEWEST: Final = 5  # failures: what two or three customers met is no reason for an outage
LEAST_SHARE: Final = 0.1  # of all failures in the range: a smaller rise does not explain a breach
DEVIATIONS: Final = 3.0  # by which a count exceeds what chance makes of its usual share (Poisson)
USUAL_GAPS: Final = 5  # a silence of so many mean gaps between failures is none of chance: once in 150 times
QUIET_S: Final = 7200.0  # a shorter silence may be a calm stretch of the night
PERIODS: Final = ("now", "before", "here")


@dataclass(frozen=True, slots=True)
class Reason:
    """One decline code and the failures that carry it: in the last 24 h, in the 24 h before that, and in the asked range."""

    code: str
    now: float
    before: float
    here: float


@dataclass(frozen=True, slots=True)
class Failures:
    """All failed payments, over the same three periods, and their reasons, most frequent now first.

    `listed_all` is False where there are more reasons than the log query lists; the totals count their failures too.
    `comparable` says whether the log reaches back over the 24 h before; nothing can be said of a change where it does not.
    """

    reasons: tuple[Reason, ...] = ()
    now: float = 0.0
    before: float = 0.0
    here: float = 0.0
    listed_all: bool = True
    comparable: bool = False

    def share_pct(self, reason: Reason) -> float:
        """The reason's share of all failures of the last 24 h."""
        return 100 * reason.now / self.now

    def growth_pct(self, reason: Reason) -> str | float | None:
        """The change of the count in per cent; "new" where there was none before; None where nobody knows."""
        if not self.comparable:
            return None
        return 100 * (reason.now - reason.before) / reason.before if reason.before else "new"

    def usual(self, reason: Reason) -> float:
        """How many failures the reason would have in the asked range at its share of the 24 h before."""
        return self.here * reason.before / self.before if self.before else 0.0

    def driver(self) -> Reason | None:
        """The reason that rose most above its usual number in the asked range, or None where none stands out.

        To stand out the rise must be FEWEST failures, LEAST_SHARE of all failures, and more than chance makes (DEVIATIONS).
        Without a day to compare with it is the most frequent one, of FEWEST failures at least.
        """
        if not self.comparable:
            most = max(self.reasons, key=lambda reason: reason.here, default=None)
            return most if most and most.here >= FEWEST else None
        risen = max(self.reasons, key=lambda reason: reason.here - self.usual(reason), default=None)
        return risen if risen and self._stands_out(risen) else None

    def _stands_out(self, reason: Reason) -> bool:
        usual = self.usual(reason)
        return reason.here - usual >= max(FEWEST, LEAST_SHARE * self.here, DEVIATIONS * sqrt(usual))

    def of_last_day(self) -> Failures:
        """The same, judged by the last 24 h in place of the asked range."""
        reasons = tuple(replace(reason, here=reason.now) for reason in self.reasons)
        return replace(self, reasons=reasons, here=self.now)


def failures(listed: Table, totals: Table, day_s: float, end: float) -> Failures:
    """The failures from the log's answers, with periods of `day_s` seconds up to `end` (epoch seconds).

    `listed` has the columns reason, count, now, before, here, and a last row without a reason for what it leaves out; `totals`
    the rows now, before and here with their count and the time of their oldest failure (epoch ms).
    """
    found = tuple(Reason(str(row[0]), *(number(cell) for cell in row[2:5])) for row in listed.rows if row[0] is not None)
    counts = {str(row[0]): number(row[1]) for row in totals.rows}
    oldest = {str(row[0]): number(row[2]) / 1000 for row in totals.rows if row[2] is not None}
    now, before, here = (max(counts.get(period, 0.0), at_least) for period, at_least in zip(PERIODS, sums(found), strict=True))
    ranked = sorted((reason for reason in found if reason.now), key=lambda reason: (-reason.now, reason.code))
    start = end - day_s
    return Failures(
        reasons=tuple(ranked),
        now=now,
        before=before,
        here=here,
        listed_all=len(found) == len(listed.rows),
        comparable=reaches_back(before, oldest.get("before", start - day_s), start - day_s, start),
    )


def sums(found: tuple[Reason, ...]) -> Iterator[float]:
    """The listed failures of each period: there are at least so many."""
    return (sum(getattr(reason, period) for reason in found) for period in PERIODS)


def reaches_back(count: float, oldest: float, start: float, end: float) -> bool:
    """Whether the log holds the whole of [start, end), of which it has `count` failures, the first at `oldest` (epoch s).

    An index that begins in the middle is silent before that for much longer than the usual gap between two failures.
    """
    return count > 0 and oldest - start <= max(QUIET_S, USUAL_GAPS * (end - oldest) / count)


def number(value: Value) -> float:
    """A number of an answer; missing is 0 only where Elasticsearch always gives one."""
    return float(value) if isinstance(value, int | float) else 0.0
