"""Numbers that panels and headlines of all sections say: of the asked window, of the compared one, and of what is missing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from charts.data import Series
from commands.args import Ask
from commands.rolling import moved, paired, within
from commands.words import change, clock, duration, span, stamp

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
