"""Numbers and times as phrases that people read: no locale, never "-0", and what is missing reads "no data"."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from math import isfinite
from typing import Final
from zoneinfo import ZoneInfo

from charts.data import Value
from charts.honest import honest

NO_DATA: Final = "no data"
NBSP: Final = "\u00a0"  # keeps a number and its unit on one line
MINUS: Final = "\u2212"
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNITS_S: Final = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
_LONGEST_S: Final = 1e10  # some three centuries: timedelta ends at some 8e13 s


def count(x: float | None) -> str:
    """How many: "1,234"; a mean below ten keeps one decimal ("3.4")."""
    known = _known(x)
    if known is None:
        return NO_DATA
    return _number(known, 1 if abs(known) < 10 and known != round(known) else 0)


def percent(x: float | None, limit: float | None = None) -> str:
    """A share in per cent: "94.1 %", and "96.96 %" where "97.0 %" would hide that the limit of 97 is missed.

    One decimal, more where rounding would move the number onto or over `limit`, 0 or 100; none for a whole number.
    """
    known = _known(x)
    if known is None:
        return NO_DATA
    anchors = (0.0, 100.0) if limit is None else (0.0, 100.0, limit)
    return _decimal(honest(known, anchors)) + NBSP + "%"


def change(now: float | None, before: float | None, unit: str, than: str) -> str:
    """`now` against `before`, which people call `than`: "2.3 points below yesterday", "12 % more than last week".

    Shares ("%") are compared in points, times ("ms", "s") in their unit, all else in per cent of the number before, or as a
    plain difference where that was below ten.
    """
    here, there = _known(now), _known(before)
    if here is None:
        return NO_DATA
    if there is None:
        return f"{NO_DATA} for {than}"
    return f"the same as {than}" if here == there else _difference(here, there, unit, than)


def duration(length: timedelta | None) -> str:
    """How long, in its two largest units: "6 h", "1 h 30 min", "2 d 4 h", "450 ms"."""
    if length is None:
        return NO_DATA
    if timedelta(0) < abs(length) < timedelta(seconds=1):
        return _number(length / timedelta(milliseconds=1), 0) + NBSP + "ms"
    phrase = _two_units(round(abs(length).total_seconds()))
    return MINUS + phrase if length < timedelta(0) else phrase


def clock(at: datetime, zone: str) -> str:
    """The time of day that clocks show in `zone` (an IANA name): "14:05"."""
    return f"{at.astimezone(ZoneInfo(zone)):%H:%M}"


def stamp(at: datetime, zone: str) -> str:
    """The day and the time of day in `zone`: "Sun 22 Nov 14:05"."""
    return f"{_day(at.astimezone(ZoneInfo(zone)))} {clock(at, zone)}"


def span(start: datetime, end: datetime, zone: str) -> str:
    """A range of time in `zone`: "Sun 22 Nov 08:00 to 14:00"; a second day, and years that differ, are named too."""
    first, last = start.astimezone(ZoneInfo(zone)), end.astimezone(ZoneInfo(zone))
    if last.date() == first.date():
        return f"{_day(first)} {first:%H:%M} to {last:%H:%M}"
    if last.date() == first.date() + timedelta(days=1) and (last.hour, last.minute) == (0, 0):
        return f"{_day(first)} {first:%H:%M} to 24:00"
    if last.year != first.year:
        return f"{_day(first)} {first.year} {first:%H:%M} to {_day(last)} {last.year} {last:%H:%M}"
    return f"{_day(first)} {first:%H:%M} to {_day(last)} {last:%H:%M}"


def figure(value: Value, unit: str) -> str:
    """A table's cell as people read it, by its column's unit: "count", "%", "change" (in %, signed), "points", "ms", "s"."""
    if isinstance(value, str):
        return value
    known = _known(value)
    if known is None:
        return NO_DATA
    return _FIGURES.get(unit, count)(known)


def listed(names: Sequence[str]) -> str:
    """Names as a sentence has them: "Datadog", "Datadog and Elasticsearch", "A, B and C"."""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def _known(x: float | None) -> float | None:
    """`x` when it is a number one can show: NaN and infinities are missing too."""
    return x if x is not None and isfinite(x) else None


def _signed(x: float, decimals: int) -> str:
    return ("+" if round(x, decimals) > 0 else "") + _number(x, decimals)


def _number(x: float, decimals: int) -> str:
    text = f"{abs(x):,.{decimals}f}"
    negative = x < 0 and any(digit in text for digit in "123456789")
    return MINUS + text if negative else text


def _two_units(seconds: int) -> str:
    parts = []
    for unit, size in _UNITS_S:
        amount, seconds = divmod(seconds, size)
        parts.append((amount, unit))
    first = next((index for index, (amount, _) in enumerate(parts) if amount), len(parts) - 1)
    shown = [part for part in parts[first : first + 2] if part[0]] or parts[-1:]
    return " ".join(f"{amount}{NBSP}{unit}" for amount, unit in shown)


def _decimal(x: Decimal) -> str:
    return (MINUS if x < 0 else "") + f"{abs(x):,f}"


def _difference(now: float, before: float, unit: str, than: str) -> str:
    gap = abs(now - before)
    if unit == "%":
        return _apart(_number(gap, 1) + NBSP + "points", gap < 0.05, now > before, than)
    if unit in {"ms", "s"}:
        return _apart(figure(gap, unit), gap < 0.5 and unit == "ms", now > before, than)
    more = "more" if now > before else "less"
    if before < 10:
        return f"about the same as {than}" if gap < 0.05 else f"{count(gap)} {more} than {than}"
    share = gap / before * 100
    return f"about the same as {than}" if share < 0.5 else f"{_number(share, 0)}{NBSP}% {more} than {than}"


def _apart(gap: str, small: bool, above: bool, than: str) -> str:
    return f"about the same as {than}" if small else f"{gap} {'above' if above else 'below'} {than}"


def _day(at: datetime) -> str:
    return f"{_DAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]}"


def _span_of(seconds: float) -> str:
    return duration(timedelta(seconds=seconds)) if abs(seconds) < _LONGEST_S else count(seconds) + NBSP + "s"


_FIGURES: Final[Mapping[str, Callable[[float], str]]] = {
    "%": percent,
    "change": lambda x: _signed(x, 0) + NBSP + "%",
    "points": lambda x: _signed(x, 1),
    "ms": lambda x: _number(x, 0) + NBSP + "ms",
    "s": _span_of,
}
