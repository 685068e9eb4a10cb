"""Pictures to test with, and a way to read what a drawing says without painting it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from charts.data import Series
from charts.layout import layout
from charts.shapes import Drawing, Text
from charts.spec import Chart, Layer, Line, Mark, Picture, Threshold
from charts.style import CAPITAL, LIGHT, Theme

START = 1_795_330_800.0  # Sun 22 Nov 2026 07:00 UTC
HOUR = 3600.0
S = TypeVar("S")


def measure(text: str, size: float, bold: bool) -> float:
    """A typeface whose letters are all equally wide, about as wide as those that are drawn."""
    return len(text) * size * (0.7 if bold else 0.62)


def series(*values: float | None, step: float = 60.0, start: float = START, unit: str = "%") -> Series:
    return Series("s", tuple(start + index * step for index in range(len(values))), values, unit, step)


def chart(*layers: Layer, unit: str = "%", title: str = "Success rate", number: str = "94.1 %") -> Chart:
    return Chart(title, layers, unit, number, "2.3 points below yesterday", "bad")


def rate(*values: float | None) -> Chart:
    """A success rate with its target of 97 %."""
    return chart(Line(series(*values), "today"), Threshold(97, "target 97 %", "above"))


def picture(*charts: Chart, hours: float = 1, marks: Sequence[Mark] = (), zone: str = "Europe/Berlin") -> Picture:
    return Picture("Checkout", charts, START, START + hours * HOUR, zone, "Sun 22 Nov", "yesterday", tuple(marks))


def drawn(picture: Picture, theme: Theme = LIGHT) -> Drawing:
    return layout(picture, theme, measure)


def of(drawing: Drawing, kind: type[S]) -> list[S]:
    """The drawing's shapes of that kind."""
    return [shape for shape in drawing.shapes if isinstance(shape, kind)]


def texts(drawing: Drawing) -> list[str]:
    return [text.text for text in of(drawing, Text)]


def box(text: Text) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a text's letters (what hangs under the baseline may touch what is below)."""
    width = measure(text.text, text.size, text.bold)
    left = text.x - width * {"left": 0.0, "middle": 0.5, "right": 1.0}[text.anchor]
    return left, text.y - CAPITAL * text.size, left + width, text.y


def overlapping(drawing: Drawing) -> list[tuple[str, str]]:
    """Every pair of texts that touch."""
    placed = [(text, box(text)) for text in of(drawing, Text) if text.text]
    return [
        (one.text, other.text)
        for index, (one, a) in enumerate(placed)
        for other, b in placed[index + 1 :]
        if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
    ]
