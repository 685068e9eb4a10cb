"""The dates of a digest as settings name them: weekdays or a cron line, without the holidays of a calendar. Raises Misfit."""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Final

from bot.shapes import Misfit, meant, shown

if TYPE_CHECKING:
    from apscheduler.triggers.cron import CronTrigger

WEEK: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVERY: Final = {"daily": range(7), "weekdays": range(5)}
SPAN: Final = re.compile(r"(\w{3})(?:-(\w{3}))?", re.ASCII)
CRON: Final = re.compile(r"(\d{1,2}) (\d{1,2}) (\S+) (\S+) (\S+)", re.ASCII)
CALENDAR: Final = re.compile(r"([A-Z]{2,6})(?:-([A-Z0-9-]{1,8}))?", re.ASCII)
YEARS: Final = 8  # within which a cron line must fire: a 29 February comes

Fires = Callable[[date], bool]


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron line: the time of day, and the dates on which it fires."""

    at: time
    fires: Fires


def clock_time(text: str) -> time:
    """The time of "09:15"."""
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text, re.ASCII)
    if not found:
        raise Misfit(f'{shown(text)} is not a time of day like "09:15"')
    return time(int(found[1]), int(found[2]))


def weekdays(text: str) -> frozenset[int]:
    """The days of "mon-fri", "mon,wed,fri", "sat-mon" or "daily"; Monday is 0."""
    words = [word.strip() for word in text.lower().split(",") if word.strip()]
    if not words:
        raise Misfit("names no day, so nothing would ever be posted")
    return frozenset(day for word in words for day in (EVERY[word] if word in EVERY else _span(word)))


def _span(word: str) -> list[int]:
    found = SPAN.fullmatch(word)
    wrong = next((day for day in (found.groups() if found else (word,)) if day and day not in WEEK), None)
    if not found or wrong:
        raise Misfit(f'{shown(word)} is not a day like "mon" or days like "mon-fri"{meant(wrong or word, WEEK)}')
    first, last = WEEK.index(found[1]), WEEK.index(found[2] or found[1])
    return [day % 7 for day in range(first, last + 1 if last >= first else last + 8)]


def cron_line(text: str) -> str:
    """A cron line that fires."""
    cron(text)
    return text


def cron(text: str) -> Cron:
    """The dates and the time of "15 9 * * mon-fri": minute and hour as numbers, days of the week by name."""
    found = CRON.fullmatch(" ".join(text.split()))
    if not found or int(found[1]) > 59 or int(found[2]) > 23:
        raise Misfit(f'{shown(text)} is not a cron line with one time a day, like "15 9 * * mon-fri"')
    minute, hour, day, month, weekday = found.groups()
    if re.search(r"\d", weekday):
        raise Misfit(f"{shown(weekday)} must name days of the week by name: programs disagree on which one is 0")
    year = datetime.now(UTC).year
    if _trigger(day, month, weekday, year, year + YEARS).get_next_fire_time(None, datetime(year, 1, 1, tzinfo=UTC)) is None:
        raise Misfit(f"{shown(text)} never fires within {YEARS} years")

    def fires(on: date) -> bool:
        midnight = datetime.combine(on, time(), UTC)
        return bool(_trigger(day, month, weekday, on.year, on.year).get_next_fire_time(None, midnight) == midnight)

    return Cron(time(int(hour), int(minute)), fires)


def _trigger(day: str, month: str, weekday: str, first: int, last: int) -> CronTrigger:
    """Midnights in UTC, which has no gaps: at which instant a date's digest is due is the calendar's business."""
    from apscheduler.triggers.cron import CronTrigger  # noqa: PLC0415 - only where a cron line is set

    try:
        return CronTrigger(
            year=f"{first}-{last}", month=month, day=day, day_of_week=weekday.lower(), hour=0, minute=0, timezone=UTC
        )
    except ValueError as error:
        raise Misfit(f"is no cron line: {error}") from error


def holidays(text: str) -> str:
    """The name of a calendar that exists: "DE", "DE-BE", or a market's ("XNYS")."""
    _calendar(text)
    return text


def is_holiday(name: str) -> Fires:
    """Whether a date is a holiday of that calendar; "" has none."""
    if not name:
        return lambda day: False
    calendar = _calendar(name)
    return lambda day: day in calendar


def _calendar(text: str) -> Container[date]:
    import holidays as library  # noqa: PLC0415 - only where a calendar is set

    found = CALENDAR.fullmatch(text)
    countries, markets = library.list_supported_countries(), library.list_supported_financial()
    if not found or found[1] not in {*countries, *markets}:
        raise Misfit(f'{shown(text)} is not a calendar of holidays like "DE", "US-NY" or "XNYS"{meant(text, countries)}')
    name, part = found.groups()
    if name not in countries:
        return library.financial_holidays(name)
    if part and part not in countries[name]:
        raise Misfit(f"{shown(part)} is no part of {name}{meant(part, countries[name])}")
    return library.country_holidays(name, subdiv=part)
