"""From what clocks on a wall show to instants, through changes of clocks.

On the day of a change a clock time may come twice or not at all. It then has two readings an hour or so apart: the start
of a range takes the earlier one and its end the later one, so that a range never misses what was meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

GREENWICH = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Present:
    """The moment of asking, and the zone in which the asker reads clocks: `at` is aware UTC and a whole minute."""

    at: datetime
    zone: ZoneInfo

    @property
    def today(self) -> date:
        return self.at.astimezone(self.zone).date()


def present(now: datetime, zone: str) -> Present:
    """`now` floored to the minute, so that equal asks within a minute are equal; UTC where `zone` is not a zone we know."""
    return Present(now.astimezone(UTC).replace(second=0, microsecond=0), known_zone(zone))


def known_zone(name: str) -> ZoneInfo:
    """The zone of that IANA name, or UTC: the answer prints the zone it was read in, so nobody is misled."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown; not a name; a folder of the time zone files
        return GREENWICH


def starting(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """The instant (UTC) at which a range starts that begins at that minute of the day."""
    return min(_readings(day, minute, zone))


def ending(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """The instant (UTC) at which a range ends that ends before that minute of the day; minute 1,440 is "24:00"."""
    return max(_readings(day, minute, zone))


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The instant (UTC) at which the day begins, which is later than 00:00 where the clocks skip that hour."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def moved(at: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The same clock time so many days later (negative: earlier), as an instant (UTC)."""
    return (at.astimezone(zone) + timedelta(days=days)).astimezone(UTC)


def minute_of(at: datetime, zone: ZoneInfo) -> int:
    """The minute of the day that clocks in `zone` show."""
    local = at.astimezone(zone)
    return local.hour * 60 + local.minute


def _readings(day: date, minute: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    wall = datetime.combine(day, time(), zone) + timedelta(minutes=minute)
    return wall.astimezone(UTC), wall.replace(fold=1).astimezone(UTC)
