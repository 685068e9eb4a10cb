"""Why a rule may have fired: what grew among the failures since the start. Pure, and silent where too little is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import sqrt
from typing import Final

from charts.data import Table, Value
from commands.declines import decline
from commands.reasons import DEVIATIONS, FEWEST, number
from commands.words import percent

MOST: Final = 3
FEWEST_BEFORE: Final = 5  # failures, and invocations: the shares of fewer do not say what is usual
LEAST_RISE_PCT: Final = 5.0  # points; less does not explain a breach
COUNTS: Final = ("here", "count")  # the columns that may hold the asked window's counts, the first that is there


@dataclass(frozen=True, slots=True)
class Rise:
    """What grew: its share before and since, in per cent."""

    name: str
    before_pct: float
    since_pct: float

    @property
    def points(self) -> float:
        return self.since_pct - self.before_pct

    def words(self) -> str:
        return f"{_rounded(self.before_pct)} → {_rounded(self.since_pct)}"


def grown_reasons(before: Table, since: Table) -> tuple[str, ...]:
    """The reasons whose share grew most: "issuer_not_available (the issuer cannot be reached): 4 % → 61 % of failures".

    The tables are those of the checkout section's failure reasons, asked for a window before the start and for the time since.
    They have the columns reason and "here" (or "count"); a row without a reason stands for all that the list leaves out.
    """
    then, now = _by_reason(before), _by_reason(since)
    all_then, all_now = then.total(), now.total()
    if all_then < FEWEST_BEFORE or all_now < FEWEST:
        return ()
    rises = (
        Rise(reason, 100 * then[reason] / all_then, 100 * count / all_now)
        for reason, count in now.items()
        if reason and _stands_out(count, all_now * then[reason] / all_then)
    )
    return tuple(f"{_explained(rise.name)}: {rise.words()} of failures" for rise in _most(rises))


def grown_rules(before: Table, since: Table) -> tuple[str, ...]:
    """The EventBridge rules that fail more than before: "orders-paid: 0 % → 34 % of its invocations failed".

    The tables are those of the pipeline section's rules: a row for each, with its name, its invocations and its failures.
    """
    then = {name: (runs, failures) for name, runs, failures in _rules(before)}
    rises = (
        Rise(name, 100 * then[name][1] / then[name][0], 100 * failures / runs)
        for name, runs, failures in _rules(since)
        if name in then and _stands_out(failures, runs * then[name][1] / then[name][0])
    )
    return tuple(f"{rise.name}: {rise.words()} of its invocations failed" for rise in _most(rises))


def _by_reason(table: Table) -> Counter[str]:
    """The failures of each reason, under "" those that the list leaves out."""
    titles = [column.title for column in table.columns]
    at = next((titles.index(title) for title in COUNTS if title in titles), 1)
    counts: Counter[str] = Counter()
    for row in table.rows:
        if len(row) > at:
            counts[str(row[0] or "")] += _count(row[at])
    return counts


def _rules(table: Table) -> Iterator[tuple[str, float, float]]:
    """Name, invocations and failures of the rules that ran often enough to say something."""
    for row in table.rows:
        runs, failures = (_count(value) for value in (*row, None, None)[1:3])
        if runs >= FEWEST_BEFORE:
            yield str(row[0]), runs, min(failures, runs)


def _count(value: Value) -> int:
    """A count of an answer; what is no number counts nothing."""
    found = number(value)
    return round(found) if 0 <= found < float("inf") else 0


def _stands_out(count: float, usual: float) -> bool:
    """Whether there are more than chance makes of what is usual (Poisson), and enough to matter."""
    return count - usual >= max(FEWEST, DEVIATIONS * sqrt(usual))


def _most(rises: Iterable[Rise]) -> list[Rise]:
    """The few whose share grew most, and noticeably."""
    noticed = (rise for rise in rises if rise.points >= LEAST_RISE_PCT)
    return sorted(noticed, key=lambda rise: (-rise.points, rise.name))[:MOST]


def _explained(reason: str) -> str:
    """A decline code with its meaning, where Stripe's list has one."""
    known = decline(reason)
    return reason if known.kind == "unknown" else f"{reason} ({known.words})"


def _rounded(share_pct: float) -> str:
    """Whole per cents, but never "0 %" for what there was, nor "100 %" for less than all."""
    return percent(share_pct if not 1 <= share_pct <= 99 else round(share_pct))
