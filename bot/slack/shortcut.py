"""The message shortcut "What was happening then?": the overview of the time around a message.

When a message was written is Slack's word, and untrusted in form: what is no time, or none that can be asked about, is told in
a sentence.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from commands import DEFAULT_SECTION
from commands.args import Ask, BadInput
from commands.clock import Present, present
from commands.ranges import between
from commands.window import REACH, Window
from commands.words import clock, stamp

__all__ = ["THEN", "ask_around", "window_around"]

THEN: Final = "then"  # the shortcut's name between the manifest and its payloads
BEFORE, AFTER = timedelta(minutes=45), timedelta(minutes=15)
ASTRAY: Final = timedelta(minutes=5)  # how far Slack's clock may be ahead of ours
_TS: Final = re.compile(r"[0-9]{1,12}\.[0-9]{1,9}", re.ASCII)
NO_TIME: Final = "Slack did not say when that message was written, so there is no time to look at."
TO_COME: Final = "That message is dated in the future, so nothing is known of the time around it yet."
TOO_OLD: Final = "That message is too old: metrics are kept for 15 months."


def ask_around(ts: str, now: datetime, zone: str, env: str) -> Ask:
    """The overview around a message of this ts, times read in `zone`; equal for all messages of a minute. Raises BadInput."""
    return Ask(DEFAULT_SECTION, window_around(ts, now, zone), env)


def window_around(ts: str, now: datetime, zone: str) -> Window:
    """From 45 min before a message to 15 min after it, cut at now: "around 14:02". Raises BadInput."""
    asked_at = present(now, zone)
    written = _written(ts, now, asked_at)
    end = min(written + AFTER, asked_at.at)
    return replace(between(written - BEFORE, end, asked_at), words=f"around {_words(written, asked_at)}")


def _written(ts: str, now: datetime, asked_at: Present) -> datetime:
    """The minute in which the message was written."""
    seconds = float(ts) if _TS.fullmatch(ts) else 0.0
    if seconds <= 0:
        raise BadInput(NO_TIME)
    if seconds > (now + ASTRAY).timestamp():
        raise BadInput(TO_COME)
    if seconds < (asked_at.at - REACH + BEFORE).timestamp() + 60:
        raise BadInput(TOO_OLD)
    return datetime.fromtimestamp(seconds, UTC).replace(second=0, microsecond=0)


def _words(written: datetime, asked_at: Present) -> str:
    """The time, with its day where that is not today, and with its year where that is not this one."""
    local, zone = written.astimezone(asked_at.zone), asked_at.zone.key
    if local.date() == asked_at.today:
        return clock(written, zone)
    return stamp(written, zone) + (f", {local.year}" if local.year != asked_at.today.year else "")
