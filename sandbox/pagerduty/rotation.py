"""Who is on call: the company's engineers, in weeks that change on Monday morning."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sandbox.workspace.cast import DANA, MEI, SAM, Person

ROTATION = (DANA, MEI)
CHANGE = timedelta(hours=8)  # on Mondays, UTC
WEEK = timedelta(days=7)
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody's turn; whoever is named without a schedule is on call for ever."""

    level: int
    person: Person
    schedule: str = ""
    start: datetime | None = None
    end: datetime | None = None


def turns(now: datetime) -> tuple[Turn, ...]:
    """Everybody who is on call now, whoever is called first in front."""
    weeks = (now - MONDAY - CHANGE) // WEEK
    start = MONDAY + CHANGE + weeks * WEEK
    first, second = ROTATION[weeks % 2], ROTATION[(weeks + 1) % 2]
    return (
        Turn(1, first, "Payments primary", start, start + WEEK),
        Turn(2, second, "Payments secondary", start, start + WEEK),
        Turn(3, SAM),
    )
