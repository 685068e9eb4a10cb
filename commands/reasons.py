"""Why payments fail: decline codes with their counts now, before and in the asked range, ranked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from charts.data import Table, Value


@dataclass(frozen=True, slots=True)
class Reason:
    """One decline code and the failures that carry it.

    Counted in the last 24 h (`now`), in the 24 h before that (`before`), and in the asked range (`here`).
    `comparable` says whether the 24 h before hold any failure at all: an index that does not reach so far back shows none, and
    nothing can be said of a change then.
    """

    code: str
    now: float
    before: float
    here: float
    comparable: bool

    def growth_pct(self) -> str | float | None:
        """The change of the count in per cent; "new" where there was none before; None where nobody knows."""
        if not self.comparable:
            return None
        return 100 * (self.now - self.before) / self.before if self.before else "new"

    def rise(self, all_: Sequence[Reason]) -> float:
        """By how much its share of the failures in the asked range exceeds its share of the 24 h before (both 0 to 1)."""
        here, before = sum(reason.here for reason in all_), sum(reason.before for reason in all_)
        return (self.here / here if here else 0.0) - (self.before / before if before else 0.0)


def ranked(table: Table) -> tuple[Reason, ...]:
    """The reasons of a table with the columns reason, count, now, before, here; most frequent now first, ties by name."""
    comparable = any(number(row[3]) for row in table.rows)
    found = (Reason(str(row[0]), number(row[2]), number(row[3]), number(row[4]), comparable) for row in table.rows)
    return tuple(sorted((reason for reason in found if reason.now), key=lambda reason: (-reason.now, reason.code)))


def number(value: Value) -> float:
    """A bucket's document count; Elasticsearch always gives one."""
    return float(value) if isinstance(value, int | float) else 0.0
