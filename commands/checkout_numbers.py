"""The numbers of the checkout section: what its panels and its headline both say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from charts.data import Series
from commands.args import Ask
from commands.panel import Data
from commands.reasons import Failures, failures
from commands.rolling import moved, paired, rolling_mean, within
from commands.words import change, clock, duration, percent, span, stamp

TARGET_PCT = 97.0
ROLLING = timedelta(minutes=15)
REASONS_OVER = timedelta(hours=24)
FRESH = timedelta(minutes=10)  # how old a number may be that stands for "now": agents send every minute, clouds every five


def rate(data: Data, ask: Ask) -> Series:
    """The rolling success rate in per cent, in the asked window."""
    return in_window(rolling_mean(data.series("rate"), ROLLING.total_seconds()), ask)


def rate_before(data: Data, ask: Ask) -> Series:
    """The compared window's rolling success rate, moved onto the asked window."""
    return laid_behind(rolling_mean(data.earlier("rate"), ROLLING.total_seconds()), ask)


def rate_change(data: Data, ask: Ask) -> str:
    """The means of the buckets themselves: those of the rolling line would count what was before the window."""
    return compared_means(in_window(data.series("rate"), ask), laid_behind(data.earlier("rate"), ask), "%", ask)


def lowest_point(series: Series, ask: Ask) -> str:
    if not series:
        return ""
    at, bottom = min(series.known(), key=lambda point: point[1])
    return f"lowest {percent(bottom, TARGET_PCT)} at {at_clock(at, ask)}"


def is_wide(series: Series) -> bool:
    """Whether its buckets are too wide to be smoothed over a quarter of an hour."""
    return series.step_s > ROLLING.total_seconds()


def failed(data: Data, ask: Ask) -> Failures:
    """The failed payments of the last 24 h, of the 24 h before and of the asked range, by reason."""
    day_s, end = REASONS_OVER.total_seconds(), ask.window.end.timestamp()
    return failures(data.table("reasons"), data.table("failures"), day_s, end)


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
