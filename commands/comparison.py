"""What a window is compared with: an earlier window of the same length and step.

`yesterday`, `last week` and a day mean the same clock times then, and a length means so much earlier. A range counts from
its start, cut or extended to the asked window's length, and its words name what is truly compared.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from commands.clock import Present, moved
from commands.ranges import (
    DATE,
    LAST_WEEK,
    LENGTH,
    SINCE,
    SPAN,
    TODAY,
    YESTERDAY,
    between,
    day_of,
    ends_now,
    is_kind,
    length_of,
    read,
)
from commands.typed import BadInput
from commands.window import LONGEST, Window, length_text, length_words

_DAYS_AGO: Final = {YESTERDAY: (1, "the day before"), LAST_WEEK: (7, "the week before")}


def compared_window(asked: Window, said: str, asked_at: Present) -> Window:
    """The window that `asked` is compared with when a person says "vs <said>"; raises BadInput."""
    earlier = _compared(asked, said, asked_at)
    if earlier.start >= asked.start:
        raise _not_earlier(said)
    return earlier


def carried_over(wider: Window, asked: Window, against: Window, asked_at: Present) -> Window:
    """What `wider` is compared with, which took the place of `asked` when that was compared with `against`."""
    if is_kind(against.text, SPAN):
        apart = asked.end - against.end
        return between(wider.start - apart, wider.end - apart, asked_at)
    return compared_window(wider, against.text, asked_at)


def _compared(asked: Window, said: str, asked_at: Present) -> Window:
    if said in _DAYS_AGO:
        days, before = _DAYS_AGO[said]
        return _days_earlier(asked, days, said if _is_recent(asked, asked_at) else before, said, asked_at)
    if is_kind(said, LENGTH):
        return _so_much_earlier(asked, length_of(said))
    if is_kind(said, DATE):
        return _on_day(asked, said, asked_at)
    if is_kind(said, TODAY, SINCE):
        raise BadInput(f"`vs {said}` is not a comparison. Did you mean `vs yesterday` or `vs last week`?")
    start = read(said, asked_at).start
    return replace(between(start, start + asked.length, asked_at), step=asked.step)


def _days_earlier(asked: Window, days: int, words: str, text: str, asked_at: Present) -> Window:
    start = moved(asked.start, -days, asked_at.zone)
    return replace(asked, start=start, end=start + asked.length, words=words, text=text)


def _so_much_earlier(asked: Window, length: timedelta) -> Window:
    if length > LONGEST:
        raise BadInput("That comparison is too far back: the longest is 90 days. Did you mean `vs last week`?")
    words = f"{length_words(length)} earlier"
    return replace(asked, start=asked.start - length, end=asked.end - length, words=words, text=length_text(length))


def _on_day(asked: Window, said: str, asked_at: Present) -> Window:
    """The same clock times, with the window's last day moved to the day that is said; fixed where `asked` is."""
    day = day_of(said, asked_at)
    days = (_last_day(asked, asked_at) - day).days
    if days <= 0:
        raise _not_earlier(said)
    start = moved(asked.start, -days, asked_at.zone)
    fixed = replace(between(start, start + asked.length, asked_at), step=asked.step)
    return replace(fixed, text=str(day)) if ends_now(asked.text) else fixed


def _not_earlier(said: str) -> BadInput:
    return BadInput(f"`vs {said}` is not earlier than the range itself. Did you mean `vs yesterday` or `vs last week`?")


def _is_recent(asked: Window, asked_at: Present) -> bool:
    """Whether people would call the day before the window "yesterday": it ends today."""
    return _last_day(asked, asked_at) == asked_at.today


def _last_day(asked: Window, asked_at: Present) -> date:
    return (asked.end - timedelta(minutes=1)).astimezone(asked_at.zone).date()
