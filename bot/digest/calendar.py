"""On which local dates a digest is due, at which instant, and since when it tells. Pure, but for the zones' own tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
NOON = time(12)
FARTHEST = 400  # days in which a digest must be due once

Fires = Callable[[date], bool]


@dataclass(frozen=True)
class Plan:
    """A digest's name, its time of day in a zone (IANA), and the dates on which it is posted."""

    name: str
    at: time
    zone: str
    fires: Fires

    @cached_property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def is_due_on(self, day: date) -> bool:
        """Whether that date has one; a date that a zone left out when it crossed the date line has none."""
        return self.fires(day) and self._instant(day, NOON).astimezone(self.tz).date() == day

    def due(self, day: date) -> datetime:
        """The instant: of a time that comes twice when clocks go back the first, for one that is left out as much later."""
        return self._instant(day, self.at)

    def newest(self, now: datetime) -> date | None:
        """The latest date whose digest is due by now."""
        today = now.astimezone(self.tz).date()
        return next((day for day in back_from(today + DAY) if self.is_due_on(day) and self.due(day) <= now), None)

    def before(self, day: date) -> date:
        """The latest date before this one that has a digest; the day before where there is none."""
        return next((each for each in back_from(day - DAY) if self.is_due_on(each)), day - DAY)

    def between(self, after: date, before: date) -> Iterator[date]:
        """The dates after the one and before the other that have a digest, the oldest first."""
        for number in range(1, min((before - after).days, FARTHEST)):
            if self.is_due_on(after + number * DAY):
                yield after + number * DAY

    def _instant(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, self.tz).astimezone(UTC)


def back_from(day: date) -> Iterator[date]:
    return (day - number * DAY for number in range(FARTHEST))
