"""`/pay checkout 6h vs yesterday env:prod only-me csv`: the text of a command as an Ask, or a plain sentence on what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


class BadInput(Exception):
    """The person can mend it: the message is one or two plain sentences, safe to show, with the nearest right form."""


@dataclass(frozen=True, slots=True)
class Window:
    """A range of time: `start` inclusive, `end` exclusive, both aware UTC and whole minutes; `step` is the width of its buckets.

    `zone` is the IANA name of the zone in which a person reads it, `words` the phrase for it ("last 6 h", "yesterday",
    "14:00 to 15:30"), `text` what a person types to get it again ("6h", "2026-11-21 14:00..15:30").
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


@dataclass(frozen=True, slots=True)
class Ask:
    """One question, ready to be answered. Equal asks are equal values, so that they can share one run.

    `against` is the compared window, as long as `window`; `env` the environment asked about.
    """

    section: str
    window: Window
    env: str
    against: Window | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asked for: the question, whether only they may see the answer, and whether its data go along as CSV."""

    ask: Ask
    only_me: bool = False
    csv: bool = False


@dataclass(frozen=True, slots=True)
class Help:
    """The person asked how paybot is used."""
