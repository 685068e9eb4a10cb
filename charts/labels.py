"""What stands beside the right end of a plot."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EndLabel:
    """A layer's name beside the right end of its line; where there is no room for all, the highest ranks are left out."""

    y: float
    text: str
    colour: str
    bold: bool
    rank: int
