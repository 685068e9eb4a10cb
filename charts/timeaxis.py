"""The time axis: ticks at round times of the reader's zone, right across clock changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from charts.formats import DAY_S, DAYS, MONTHS, day, spans_days

MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720)
HOUR_S = 3600
WEEK_S = 8 * DAY_S
YEAR_S = 365 * DAY_S


@dataclass(frozen=True, slots=True)
class Tick:
    """A round time and its label; `day` marks a midnight that names its day among hours."""

    at: float
    text: str
    day: bool = False


def ticks(start: float, end: float, zone: ZoneInfo, most: int) -> tuple[Tick, ...]:
    """Ticks from `start` to `end` (epoch seconds) at the finest round step of which about `most` fit."""
    step_min = next((minutes for minutes in MINUTES if (end - start) / (60 * minutes) <= most), None)
    found = _days(start, end, zone, most) if step_min is None else _hours(start, end, zone, step_min)
    return tuple(sorted((tick for tick in found if start <= tick.at <= end), key=lambda tick: tick.at))


def _hours(start: float, end: float, zone: ZoneInfo, step_min: int) -> Iterator[Tick]:
    named = spans_days(start, end, zone)
    # Clocks are put forward or back by two hours at most.
    first, last = (datetime.fromtimestamp(at, zone).replace(tzinfo=None) for at in (start - 2 * HOUR_S, end + 2 * HOUR_S))
    wall = datetime.combine(first, time()) + (first.hour * 60 + first.minute) // step_min * timedelta(minutes=step_min)
    while wall <= last:
        midnight = named and wall.time() == time()
        yield from (Tick(at, day(wall) if midnight else f"{wall:%H:%M}", midnight) for at in _moments(wall, zone))
        wall += timedelta(minutes=step_min)


def _moments(wall: datetime, zone: ZoneInfo) -> set[float]:
    """When clocks in the zone show `wall`: never in the hour that is skipped, twice in the hour that is repeated."""
    both = (wall.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))
    return {at for at in both if datetime.fromtimestamp(at, zone).replace(tzinfo=None, fold=0) == wall}


def _days(start: float, end: float, zone: ZoneInfo, most: int) -> Iterator[Tick]:
    step = next((days for days in (1, 2, 7, 14, 28) if (end - start) / (days * DAY_S) <= most), 0)
    while not step or (end - start) / (step * DAY_S) > most:
        step = 2 * step if step else 56
    for date_ in _dates(start, end, zone):
        # Day 1 of the calendar was a Monday, so that weekly ticks are Mondays.
        if date_.toordinal() % step == 1 % step:
            yield Tick(datetime.combine(date_, time(), zone).timestamp(), _label(date_, end - start))


def _label(date_: date, length_s: float) -> str:
    month = MONTHS[date_.month - 1]
    if length_s <= WEEK_S:
        return f"{DAYS[date_.weekday()]} {date_.day}"
    return f"{date_.day} {month}" if length_s <= YEAR_S else f"{month} {date_.year}"


def _dates(start: float, end: float, zone: ZoneInfo) -> Iterator[date]:
    today, last = (datetime.fromtimestamp(at, zone).date() for at in (start, end))
    while today <= last:
        yield today
        today += timedelta(days=1)
