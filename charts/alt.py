"""Alt text: what a picture shows, in sentences made from its data."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from zoneinfo import ZoneInfo

from charts.data import Series
from charts.formats import amount, clock, spans_days
from charts.merging import cells, summed
from charts.runs import Breach, breaches, gaps
from charts.spec import Chart, Gauge, Heatmap, Layer, Line, Mark, Picture, Stack, Threshold

LONGEST = 950  # what an upload's alternative text may have with room to spare: one text serves upload and message
LEAST = 4  # rank of what is left out first
MOST_TIMES = 3
MOST_MARKS = 5
CUT = " … More is in the picture."
OTHER_SIDE = {"above": "below", "below": "above"}
TIMES = {1: "once", 2: "twice"}

Clock = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Sentence:
    """`rank` says how soon it is left out where there is no room for all: the highest first."""

    text: str
    rank: int = 0


def describe(picture: Picture) -> str:
    """The picture in at most LONGEST characters: its range, each panel's finding, breaches, lines and gaps, and the marks."""
    picture = replace(picture, charts=tuple(_in_range(chart, picture) for chart in picture.charts))
    zone = ZoneInfo(picture.zone)
    with_day = spans_days(picture.start, picture.end, zone)

    def when(at: float) -> str:
        return clock(at, zone, with_day=with_day)

    sentences = [Sentence(f"{picture.title}: {picture.span}, {picture.zone}.")]
    sentences += [sentence for chart in picture.charts for sentence in _panel(chart, when)]
    return _joined([*sentences, *_marks(picture, when)])


def _in_range(chart: Chart, picture: Picture) -> Chart:
    return replace(chart, layers=tuple(_layer_in_range(layer, picture) for layer in chart.layers))


def _layer_in_range(layer: Layer, picture: Picture) -> Layer:
    match layer:
        case Line():
            return replace(layer, series=_part(layer.series, picture.start, picture.end))
        case Stack():
            return replace(layer, series=tuple(summed(series, picture.start, picture.end) for series in layer.series))
        case Heatmap():
            return replace(layer, grid=cells(layer.grid, picture.start, picture.end))
        case Threshold() | Gauge():
            return layer


def _part(series: Series, start: float, end: float) -> Series:
    inside = slice(bisect_left(series.times, start), bisect_right(series.times, end))
    return replace(series, times=series.times[inside], values=series.values[inside])


def _panel(chart: Chart, when: Clock) -> Iterator[Sentence]:
    now = [line for line in chart.lines() if line.role != "before" and line.series]
    others = [layer for layer in chart.layers if isinstance(layer, Stack | Heatmap | Gauge)]
    drawn = now or any(replace(chart, layers=(layer,)).drawable() for layer in others)
    yield Sentence(f"{chart.title}: {_finding(chart) if drawn else chart.missing}.")
    yield from (Sentence(said, 2) for layer in others for said in _other(layer, chart, when))
    main = next((line for line in now if line.role == "main"), None)
    for limit in chart.thresholds() if main else ():
        yield Sentence(_breaches(main.series, limit, when) if main else "", 1)
    for line in chart.lines():
        if line.series:
            yield Sentence(_shape(line, chart, when), LEAST if line.role == "before" else 2)
        if line in now and gaps(line.series):
            yield Sentence(f"{_capital(line.label)} is missing {_some([_span(gap, when) for gap in gaps(line.series)])}.", 3)


def _other(layer: Stack | Heatmap | Gauge, chart: Chart, when: Clock) -> Iterator[str]:
    """What bars, cells and gauges show, in a sentence each."""
    match layer:
        case Stack():
            for series, label in zip(layer.series, layer.labels, strict=False):
                if known := series.known():
                    most = max(known, key=lambda point: point[1])
                    total = amount(sum(value for _, value in known), chart.unit)
                    yield f"{_capital(label)}: {total} in all, most at {when(most[0])} ({amount(most[1], chart.unit)})."
        case Heatmap():
            for name, values, counts in zip(layer.grid.rows, layer.grid.values, layer.grid.counts, strict=True):
                filled = tuple((v, c) for v, c in zip(values, counts, strict=True) if v is not None and c)
                if many := sum(count for _, count in filled):
                    share = sum(value * count for value, count in filled) / many
                    yield f"{_capital(name)}: {amount(share, chart.unit)} of {amount(many)}."
        case Gauge():
            if layer.value is not None:
                now, top = amount(layer.value, chart.unit, (layer.limit,)), amount(layer.high, chart.unit)
                yield f"{now} on a scale to {top}, {layer.label}."


def _finding(chart: Chart) -> str:
    change = ", ".join(part for part in (chart.number, chart.change) if part) or "no number"
    state = {"bad": ", which is on the bad side of its limit", "good": ""}.get(chart.state, "")
    return change + state + (f" ({chart.note})" if chart.note else "")


def _breaches(series: Series, limit: Threshold, when: Clock) -> str:
    """ "Below target 97 % twice: 12:10 to 12:55 and since 13:40."."""
    side, found = OTHER_SIDE[limit.good], breaches(series, limit.value, limit.good)
    if not found:
        return f"Never {side} {limit.label}."
    times = TIMES.get(len(found), f"{len(found)} times")
    return f"{side.capitalize()} {limit.label} {times}: {_some([_stretch(breach, when) for breach in found])}."


def _stretch(breach: Breach, when: Clock) -> str:
    return f"since {when(breach.start)}" if breach.lasting else _span((breach.start, breach.end), when)


def _span(span: tuple[float, float], when: Clock) -> str:
    return f"{when(span[0])} to {when(span[1])}"


def _shape(line: Line, chart: Chart, when: Clock) -> str:
    """ "Today: lowest 91.2 % at 12:31, highest 98.9 % at 09:05, last 94.1 % at 13:59."."""
    known = line.series.known()
    said = partial(amount, unit=chart.unit, limits=tuple(limit.value for limit in chart.thresholds()))
    lowest, highest = min(known, key=lambda point: point[1]), max(known, key=lambda point: point[1])
    name = _capital(line.label)
    if len(known) == 1:
        return f"{name}: {said(lowest[1])} at {when(lowest[0])}, its only value."
    if lowest[1] == highest[1]:
        return f"{name}: {said(lowest[1])} from {when(known[0][0])} to {when(known[-1][0])}."
    points = (("lowest", lowest), ("highest", highest), ("last", known[-1]))
    return f"{name}: {', '.join(f'{word} {said(value)} at {when(at)}' for word, (at, value) in points)}."


def _marks(picture: Picture, when: Clock) -> Iterator[Sentence]:
    marks: Sequence[Mark] = sorted(
        (mark for mark in picture.marks if picture.start <= mark.at <= picture.end), key=lambda mark: mark.at
    )
    for number, mark in enumerate(marks[:MOST_MARKS], start=1):
        yield Sentence(f"Mark {number} at {when(mark.at)}: {mark.text}.", 3)
    if len(marks) > MOST_MARKS:
        yield Sentence(f"And {len(marks) - MOST_MARKS} more marks.", 3)


def _some(phrases: Sequence[str]) -> str:
    """The first few phrases, and how many more there are."""
    shown, more = list(phrases[:MOST_TIMES]), len(phrases) - MOST_TIMES
    if more > 0:
        shown.append(f"{more} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _capital(label: str) -> str:
    return label[:1].upper() + label[1:]


def _joined(sentences: Sequence[Sentence]) -> str:
    """The sentences in order, without the least important where all are too long."""
    for rank in range(LEAST, -1, -1):
        text = " ".join(sentence.text for sentence in sentences if sentence.rank <= rank)
        if len(text) + (len(CUT) if rank < LEAST else 0) <= LONGEST:
            return text + (CUT if rank < LEAST else "")
    return text[: LONGEST - len(CUT)] + CUT
