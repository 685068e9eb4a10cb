"""Why a rule may have fired: what grew among the failures since the start. Pure, and silent where too little is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt
from typing import Final

from charts.data import Table, Value
from commands.declines import decline
from commands.reasons import DEVIATIONS, FEWEST, number
from commands.retries import ATTEMPTS, total
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


def grown_reasons(before: Table, since: Table, of: str = "failures") -> tuple[str, ...]:
    """The reasons whose share grew most: "issuer_not_available (the issuer cannot be reached): 4 % → 61 % of failures".

    The tables are those of the checkout section's failure reasons, asked for a window before the start and for the time since.
    They have the columns reason and "here" (or "count"); a row without a reason stands for all that the list leaves out.
    """
    return tuple(f"{_explained(rise.name)}: {rise.words()} of {of}" for rise in _grown_shares(before, since))


def grown_regions(before: Table, since: Table) -> tuple[str, ...]:
    """The regions whose share grew most: "region eu-west-1: 30 % → 85 % of failures". The tables count failures by region."""
    return tuple(f"region {rise.name}: {rise.words()} of failures" for rise in _grown_shares(before, since))


def grown_rules(before: Table, since: Table) -> tuple[str, ...]:
    """The EventBridge rules that fail more than before: "orders-paid: 0 % → 34 % of its invocations failed".

    The tables are those of the pipeline section's rules: a row for each, with its name, its invocations and its failures.
    """
    rises = _grown_rates(_rates(before), _rates(since))
    return tuple(f"{rise.name}: {rise.words()} of its invocations failed" for rise in rises)


def grown_edges(before: Table, since: Table) -> tuple[str, ...]:
    """The edge locations that fail more than before: "FRA56-P1, Frankfurt: 0 % → 34 % of its downloads failed".

    The tables have a row for each edge: its name, its downloads, those that failed, and its city.
    """
    cities = {str(row[0]): str(row[3]) for row in since.rows if len(row) > 3 and row[3] and row[3] != row[0]}
    rises = _grown_rates(_rates(before), _rates(since))
    return tuple(
        f"{', '.join((rise.name, *((cities[rise.name],) if rise.name in cities else ())))}: "
        f"{rise.words()} of its downloads failed"
        for rise in rises
    )


def grown_attempts(before: Table, since: Table) -> tuple[str, ...]:
    """The attempts that fail more than before: "attempt 1: 3 % → 78 % of its retries failed".

    The tables are those of the retries section's outcomes: for each attempt how many ended, and how many of them well.
    """
    rises = _grown_rates(_by_attempt(before), _by_attempt(since))
    return tuple(f"{rise.name}: {rise.words()} of its retries failed" for rise in rises)


def grown_kinds(before: Table, since: Table) -> tuple[str, ...]:
    """The kinds of failure that more receipts end with: "FontMissing: 0 % → 30 % of receipts".

    The tables have a row for each kind: its name ("" for what has none), then its documents, failures and rendered receipts.
    """
    then, now = _by_kind(before), _by_kind(since)
    usual = {kind: then.get(kind, (every, 0)) for kind in now for every, _ in list(then.values())[:1]}
    rises = _grown_rates(usual, {kind: rate for kind, rate in now.items() if kind})
    return tuple(f"{rise.name}: {rise.words()} of receipts" for rise in rises)


Rates = dict[str, tuple[float, float]]  # by name: how many there were, and how many of them failed


def _grown_shares(before: Table, since: Table) -> list[Rise]:
    """What makes up more of all failures than before."""
    then, now = _by_reason(before), _by_reason(since)
    all_then, all_now = then.total(), now.total()
    if all_then < FEWEST_BEFORE or all_now < FEWEST:
        return []
    return _most(
        Rise(reason, 100 * then[reason] / all_then, 100 * count / all_now)
        for reason, count in now.items()
        if reason and _stands_out(count, all_now * then[reason] / all_then)
    )


def _grown_rates(then: Rates, now: Rates) -> list[Rise]:
    """What fails more often than before; nothing is said of what was not there before."""
    return _most(
        Rise(name, 100 * then[name][1] / then[name][0], 100 * failures / many)
        for name, (many, failures) in now.items()
        if name in then and _stands_out(failures, many * then[name][1] / then[name][0])
    )


def _by_reason(table: Table) -> Counter[str]:
    """The failures of each reason, under "" those that the list leaves out."""
    titles = [column.title for column in table.columns]
    at = next((titles.index(title) for title in COUNTS if title in titles), 1)
    counts: Counter[str] = Counter()
    for row in table.rows:
        if len(row) > at:
            counts[str(row[0] or "")] += _count(row[at])
    return counts


def _rates(table: Table) -> Rates:
    """Name, how many and failures of the rows that have a name, and of which there were enough to say something."""
    return _telling((str(row[0]), _count(row[1]), _count(row[2])) for row in table.rows if len(row) > 2 and row[0])


def _by_attempt(table: Table) -> Rates:
    many = {number: (_count(total(table, f"all {number}")), _count(total(table, f"ok {number}"))) for number in ATTEMPTS}
    return _telling((f"attempt {number}", every, every - good) for number, (every, good) in many.items())


def _by_kind(table: Table) -> Rates:
    """Every kind out of all receipts, of those without a kind too."""
    counts = {str(row[0] or ""): tuple(_count(value) for value in row[2:4]) for row in table.rows if len(row) > 3}
    every = sum(failed + rendered for failed, rendered in counts.values())
    return _telling((kind, every, failed) for kind, (failed, _) in counts.items())


def _telling(rows: Iterable[tuple[str, int, int]]) -> Rates:
    return {name: (many, max(0, min(failures, many))) for name, many, failures in rows if many >= FEWEST_BEFORE}


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
