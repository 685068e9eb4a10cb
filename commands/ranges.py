"""Ranges of time as people type them: `6h`, `today`, `since 09:00`, `14:00..15:30`, `2026-11-21 14:00..16:00`.

Clock times without a day mean the latest such time that has passed. What is still to come of a range is cut off. A range
that starts at noon or later and ends at noon or earlier crosses midnight. Times with a `Z` are UTC, whatever the zone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from re import Match
from typing import Final

from commands.clock import GREENWICH, Present, ending, midnight, minute_of, starting
from commands.typed import BadInput, shown
from commands.window import REACH, Window, last, window
from commands.words import clock, span

Reader = Callable[["Match[str]", Present], Window]

DATE: Final = r"\d{4}-\d{1,2}-\d{1,2}"
_DAY: Final = rf"(?:{DATE}|today|yesterday)"
_TIME: Final = r"(?:\d{1,2}:\d{2}z?|\d{1,2}(?::\d{2})?(?:am|pm))"
_TO: Final = r"(?:\.\.| ?- ?| to )"
_UNITS: Final = (
    ("weeks", "w(?:eeks?)?"),
    ("days", "d(?:ays?)?"),
    ("hours", "h(?:(?:ou)?rs?)?"),
    ("minutes", "m(?:in(?:ute)?s?)?"),
)

LENGTH: Final = r"(?:last )?(?=\d)" + " ?".join(rf"(?:(?P<{name}>\d{{1,6}}) ?{unit})?" for name, unit in _UNITS)
SPAN: Final = rf"(?:(?P<first_day>{_DAY})[ t])?(?P<first>{_TIME}){_TO}(?:(?P<last_day>{_DAY})[ t])?(?P<last>{_TIME})"
DAYS: Final = rf"(?P<from_date>{DATE})(?:{_TO}(?P<to_date>{DATE}))?"
SINCE: Final = rf"since (?:(?P<since_day>{_DAY})(?:[ t](?P<time_there>{_TIME}))?|(?P<since>{_TIME}))"
TODAY, YESTERDAY, LAST_WEEK = "today", "yesterday", "last week"


def read(text: str, asked_at: Present) -> Window:
    """The window that the folded `text` names; raises BadInput."""
    for pattern, reader in _READERS:
        if found := re.fullmatch(pattern, text, re.ASCII):
            return reader(found, asked_at)
    raise not_a_range(text)


def not_a_range(text: str) -> BadInput:
    """The refusal of what was meant to be a range."""
    return BadInput(
        f"{shown(text) or 'That'} is not a range. Ranges look like `6h`, `today`, `since 09:00`, `14:00..15:30` "
        "or `2026-11-21 14:00..16:00`."
    )


def is_kind(text: str, *patterns: str) -> bool:
    """Whether the range `text` is written in one of these patterns."""
    return any(re.fullmatch(pattern, text, re.ASCII) for pattern in patterns)


def ends_now(text: str) -> bool:
    """Whether the range `text` always ends at the moment of asking."""
    return is_kind(text, LENGTH, TODAY, SINCE)


def length_of(text: str) -> timedelta:
    """The length that a text of the pattern LENGTH names."""
    found = re.fullmatch(LENGTH, text, re.ASCII)
    return timedelta(**{name: int(amount) for name, amount in found.groupdict("0").items()}) if found else timedelta(0)


def between(start: datetime, end: datetime, asked_at: Present) -> Window:
    """The window between two past instants, named by clock times, in UTC where a change of clocks makes those ambiguous."""
    for zone, mark in ((asked_at.zone, ""), (GREENWICH, "Z")):
        first, final = start.astimezone(zone).date(), end.astimezone(zone).date()
        found = _between(first, minute_of(start, zone), final, minute_of(end, zone), mark, asked_at)
        if (found.start, found.end) == (start, end):
            break
    return found


def day_of(text: str, asked_at: Present, ahead: int = 0) -> date:
    """The day that "2026-11-21", "today" or "yesterday" names; raises BadInput where it is beyond memory or the future.

    `ahead` is how many days of the future are let through, for the end of a range that is under way.
    """
    if text in {TODAY, YESTERDAY}:
        return asked_at.today - timedelta(days=text == YESTERDAY)
    try:
        year, month, day = map(int, text.split("-"))
        found = date(year, month, day)
    except ValueError as error:
        raise BadInput(f"There is no day {shown(text)}. A day looks like `{asked_at.today}`.") from error
    if found > asked_at.today + timedelta(days=ahead):
        raise BadInput(f"`{found}` is in the future: today is `{asked_at.today}`. Did you mean `today`?")
    if found < asked_at.today - REACH:
        raise BadInput(f"`{found}` is too long ago: metrics are kept for 15 months. Did you mean `90d`?")
    return found


def _minute(text: str) -> int:
    """The minute of the day that "9:00", "09:00z", "9am", "9:30pm" or "24:00" names."""
    hour, minute = (int(part) for part in (*re.findall(r"\d+", text), "0")[:2])
    half = text[-2:] if text.endswith("m") else ""
    if minute > 59 or hour * 60 + minute > 1440 or (half and not 1 <= hour <= 12):
        raise BadInput(f"There is no time {shown(text)}. Times go from `00:00` to `24:00`.")
    return (hour % 12 + 12 * (half == "pm") if half else hour) * 60 + minute


def _length(found: Match[str], asked_at: Present) -> Window:
    return last(length_of(found[0]), asked_at)


def _today(found: Match[str], asked_at: Present) -> Window:
    start = midnight(asked_at.today, asked_at.zone)
    return window(start, asked_at.at, asked_at, f"today since {clock(start, asked_at.zone.key)}", found[0])


def _yesterday(found: Match[str], asked_at: Present) -> Window:
    start = midnight(asked_at.today - timedelta(days=1), asked_at.zone)
    return window(start, midnight(asked_at.today, asked_at.zone), asked_at, "yesterday", found[0])


def _last_week(found: Match[str], asked_at: Present) -> Window:
    raise BadInput("`last week` is what a range is compared with: did you mean `7d`, or `6h vs last week`?")


def _days(found: Match[str], asked_at: Present) -> Window:
    first = day_of(found["from_date"], asked_at)
    final = day_of(found["to_date"], asked_at) if found["to_date"] else first
    if final < first:
        raise BadInput(_swapped(str(first), str(final)))
    start, end = midnight(first, asked_at.zone), midnight(final + timedelta(days=1), asked_at.zone)
    return _so_far(start, end, asked_at, str(first) if first == final else f"{first}..{final}")


def _since(found: Match[str], asked_at: Present) -> Window:
    said = found["since"] or found["time_there"] or "00:00"
    minute, mark = _minute(said), "Z" * said.endswith("z")
    there = _reading(mark, asked_at)
    day = day_of(found["since_day"], there) if found["since_day"] else _latest_day(minute, there)
    start, text = starting(day, minute, there.zone), f"since {day} {_clock(minute)}{mark}"
    if start >= asked_at.at:
        raise BadInput(_to_come(text, f"since {_clock(minute)}{mark}"))
    is_today = start.astimezone(asked_at.zone).date() == asked_at.today
    words = f"today since {clock(start, asked_at.zone.key)}" if is_today else _dated(start, asked_at.at, asked_at) + " (now)"
    return window(start, asked_at.at, asked_at, words, text)


def _span(found: Match[str], asked_at: Present) -> Window:
    mark = "Z" * ("z" in found["first"] + found["last"])
    there = _reading(mark, asked_at)
    first, final = _minute(found["first"]), _minute(found["last"])
    crosses = final < first and first >= 720 >= final
    first_day = day_of(found["first_day"], there) if found["first_day"] else _latest_day(first, there)
    final_day = day_of(found["last_day"], there, ahead=1) if found["last_day"] else first_day + timedelta(days=crosses)
    if (final_day, final) < (first_day, first):
        days = (f"{first_day} ", f"{final_day} ") if found["last_day"] else ("", "")
        raise BadInput(_swapped(f"{days[0]}{_clock(first)}{mark}", f"{days[1]}{_clock(final)}{mark}"))
    return _between(first_day, first, final_day, final, mark, asked_at)


def _between(first_day: date, first: int, final_day: date, final: int, mark: str, asked_at: Present) -> Window:
    zone = _reading(mark, asked_at).zone
    start, end = starting(first_day, first, zone), ending(final_day, final, zone)
    text = f"{first_day} {_clock(first)}{mark}..{f'{final_day} ' * (final_day != first_day)}{_clock(final)}{mark}"
    if start >= asked_at.at:
        raise BadInput(_to_come(text, f"{_clock(first)}{mark}..{_clock(final)}{mark}"))
    return _so_far(start, end, asked_at, text)


def _so_far(start: datetime, end: datetime, asked_at: Present, text: str) -> Window:
    """The part of a range that has passed."""
    words = _dated(start, min(end, asked_at.at), asked_at) + " (now)" * (end > asked_at.at)
    return window(start, min(end, asked_at.at), asked_at, words, text)


def _dated(start: datetime, end: datetime, asked_at: Present) -> str:
    """The range with its days, and with its year where that is not the present one."""
    year = start.astimezone(asked_at.zone).year
    other = year != asked_at.today.year and year == end.astimezone(asked_at.zone).year
    return span(start, end, asked_at.zone.key) + (f", {year}" if other else "")


def _reading(mark: str, asked_at: Present) -> Present:
    return replace(asked_at, zone=GREENWICH) if mark else asked_at


def _latest_day(minute: int, asked_at: Present) -> date:
    """The day of the latest such clock time that has passed."""
    today = asked_at.today
    return today if starting(today, minute, asked_at.zone) < asked_at.at else today - timedelta(days=1)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _swapped(first: str, final: str) -> str:
    return f"The end ({final}) is before the start ({first}). Did you mean `{final}..{first}`?"


def _to_come(text: str, nearest: str) -> str:
    return f"`{text}` is in the future. Did you mean `{nearest}`, the latest that has passed?"


_READERS: Final[tuple[tuple[str, Reader], ...]] = (
    (LENGTH, _length),
    (TODAY, _today),
    (YESTERDAY, _yesterday),
    (LAST_WEEK, _last_week),
    (SINCE, _since),
    (SPAN, _span),
    (DAYS, _days),
)
# Longer forms come first: "2026-11-21 14:00..16:00" is not the day and then something unknown.
ANY: Final = "|".join(re.sub(r"\?P<\w+>", "?:", pattern) for pattern in (SPAN, DAYS, SINCE, TODAY, YESTERDAY, LAST_WEEK, LENGTH))
