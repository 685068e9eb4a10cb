"""An answer's numbers as CSV (RFC 4180): unrounded, missing left empty, nothing a spreadsheet would run."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from io import StringIO
from math import isfinite
from typing import Final
from zoneinfo import ZoneInfo

from bot.answer import Answer
from bot.slack.text import plain
from charts.data import Series, Value
from charts.spec import Gauge, Heatmap, Layer, Line, Picture, Stack, Threshold
from commands.panel import TitledTable

TEXT: Final = 1_000  # characters of a cell
_FORMULA: Final = tuple("=+-@\t\r＝＋－＠")  # a spreadsheet takes a text that starts so for a formula

Row = Sequence[Value]


def csv_text(answer: Answer) -> str:
    """All series, marks and tables of the answer, one block of rows after the other, each with its header.

    Every line has the same number of fields; times are ISO 8601, in UTC and in the asker's zone; a comparison's values stand at
    the times of the asked window, as in the picture.
    """
    rows = [*_about(answer)]
    if answer.picture:
        zone = answer.ask.window.zone
        rows += [*_series(answer.picture, zone), *_cells(answer.picture, zone), *_gauges(answer.picture)]
        rows += _marks(answer.picture, zone)
    for titled in answer.tables:
        rows += _table(titled)
    width = max(len(row) for row in rows)
    written = StringIO(newline="")
    csv.writer(written, lineterminator="\r\n").writerows([*map(_cell, row), *[""] * (width - len(row))] for row in rows)
    return written.getvalue()


def _about(answer: Answer) -> Iterator[Row]:
    window = answer.ask.window
    yield ("report", "range", "from", "to", "zone", "env", "reference")
    times = (_utc(window.start.timestamp()), _utc(window.end.timestamp()))
    yield (answer.title, window.words, *times, window.zone, answer.ask.env, answer.reference)


def _series(picture: Picture, zone: str) -> Iterator[Row]:
    """One column a line or a stack's part, one row a time at which any of them has a bucket."""
    named = [(chart, label, series) for chart in picture.charts for layer in chart.layers for label, series in _lines(layer)]
    if not named:
        return
    yield ()
    titles = (f"{chart.title}: {label}{_unit(series.unit or chart.unit)}" for chart, label, series in named)
    yield ("time (UTC)", f"time ({zone})", *titles)
    columns = [_by_time(series) for _, _, series in named]
    for time in sorted({time for column in columns for time in column}):
        yield (_utc(time), _local(time, zone), *(column.get(time) for column in columns))


def _lines(layer: Layer) -> Iterator[tuple[str, Series]]:
    """Each series of a layer by its name."""
    match layer:
        case Line():
            yield layer.label, layer.series
        case Stack():
            yield from zip(layer.labels, layer.series, strict=False)
            yield from ((f"{label}, compared", series) for label, series in zip(layer.labels, layer.before, strict=False))
        case Threshold() | Heatmap() | Gauge():
            return


def _cells(picture: Picture, zone: str) -> Iterator[Row]:
    """One row for each cell of a heatmap that holds anything."""
    for chart in picture.charts:
        for layer in chart.layers:
            if not isinstance(layer, Heatmap) or not layer.grid:
                continue
            yield ()
            yield ("time (UTC)", f"time ({zone})", chart.title, f"value{_unit(chart.unit)}", "count")
            for name, values, counts in zip(layer.grid.rows, layer.grid.values, layer.grid.counts, strict=True):
                for time, value, count in zip(layer.grid.times, values, counts, strict=True):
                    if value is not None:
                        yield (_utc(time), _local(time, zone), name, value, count)


def _gauges(picture: Picture) -> Iterator[Row]:
    found = [(chart, layer) for chart in picture.charts for layer in chart.layers if isinstance(layer, Gauge)]
    for chart, layer in found:
        yield ()
        yield (f"{chart.title}{_unit(chart.unit)}", "limit")
        yield (layer.value, layer.limit)


def _by_time(series: Series) -> dict[float, float | None]:
    return dict(zip(series.times, series.values, strict=True))


def _marks(picture: Picture, zone: str) -> Iterator[Row]:
    if not picture.marks:
        return
    yield ()
    yield ("time (UTC)", f"time ({zone})", "mark")
    for mark in picture.marks:
        yield (_utc(mark.at), _local(mark.at, zone), mark.text)


def _table(titled: TitledTable) -> Iterator[Row]:
    yield ()
    yield (titled.title, titled.note)
    yield tuple(f"{column.title}{_unit(column.unit)}" for column in titled.table.columns)
    yield from titled.table.rows


def _unit(unit: str) -> str:
    return "" if unit in {"", "text", "count"} else f" ({'%' if unit == 'change' else unit})"


def _cell(value: Value) -> str:
    if value is None or (isinstance(value, float) and not isfinite(value)):
        return ""
    if isinstance(value, str):
        text = plain(value, TEXT)
        return f"'{text}" if text.startswith(_FORMULA) else text
    return f"{value:.0f}" if value == round(value) else repr(value)


def _utc(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _local(time: float, zone: str) -> str:
    return datetime.fromtimestamp(time, ZoneInfo(zone)).isoformat(timespec="seconds")
