"""Wider and narrower ranges: the next rung of a ladder of lengths."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from commands.clock import Present
from commands.ranges import between, ends_now
from commands.typed import BadInput
from commands.window import Window, last

RUNGS: Final = (
    *(timedelta(minutes=minutes) for minutes in (15, 30)),
    *(timedelta(hours=hours) for hours in (1, 3, 6, 12, 24)),
    *(timedelta(days=days) for days in (3, 7, 30, 90)),
)


def wider_window(asked: Window, asked_at: Present) -> Window | None:
    """The window on the next longer rung, or None at the top."""
    length = next((rung for rung in RUNGS if rung > asked.length), None)
    return _resized(asked, length, asked_at) if length else None


def narrower_window(asked: Window, asked_at: Present) -> Window | None:
    """The window on the next shorter rung, or None at the foot."""
    length = next((rung for rung in reversed(RUNGS) if rung < asked.length), None)
    return _resized(asked, length, asked_at) if length else None


def _resized(asked: Window, length: timedelta, asked_at: Present) -> Window | None:
    """What ended now still ends now; any other window keeps its middle, but never reaches into the future."""
    if ends_now(asked.text):
        return last(length, asked_at)
    end = min(asked.start + _whole_minutes((asked.length + length) / 2), asked_at.at)
    try:
        return between(end - length, end, asked_at)
    except BadInput:  # further back than metrics are kept
        return None


def _whole_minutes(length: timedelta) -> timedelta:
    return length - length % timedelta(minutes=1)
