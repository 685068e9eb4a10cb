"""What a picture is painted with: frozen shapes in pixels, y downwards, painted in the order they stand in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Anchor = Literal["left", "middle", "right"]

# The width in pixels of a text at a size (pixels an em), bold or not.
Measure = Callable[[str, float, bool], float]


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle, painted on whole pixels."""

    left: float
    top: float
    right: float
    bottom: float
    colour: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Stroke:
    """A line through `points` (n, 2) with round ends; nothing is painted outside `clip`."""

    points: Points
    colour: str
    width: float
    dash: tuple[float, ...] = ()
    clip: Box | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Area:
    """A filled polygon; `hatched` draws slanted lines of its colour over the tint."""

    points: Points
    colour: str
    alpha: float = 1.0
    hatched: bool = False
    clip: Box | None = None


@dataclass(frozen=True, slots=True)
class Dot:
    """A filled circle."""

    x: float
    y: float
    radius: float
    colour: str


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text: `y` is its baseline, `anchor` says which part of it stands at `x`, `size` is pixels an em."""

    x: float
    y: float
    text: str
    size: float
    colour: str
    bold: bool = False
    anchor: Anchor = "left"


Shape = Box | Stroke | Area | Dot | Text


@dataclass(frozen=True, slots=True)
class Drawing:
    """A whole picture, laid out."""

    width: int
    height: int
    shapes: tuple[Shape, ...]
