"""Numbers and times as short text: ticks, labels and alt text."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from math import floor, log10
from zoneinfo import ZoneInfo

from charts.honest import honest

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAY_S = 86_400
# From which value on an axis counts in what; not where its ticks lie so close that they would need many decimals.
SHORT = ((1e9, 1e9, " bn"), (1e6, 1e6, " M"), (1e4, 1e3, "k"))


def with_unit(number: str, unit: str) -> str:
    """ "97" and "%" as "97 %"; counts have no unit."""
    return number if unit in {"", "count"} else f"{number} {unit}"


def amount(value: float, unit: str = "", limits: Iterable[float] = ()) -> str:
    """A value as people read it: "94.1 %", "1,204", "0.25"; unit "" and "count" are not said.

    Per cent keep their side of every limit: 96.96 % do not read 97.0 % where 97 is the target.
    """
    if abs(value) >= 1e15:
        return with_unit(_minus(f"{value:.1e}"), unit)
    if unit == "%":
        return with_unit(_minus(f"{honest(value, (0.0, 100.0, *limits)):,f}"), unit)
    whole = value == int(value) or abs(value) >= 100
    decimals = 1 if unit == "points" else 0 if whole else _decimals(value)
    return with_unit(_plain(value, decimals), unit)


def ticks(values: tuple[float, ...], step: float, unit: str) -> tuple[str, ...]:
    """The labels of a value axis: as many decimals as `step` needs, thousands as k, M or bn when the axis is that long."""
    top = max((abs(value) for value in values), default=0.0)
    if top >= 1e15 or 0 < step < 1e-6:
        return tuple(with_unit(_minus(f"{value:.1e}") if value else "0", unit) for value in values)
    size, sign = next(((size, sign) for least, size, sign in SHORT if top >= least and step >= size / 1e3), (1.0, ""))
    decimals = max(0, _decimals(step / size) - 1)
    if round(step / size, decimals) != round(step / size, decimals + 1):
        decimals += 1
    numbers = (_plain(value / size, decimals) + sign if value else "0" for value in values)
    return tuple(with_unit(number, unit) for number in numbers)


def _plain(value: float, decimals: int) -> str:
    """The value with thousands set apart; never "-0.0"."""
    return _minus(f"{round(value, decimals) or 0.0:,.{decimals}f}")


def _minus(number: str) -> str:
    return number.replace("-", "−")


def _decimals(value: float) -> int:
    """How many decimals show two figures of `value`, at most 8."""
    return min(8, max(0, 1 - floor(log10(abs(value))))) if value else 0


def day(moment: datetime) -> str:
    """ "Sun 22 Nov"."""
    return f"{DAYS[moment.weekday()]} {moment.day} {MONTHS[moment.month - 1]}"


def clock(at: float, zone: ZoneInfo, *, with_day: bool = False) -> str:
    """Epoch seconds as "14:05", or "Sun 22 Nov 14:05"."""
    moment = datetime.fromtimestamp(at, zone)
    return f"{day(moment)} {moment:%H:%M}" if with_day else f"{moment:%H:%M}"


def spans_days(start: float, end: float, zone: ZoneInfo) -> bool:
    """Whether a time of the range start..end (end exclusive) is ambiguous without its day."""
    return datetime.fromtimestamp(start, zone).date() != datetime.fromtimestamp(max(start, end - 1), zone).date()
