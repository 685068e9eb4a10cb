"""Numbers that panels and headlines of all sections say: of the asked window, of the compared one, and of what is missing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from charts.data import Series, Table, Value
from commands.args import Ask
from commands.panel import Data
from commands.rolling import moved, paired, within
from commands.words import change, clock, count, duration, span, stamp

FRESH = timedelta(minutes=10)  # how old a number may be that stands for "now": agents send every minute, clouds every five


def newest(series: Series, ask: Ask) -> float | None:
    """The value at the window's end; None where the newest one is too old to speak for it: an hour ago is not now."""
    known = series.known()
    if not known:
        return None
    at, value = known[-1]
    silent_s = ask.window.end.timestamp() - (at + series.step_s)
    return value if silent_s <= max(FRESH.total_seconds(), 2 * series.step_s) else None


def silence(series: Series, ask: Ask) -> str:
    """Since when nothing has come, "" where nothing came at all."""
    known = series.known()
    return f"no data since {at_clock(known[-1][0] + series.step_s, ask)}" if known else ""


def without_number_s(series: Series, ask: Ask) -> float:
    """How many seconds of the asked window have no value; 0 where it is no more than buckets cut by its edges and delays."""
    unknown_s = ask.window.length.total_seconds() - len(series.known()) * series.step_s
    return unknown_s if unknown_s > max(FRESH.total_seconds(), 2 * series.step_s) else 0.0


def in_window(series: Series, ask: Ask) -> Series:
    return within(series, ask.window.start.timestamp(), ask.window.end.timestamp())


def laid_behind(series: Series, ask: Ask) -> Series:
    """The compared window's series, moved onto the asked window."""
    if ask.against is None:
        return Series(series.name)
    return in_window(moved(series, (ask.window.start - ask.against.start).total_seconds()), ask)


def at_clock(at: float, ask: Ask) -> str:
    """The time of day of `at` (epoch seconds) as the asker's clock shows it; with its date where the range spans days."""
    moment = datetime.fromtimestamp(at, UTC)
    return (stamp if ask.window.length > timedelta(hours=24) else clock)(moment, ask.window.zone)


def from_to(start: float, end: float, ask: Ask) -> str:
    """A stretch of the asked window, with its date where the range spans days."""
    first, last = (datetime.fromtimestamp(at, UTC) for at in (start, end))
    if ask.window.length > timedelta(hours=24):
        return span(first, last, ask.window.zone)
    return f"{clock(first, ask.window.zone)} to {clock(last, ask.window.zone)}"


def compared_means(series: Series, behind: Series, unit: str, ask: Ask) -> str:
    """The mean of the window against the compared one's, as a phrase; both over the buckets that both know."""
    if ask.against is None or not series:
        return ""
    means = paired(series, behind)
    if means is None:
        return f"{'too little' if behind else 'no'} data for {ask.against.words}"
    return f"on average {change(*means, unit, ask.against.words)}"


def bucket(series: Series) -> str:
    """How wide the series' buckets are: "30 min"."""
    return length(series.step_s)


def length(seconds: float) -> str:
    return duration(timedelta(seconds=seconds))


# --- counts ---------------------------------------------------------------------------------------------------------


def counted(data: Data, key: str, ask: Ask) -> Series:
    """A counter's line in the asked window."""
    return in_window(data.series(key), ask)


def counted_before(data: Data, key: str, ask: Ask) -> Series:
    """A counter's line of the compared window, moved onto the asked one."""
    return laid_behind(data.earlier(key), ask)


def counted_change(data: Data, key: str, ask: Ask) -> str:
    """The window's total against the compared one's, as a phrase; both over the buckets that both know."""
    series, behind = counted(data, key, ask), counted_before(data, key, ask)
    if ask.against is None or not series:
        return ""
    means = paired(series, behind)
    if means is None:
        return f"{'too little' if behind else 'no'} data for {ask.against.words}"
    many = len(series.known())
    return change(many * means[0], many * means[1], "count", ask.against.words)


def total_words(series: Series, ask: Ask) -> str:
    """The total of a counter's line, and how much of the range nobody knows."""
    total = series.total()
    if total is None:
        return ""
    unknown_s = without_number_s(series, ask)
    return f"{count(total)} in what is known" if unknown_s else count(total)


def busiest(series: Series, ask: Ask) -> str:
    """The hour that had most, of a range of at least two hours: "most 14 from 12:00 to 13:00"."""
    hours: dict[float, float] = {}
    for at, value in series.known():
        hour = at // 3600 * 3600
        hours[hour] = hours.get(hour, 0.0) + value
    if ask.window.length < timedelta(hours=2) or not any(hours.values()):
        return ""
    start, most = max(hours.items(), key=lambda each: each[1])
    return f"most {count(most)} from {from_to(start, start + 3600, ask)}"


def worst_hour(series: Series) -> float | None:
    """The most that any clock hour had."""
    hours: dict[float, float] = {}
    for at, value in series.known():
        hours[at // 3600] = hours.get(at // 3600, 0.0) + value
    return max(hours.values(), default=None)


# --- tables as lines ------------------------------------------------------------------------------------------------


def line_of(table: Table, title: str, ask: Ask, scale: float = 1.0, unit: str = "") -> Series:
    """A column of a table whose first column is the time of each row's bucket (epoch s), as a line."""
    place = next((number for number, column in enumerate(table.columns) if column.title == title), None)
    if place is None:
        return Series(title, unit=unit)
    known = [(row[0], known_number(row[place])) for row in table.rows]
    points = sorted((at, None if value is None else scale * value) for at, value in known if isinstance(at, int | float))
    times, values = (tuple(at for at, _ in points), tuple(value for _, value in points))
    return Series(title, times, values, unit, ask.window.step.total_seconds())


def known_number(value: Value) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def cell(table: Table, title: str, row: int = 0) -> float | None:
    """A number of a table by its column's title, None where it is missing."""
    place = next((number for number, column in enumerate(table.columns) if column.title == title), None)
    return known_number(table.rows[row][place]) if place is not None and row < len(table.rows) else None


def until_words(table: Table, ask: Ask, what: str = "complete") -> str:
    """How far an archive reaches: "complete until 13:05"."""
    return "" if table.until is None else f"{what} until {at_clock(table.until, ask)}"
