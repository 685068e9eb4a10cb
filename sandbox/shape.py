"""How many checkout sessions start in a minute: the shape of a day and of a week."""

from __future__ import annotations

import numpy as np

from sandbox.chance import Chance, Floats, Ints

MINUTE_MS = 60_000
_MEAN, _SWING = 60.0, 40.0  # a minute at night about 20, in the afternoon about 100
_QUIETEST_HOUR = 3.5  # UTC
_BY_WEEKDAY = np.array([1.0, 0.99, 1.0, 1.02, 1.06, 0.98, 0.93])  # Monday first
_DAY = 1440


def rate(minutes: Ints) -> Floats:
    """Sessions expected to start in each minute (minutes since the epoch)."""
    hour = (minutes % _DAY) / 60.0
    weekday = (minutes // _DAY + 3) % 7  # the epoch was a Thursday
    daily = _MEAN - _SWING * np.cos(2.0 * np.pi * (hour - _QUIETEST_HOUR) / 24.0)
    return np.asarray(daily * _BY_WEEKDAY[weekday])


def starts(chance: Chance, minutes: Ints, share: float, most: int = 4000) -> Ints:
    """Sessions that do start in each minute, `most` at most, when the environment has `share` of the traffic; about Poisson."""
    expected = rate(minutes) * share
    drawn = expected + np.sqrt(expected) * chance.normal("starts", minutes) + chance.uniform("rounding", minutes)
    return np.asarray(np.clip(drawn, 0, most), dtype=np.int64)
