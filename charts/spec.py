"""What a picture shows, as frozen values: a Picture of panels (Chart), each with its layers. Nothing here draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from charts.data import Grid, Series

State = Literal["good", "bad", "plain"]


@dataclass(frozen=True, slots=True)
class Line:
    """One series as a line, named at its end; `role` "before" is the compared period: grey, behind, moved to this window."""

    series: Series
    label: str
    role: Literal["main", "second", "third", "before"] = "main"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A labelled limit; where the main line leaves its good side, the area between the two is shaded."""

    value: float
    label: str
    good: Literal["above", "below"]


@dataclass(frozen=True, slots=True)
class Stack:
    """Counts as bars, one on the other in each bucket: the first at the bottom, each named by its label.

    `before` are those of the compared period, moved to this window: their sum stands behind, in grey.
    """

    series: tuple[Series, ...]
    labels: tuple[str, ...]
    before: tuple[Series, ...] = ()


@dataclass(frozen=True, slots=True)
class Heatmap:
    """Shares by row and time: each cell coloured by its value from `low` to `high`, its count written where there is room.

    The only layer of its chart. A cell without a value stays empty.
    """

    grid: Grid
    low: float = 0.0
    high: float = 100.0


@dataclass(frozen=True, slots=True)
class Gauge:
    """One number on a scale from `low` to `high` with its limit: the only layer of its chart, and without a time axis."""

    value: float | None
    limit: float
    label: str
    good: Literal["above", "below"]
    low: float = 0.0
    high: float = 100.0


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at `at` (epoch seconds): a numbered line in the panels, its text in the list below them."""

    at: float
    text: str


Layer = Line | Threshold | Stack | Heatmap | Gauge


@dataclass(frozen=True, slots=True)
class Chart:
    """One panel: its name, its number now and the change, and what is drawn. One finding a panel.

    `number` and `change` are phrases that are already formatted ("94.1 %", "2.3 points below yesterday"); `state` says whether
    the number is on the good side of its limit; `note` is small print on the data ("15-minute rolling mean");
    `missing` stands in the panel's place when no layer has a value ("no data: Datadog did not answer in 8 s").
    """

    title: str
    layers: tuple[Layer, ...] = ()
    unit: str = ""
    number: str = ""
    change: str = ""
    state: State = "plain"
    note: str = ""
    missing: str = "no data in this range"

    def lines(self) -> tuple[Line, ...]:
        return tuple(layer for layer in self.layers if isinstance(layer, Line))

    def drawable(self) -> bool:
        """Whether any layer has a value."""
        return any(_has_value(layer) for layer in self.layers)

    def compared(self) -> bool:
        """Whether anything of the compared period is drawn."""
        return any(any(_before(layer)) for layer in self.layers)

    def thresholds(self) -> tuple[Threshold, ...]:
        return tuple(layer for layer in self.layers if isinstance(layer, Threshold))


def _has_value(layer: Layer) -> bool:
    match layer:
        case Line():
            return bool(layer.series)
        case Stack():
            return any(layer.series)
        case Heatmap():
            return bool(layer.grid)
        case Gauge():
            return layer.value is not None
        case Threshold():
            return False


def _before(layer: Layer) -> tuple[Series, ...]:
    """The layer's series of the compared period."""
    match layer:
        case Line(role="before"):
            return (layer.series,)
        case Stack():
            return layer.before
        case _:
            return ()


@dataclass(frozen=True, slots=True)
class Picture:
    """A section's panels on one time axis.

    `start` and `end` are epoch seconds; `zone` is the IANA name in which times are printed; `span` is the range as a phrase
    ("Sun 22 Nov 08:00 to 14:00"), printed with the zone in the foot; `compared` names what is grey ("yesterday").
    """

    title: str
    charts: tuple[Chart, ...]
    start: float
    end: float
    zone: str
    span: str
    compared: str = ""
    marks: tuple[Mark, ...] = ()
