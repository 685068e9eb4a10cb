"""From an ask to an answer: every source at once, then words and panels from what came back."""

from __future__ import annotations

from dataclasses import dataclass

from bot.ports import Link
from charts.data import Table
from charts.spec import Picture
from commands.args import Ask
from commands.panel import Gap


@dataclass(frozen=True, slots=True)
class TitledTable:
    """A table as it stands in a message: its heading, its rows, and small print ("24 h to 14:00, share of 412 failures")."""

    title: str
    table: Table
    note: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said in reply to an ask.

    `picture` is what was to be drawn (None: nothing to draw) and `image` its PNG, None when it could not be drawn, with the
    reason in `picture_fault`. `facts` are the panels' numbers in words, for those who cannot see the picture. `reference` is
    eight hexadecimal digits that also stand in the logs. `took_s` is how long sources and drawing took.
    """

    ask: Ask
    title: str
    owner: str
    headline: str
    reference: str
    facts: tuple[str, ...] = ()
    picture: Picture | None = None
    image: bytes | None = None
    alt: str = ""
    picture_fault: str = ""
    tables: tuple[TitledTable, ...] = ()
    gaps: tuple[Gap, ...] = ()
    links: tuple[Link, ...] = ()
    took_s: float = 0.0
