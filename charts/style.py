"""How pictures look: two themes whose colours colour-blind readers can tell apart, and the sizes, in pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType

WIDTH = 1440
TALLEST = 1400
MARGIN = 40

# Slack first shows a picture 480 px wide, a third of WIDTH, and a capital of DejaVu Sans is 0.73 em high: from 42 px an em on,
# capitals are at least 10 px high there. What must be understood at a glance (name, number, change) is never smaller.
CAPITAL = 0.729
NUMBER = 68
NAME = 44
CHANGE = 42
TITLE = 32
LABEL = 32
TICK = 30
SMALL = 28


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours as #rrggbb. Every colour but `ground`, `grid`, `faint` and `before` is used for text: at least 4.5:1 on `ground`.

    `main`, `second` and `third` are blue, orange and green of Okabe and Ito (2008), darkened or lightened to that contrast.
    """

    ground: str
    ink: str
    muted: str
    grid: str
    faint: str
    before: str
    main: str
    second: str
    third: str
    good: str
    bad: str

    def line(self, role: str) -> str:
        """The colour of a line of that role."""
        return {"main": self.main, "second": self.second, "third": self.third}.get(role, self.before)


ROLES = ("main", "second", "third")  # of lines, and of a stack's parts from the bottom up


def mixed(ground: str, colour: str, share: float) -> str:
    """So much of a colour on a ground, as #rrggbb."""
    pairs = ((int(ground[at : at + 2], 16), int(colour[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(low + (high - low) * share):02x}" for low, high in pairs)


def readable(on: str, *colours: str) -> str:
    """Of some colours the one that contrasts most with what it is written on."""
    return max(colours, key=lambda colour: abs(_brightness(colour) ** 0.5 - _brightness(on) ** 0.5))


def _brightness(colour: str) -> float:
    """From 0, black, to 1, white, as eyes weigh red, green and blue (Rec. 709)."""
    red, green, blue = (math.pow(int(colour[at : at + 2], 16) / 255, 2.2) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


LIGHT = Theme(
    ground="#ffffff",
    ink="#1d1c1d",
    muted="#5c6066",
    grid="#e4e6ea",
    faint="#f4f5f7",
    before="#a3a8b0",
    main="#0072b2",
    second="#a65f00",
    third="#007a5a",
    good="#007a5a",
    bad="#c5221f",
)
DARK = Theme(
    ground="#1a1d21",
    ink="#f3f4f5",
    muted="#b0b4ba",
    grid="#34383e",
    faint="#23272c",
    before="#767c85",
    main="#56b4e9",
    second="#f0a830",
    third="#3ccf9e",
    good="#3ccf9e",
    bad="#ff7b6b",
)
THEMES = MappingProxyType({"light": LIGHT, "dark": DARK})
