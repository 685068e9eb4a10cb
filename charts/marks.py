"""Things that happened: numbered lines in the plots, and their texts in a list below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from charts.fitting import shorten
from charts.formats import clock, spans_days
from charts.frame import Frame
from charts.shapes import Dot, Measure, Shape, Stroke, Text
from charts.spec import Mark, Picture
from charts.style import CAPITAL, MARGIN, SMALL, WIDTH, Theme

STRIP = 50  # height of the row of numbers above the first plot
RADIUS = 21.0
NUMBER_SIZE = 26
APART = 6.0  # between two numbers of that row
ROW = 42
COLUMNS = 2
MOST_ROWS = 4
NUMBER_COLUMN = 52
GAP = 18
LINE_DASH = (4.0, 8.0)


@dataclass(frozen=True, slots=True)
class Badge:
    """The numbers of marks that stand so close that they share one place: "3", or "3–7"."""

    first: int
    last: int
    left: float
    right: float

    @property
    def text(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first}–{self.last}"

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2


def marks_in(picture: Picture) -> tuple[Mark, ...]:
    """The marks in the picture's range, in order of time."""
    return tuple(sorted((mark for mark in picture.marks if picture.start <= mark.at <= picture.end), key=lambda mark: mark.at))


def badges(places: Sequence[float], measure: Measure) -> tuple[Badge, ...]:
    """One badge for each place (rising, pixels), where neighbours that would touch are joined."""
    found: list[Badge] = []
    for number, place in enumerate(places, start=1):
        badge = Badge(number, number, place, place)
        while found and _touch(found[-1], badge, measure):
            before = found.pop()
            badge = Badge(before.first, badge.last, before.left, badge.right)
        found.append(badge)
    return tuple(found)


def _touch(before: Badge, after: Badge, measure: Measure) -> bool:
    return after.middle - before.middle < _half(before, measure) + _half(after, measure) + APART


def _half(badge: Badge, measure: Measure) -> float:
    """Half the width of a badge: a disc, or as long as its text needs."""
    return max(RADIUS, measure(badge.text, NUMBER_SIZE, True) / 2 + RADIUS / 2)


def lines(marks: Sequence[Mark], frame: Frame, theme: Theme) -> Iterator[Shape]:
    """A dotted upright at each mark."""
    for mark in marks:
        x = round(frame.x(mark.at))
        yield Stroke(np.array([[x, frame.top], [x, frame.bottom]]), theme.before, 2, LINE_DASH, frame.clip)


def numbers(marks: Sequence[Mark], frame: Frame, theme: Theme, measure: Measure) -> Iterator[Shape]:
    """The row of numbers above the frame."""
    y = frame.top - STRIP / 2 - 2
    for badge in badges([frame.x(mark.at) for mark in marks], measure):
        reach = _half(badge, measure) - RADIUS
        ends = np.array([[badge.middle - reach, y], [badge.middle + reach, y]])
        yield Stroke(ends, theme.muted, 2 * RADIUS) if reach else Dot(badge.middle, y, RADIUS, theme.muted)
        baseline = y + NUMBER_SIZE * CAPITAL / 2
        yield Text(badge.middle, baseline, badge.text, NUMBER_SIZE, theme.ground, bold=True, anchor="middle")


def columns(marks: Sequence[Mark]) -> int:
    """A few texts get the whole width each."""
    return 1 if len(marks) <= MOST_ROWS else COLUMNS


def list_height(marks: Sequence[Mark]) -> float:
    """The room the list needs, of at most MOST_ROWS rows."""
    return ROW * min(MOST_ROWS, -(-len(marks) // columns(marks)))


def texts(marks: Sequence[Mark], picture: Picture, top: float, theme: Theme, measure: Measure) -> Iterator[Shape]:
    """The list, column by column; its last place says how many marks it leaves out."""
    rows, width = int(list_height(marks) // ROW), (WIDTH - 2 * MARGIN) / columns(marks)
    places = rows * columns(marks)
    shown = len(marks) if len(marks) <= places else places - 1
    for index, mark in enumerate(marks[:shown]):
        left, baseline = MARGIN + width * (index // rows), top + ROW * (index % rows + 1) - 12
        yield Text(left, baseline, f"{index + 1}", SMALL, theme.ink, bold=True)
        yield from _text(mark, picture, left + NUMBER_COLUMN, left + width - GAP, baseline, theme, measure)
    if shown < len(marks):
        left, baseline = WIDTH - MARGIN - width, top + ROW * rows - 12
        yield Text(left, baseline, f"and {len(marks) - shown} more", SMALL, theme.muted)


def _text(
    mark: Mark, picture: Picture, left: float, right: float, baseline: float, theme: Theme, measure: Measure
) -> Iterator[Shape]:
    zone = ZoneInfo(picture.zone)
    time = clock(mark.at, zone, with_day=spans_days(picture.start, picture.end, zone))
    yield Text(left, baseline, time, SMALL, theme.muted)
    left += measure(time, SMALL, False) + GAP
    yield Text(left, baseline, shorten(mark.text, right - left, SMALL, measure), SMALL, theme.ink)
