"""What the five alert rules would judge, minute by minute, from the world's own numbers: no vendor and no bot in between."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from sandbox.chance import Floats
from sandbox.metrics import points
from sandbox.shape import MINUTE_MS
from sandbox.world import World
from tests.sandbox.company import ms

LAG_OVER_MIN = 5
Judged = Callable[[World, int, int], Floats]


@dataclass(frozen=True, slots=True)
class Limit:
    """A rule of the product: its number at the end of each minute, and when that is a breach (for `hold` minutes)."""

    numbers: Judged
    above: float | None = None
    below: float | None = None
    hold: int = 0

    def fires(self, world: World, start: datetime, end: datetime) -> NDArray[np.bool_]:
        """For each minute that ends from `start` until `end`: whether the rule fires at its end."""
        first, last = ms(start) // MINUTE_MS - self.hold, ms(end) // MINUTE_MS
        numbers = self.numbers(world, first, last)
        bad = numbers > self.above if self.above is not None else numbers < (self.below or 0.0)
        return np.asarray(np.lib.stride_tricks.sliding_window_view(bad, self.hold + 1).all(axis=1))


def by_minute(world: World, metric: str, low: int, high: int) -> Floats:
    """The metric's points of the main environment, all series together, in the minutes [low, high); NaN where there is none."""
    values = np.full(high - low, np.nan)
    for series in points(world, metric, low * MINUTE_MS, high * MINUTE_MS):
        if f"env:{world.env}" in series.tags:
            at = series.times // MINUTE_MS - low
            values[at] = np.nan_to_num(values[at]) + series.values
    return values


def mean_of(metric: str, minutes: int) -> Judged:
    """The mean of the last so many minutes, at the end of each of [first, last]."""

    def numbers(world: World, first: int, last: int) -> Floats:
        known = by_minute(world, metric, first - minutes, last)
        return np.asarray(np.nanmean(np.lib.stride_tricks.sliding_window_view(known, minutes), axis=1))

    return numbers


def sum_of(metric: str, minutes: int) -> Judged:
    """The sum of the last so many minutes, likewise."""

    def numbers(world: World, first: int, last: int) -> Floats:
        known = np.nan_to_num(by_minute(world, metric, first - minutes, last))
        return np.asarray(np.lib.stride_tricks.sliding_window_view(known, minutes).sum(axis=1))

    return numbers


def lag(world: World, first: int, last: int) -> Floats:
    """Seconds: the p95 of what was processed lately, or the age of the newest processed event where that is more."""
    hooks = world.events("webhook.processed", world.env)

    def at(minute: int) -> float:
        low, high = np.searchsorted(hooks.time, ((minute - LAG_OVER_MIN) * MINUTE_MS, minute * MINUTE_MS))
        p95 = float(np.percentile(hooks.ms[low:high], 95)) if high > low else 0.0
        return max(p95, float(minute * MINUTE_MS - hooks.time[high - 1])) / 1000.0

    return np.array([at(minute) for minute in range(first, last + 1)])


RULES: Mapping[str, Limit] = {
    "checkout-success-rate": Limit(mean_of("payments.checkout.success_rate", 15), below=97.0, hold=10),
    "webhook-lag": Limit(lag, above=120.0),
    "window-expired": Limit(sum_of("payments.window.expired_count", 60), above=10.0),
    "retry-failures": Limit(sum_of("payments.retry.failure_count", 15), above=5.0),
    "receipt-render-failures": Limit(sum_of("payments.receipt.error_count", 5), above=3.0),
}
