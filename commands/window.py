"""A range of time, its limits, and the width of its buckets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from commands.clock import Present
from commands.typed import BadInput

SHORTEST: Final = timedelta(minutes=5)
LONGEST: Final = timedelta(days=90)
REACH: Final = timedelta(days=456)  # 15 months, as long as Datadog keeps metrics
_MOST_BUCKETS: Final = 700  # so that a week is still drawn in quarters of an hour, over which the rates are smoothed
_STEPS: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 120, 360))  # all divide a day


@dataclass(frozen=True, slots=True)
class Window:
    """A range of time: `start` inclusive, `end` exclusive, both aware UTC and whole minutes; `step` is the width of its buckets.

    `zone` is the IANA name of the zone in which a person reads it, `words` the phrase for it ("last 6 h", "yesterday",
    "Sat 21 Nov 14:00 to 15:30"), `text` what a person types to get it again ("6h", "2026-11-21 14:00..15:30").
    """

    start: datetime
    end: datetime
    step: timedelta
    zone: str
    words: str
    text: str

    @property
    def length(self) -> timedelta:
        return self.end - self.start


def step_for(length: timedelta) -> timedelta:
    """The narrowest bucket that cuts `length` into at most 400: a minute up to 6 h, 5 min for a day, 6 h for 90 days."""
    return next((step for step in _STEPS if length <= step * _MOST_BUCKETS), _STEPS[-1])


def window(start: datetime, end: datetime, asked_at: Present, words: str, text: str) -> Window:
    """The window between two instants that lie in the past; raises BadInput where it is too short, too long or too old."""
    zone = asked_at.zone
    on_clocks = end.astimezone(zone).replace(tzinfo=None) - start.astimezone(zone).replace(tzinfo=None)
    if end - start < SHORTEST:
        raise BadInput(f"`{text}` is too short: the shortest range is 5 minutes. Did you mean `15m`?")
    if min(end - start, on_clocks) > LONGEST:  # 90 days with a change of clocks in them are an hour longer
        raise BadInput(f"`{text}` is too long: the longest range is 90 days. Did you mean `90d`?")
    if start < asked_at.at - REACH:
        raise BadInput(f"`{text}` is too long ago: metrics are kept for 15 months. Did you mean `90d`?")
    return Window(start, end, step_for(end - start), zone.key, words, text)


def last(length: timedelta, asked_at: Present) -> Window:
    """The window of that length that ends now."""
    if length > LONGEST:
        raise BadInput(f"`{length_text(length)}` is too long: the longest range is 90 days. Did you mean `90d`?")
    return window(asked_at.at - length, asked_at.at, asked_at, f"last {length_words(length)}", length_text(length))


def length_text(length: timedelta) -> str:
    """A length as people type it: "15m", "1h30m", "24h", "7d"."""
    days, hours, minutes = _parts(length)
    return f"{days}d" if days else f"{hours}h" * bool(hours) + f"{minutes}m" * bool(minutes or not hours)


def length_words(length: timedelta) -> str:
    """A length as people read it: "15 min", "1 h 30 min", "24 h", "7 days"."""
    days, hours, minutes = _parts(length)
    if days:
        return f"{days} days"
    return " ".join(part for part, amount in ((f"{hours} h", hours), (f"{minutes} min", minutes or not hours)) if amount)


def _parts(length: timedelta) -> tuple[int, int, int]:
    """Whole days from two days on, else none: 36 hours are 36 h, and a day is 24 h."""
    minutes = length // timedelta(minutes=1)
    if minutes >= 2 * 1440 and minutes % 1440 == 0:
        return minutes // 1440, 0, 0
    return 0, minutes // 60, minutes % 60
