"""A picture and a theme as shapes in pixels: pure, so that what a picture shows can be read without looking at it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

from charts import marks, plot, timeaxis
from charts.fitting import shorten
from charts.frame import Frame
from charts.gauge import HEIGHT
from charts.head import head
from charts.head import height as head_height
from charts.scale import Scale
from charts.shapes import Box, Drawing, Measure, Shape, Text
from charts.spec import Chart, Mark, Picture
from charts.style import MARGIN, SMALL, TALLEST, TICK, TITLE, WIDTH, Theme

MOST_PANELS = 6  # as many as leave every plot 50 px beside a full list of marks
MOST_ROOMY = 2  # with more panels than these, heads are a single row
TITLE_ROW = 68
PANEL_GAP = 42
TICK_ROW = 56
FOOT_ROW = 64
PLOT_HEIGHTS = {1: 440, 2: 270, 3: 220}
TICK_ROOM = 130  # a time tick and the space beside it
TICK_GAP = 22
NOTHING = Scale(0.0, 1.0, (), 1.0)


@dataclass(frozen=True, slots=True)
class Page:
    """What of a picture is drawn, and how high each part is."""

    picture: Picture
    charts: tuple[Chart, ...]
    marks: tuple[Mark, ...]
    compact: bool
    plot_height: float
    strip: float

    def plot_height_of(self, index: int) -> float:
        """A gauge needs no more than its own height."""
        return self.plot_height if plot.timed(self.charts[index]) else min(self.plot_height, HEIGHT)

    def last_timed(self) -> int:
        """The last panel along the time axis, under which the time ticks stand; -1 where there is none."""
        return max((index for index, chart in enumerate(self.charts) if plot.timed(chart)), default=-1)

    def below(self, index: int) -> float:
        """The room under a panel's plot."""
        return TICK_ROW + TICK_GAP if index == self.last_timed() and index < len(self.charts) - 1 else PANEL_GAP

    def tops(self) -> tuple[float, ...]:
        """Where each panel begins, and where the last one ends."""
        every = range(len(self.charts))
        heights = (self.head_height(index) + self.plot_height_of(index) + self.below(index) for index in every)
        return tuple(accumulate(heights, initial=TITLE_ROW))

    def head_height(self, index: int) -> float:
        return head_height(self.charts[index], compact=self.compact) + (self.strip if index == 0 else 0.0)

    @property
    def height(self) -> int:
        return int(self.tops()[-1] - PANEL_GAP + TICK_ROW + marks.list_height(self.marks) + FOOT_ROW)


def layout(picture: Picture, theme: Theme, measure: Measure) -> Drawing:
    """The drawing of a picture, WIDTH pixels wide and at most TALLEST high, whatever the data."""
    page = _page(picture)
    parts = (_title(page, theme, measure), _panels(page, theme, measure), _foot(page, theme, measure))
    ground = Box(0, 0, WIDTH, page.height, theme.ground)
    return Drawing(WIDTH, page.height, (ground, *(shape for part in parts for shape in part)))


def _page(picture: Picture) -> Page:
    picture = replace(picture, end=max(picture.end, picture.start + 1))
    charts, found = picture.charts[:MOST_PANELS], marks.marks_in(picture)
    compact = len(charts) > MOST_ROOMY
    bare = Page(picture, charts, found, compact, 0.0, marks.STRIP if found else 0.0)
    room = (TALLEST - bare.height) // max(1, len(charts))
    return replace(bare, plot_height=min(PLOT_HEIGHTS.get(len(charts), TALLEST), room))


def _title(page: Page, theme: Theme, measure: Measure) -> Iterator[Shape]:
    yield Text(MARGIN, 50, shorten(page.picture.title, WIDTH - 2 * MARGIN, TITLE, measure), TITLE, theme.muted)


def _panels(page: Page, theme: Theme, measure: Measure) -> Iterator[Shape]:
    frames = _frames(page, measure)
    ticks = _time_ticks(page.picture, frames[0], measure) if frames else ()
    for chart, frame, top in zip(page.charts, frames, page.tops(), strict=False):
        yield from head(chart, top, theme, measure, compact=page.compact)
        if frame.scale is NOTHING:
            yield from plot.missing(chart, frame, theme, measure)
            continue
        if plot.timed(chart):
            yield from (_upright(frame, tick, theme) for tick in ticks)
            yield from marks.lines(page.marks, frame, theme)
        yield from plot.plot(chart, frame, theme, measure)
    if frames:
        yield from marks.numbers(page.marks, frames[0], theme, measure)
        yield from (_tick_label(frames[page.last_timed()], tick, theme) for tick in ticks if page.last_timed() >= 0)


def _frames(page: Page, measure: Measure) -> tuple[Frame, ...]:
    """Every panel's plot; all begin and end at the same x, so that one time stands in one place."""
    start, end = page.picture.start, page.picture.end
    drawn = [plot.has_values(chart, start, end) for chart in page.charts]
    scales = [
        plot.scale_of(chart, start, end, page.plot_height) if has else NOTHING
        for chart, has in zip(page.charts, drawn, strict=True)
    ]
    shown = [(chart, axis) for chart, axis in zip(page.charts, scales, strict=True) if axis is not NOTHING]
    left = MARGIN + max((plot.axis_width(chart, axis, measure) for chart, axis in shown), default=0.0)
    right = WIDTH - MARGIN - max((plot.label_width(chart, measure) for chart, _ in shown), default=0.0)
    tops = [top + page.head_height(index) for index, top in enumerate(page.tops()[:-1])]
    return tuple(
        Frame(round(left), round(top), round(right), round(top + page.plot_height_of(index)), start, end, axis)
        for index, (top, axis) in enumerate(zip(tops, scales, strict=True))
    )


def _time_ticks(picture: Picture, frame: Frame, measure: Measure) -> tuple[timeaxis.Tick, ...]:
    """The finest ticks whose labels fit side by side."""
    most, zone = max(2, int((frame.right - frame.left) // TICK_ROOM)), ZoneInfo(picture.zone)
    finest_first = (timeaxis.ticks(picture.start, picture.end, zone, count) for count in range(most, 0, -1))
    clear = (found for found in finest_first if all(_clear(*pair, frame, measure) for pair in pairwise(found)))
    return next(clear, ())


def _clear(tick: timeaxis.Tick, other: timeaxis.Tick, frame: Frame, measure: Measure) -> bool:
    room = (measure(tick.text, TICK, tick.day) + measure(other.text, TICK, other.day)) / 2 + TICK_GAP
    return abs(frame.x(tick.at) - frame.x(other.at)) >= room


def _upright(frame: Frame, tick: timeaxis.Tick, theme: Theme) -> Shape:
    x = round(frame.x(tick.at))
    return Box(x - 1, frame.top, x + 1, frame.bottom, theme.grid)


def _tick_label(frame: Frame, tick: timeaxis.Tick, theme: Theme) -> Shape:
    return Text(frame.x(tick.at), frame.bottom + 44, tick.text, TICK, theme.muted, bold=tick.day, anchor="middle")


def _foot(page: Page, theme: Theme, measure: Measure) -> Iterator[Shape]:
    """The list of marks, and under it the range, the zone and what is grey."""
    picture, baseline = page.picture, page.height - 26
    list_top = page.height - FOOT_ROW - marks.list_height(page.marks)
    yield from marks.texts(page.marks, picture, list_top, theme, measure)
    aside = shorten(_aside(page), (WIDTH - 2 * MARGIN) / 2, SMALL, measure)
    room = WIDTH - 2 * MARGIN - measure(aside, SMALL, False) - MARGIN
    yield Text(MARGIN, baseline, shorten(f"{picture.span} · {picture.zone}", room, SMALL, measure), SMALL, theme.ink)
    yield Text(WIDTH - MARGIN, baseline, aside, SMALL, theme.muted, anchor="right")


def _aside(page: Page) -> str:
    left_out = len(page.picture.charts) - len(page.charts)
    grey = page.picture.compared and any(chart.compared() for chart in page.charts)
    said: Sequence[str] = (
        f"grey: {page.picture.compared}" if grey else "",
        f"not drawn: {left_out} more" if left_out else "",
    )
    return "; ".join(part for part in said if part)
