"""The numbers of the checkout section: what its panels and its headline both say."""

from __future__ import annotations

from datetime import timedelta

from charts.data import Series
from commands.args import Ask
from commands.numbers import at_clock, compared_means, in_window, laid_behind
from commands.panel import Data
from commands.reasons import Failures, failures
from commands.rolling import rolling_mean
from commands.words import percent

TARGET_PCT = 97.0
ROLLING = timedelta(minutes=15)
REASONS_OVER = timedelta(hours=24)


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
