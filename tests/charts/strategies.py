"""Any picture that the types allow, for hypothesis."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from charts.data import Grid, Series
from charts.spec import Chart, Gauge, Heatmap, Line, Mark, Picture, Stack, Threshold

START = 1_790_000_000.0
words = st.text(max_size=60)
values = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.floats(0, 100) | st.just(97.0)
ROLES = st.sampled_from(["main", "second", "third", "before"])
UNITS = st.sampled_from(["", "count", "%", "points", "ms", "s"])


@st.composite
def any_series(draw: st.DrawFn) -> Series:
    found = draw(st.lists(values, max_size=12))
    hops = draw(st.lists(st.sampled_from([60.0, 60.0, 600.0, 86_400.0]), min_size=len(found), max_size=len(found)))
    first = START + draw(st.floats(-7200, 7200))
    times = tuple(first + sum(hops[:index]) for index in range(len(found)))
    return Series("s", times, tuple(found), draw(UNITS), draw(st.sampled_from([0.0, 60.0])))


lines = st.builds(Line, any_series(), words, ROLES)
limits = st.builds(Threshold, st.floats(-1e6, 1e6), words, st.sampled_from(["above", "below"]))
counts = st.none() | st.integers(0, 5) | st.floats(0, 1e15)


@st.composite
def any_stack(draw: st.DrawFn) -> Stack:
    parts = draw(st.lists(any_series(), max_size=3))
    counted = [replace(part, values=tuple(draw(counts) for _ in part.values)) for part in parts]
    return Stack(tuple(counted), tuple(draw(words) for _ in counted), draw(st.sampled_from([(), tuple(counted)])))


@st.composite
def any_heatmap(draw: st.DrawFn) -> Heatmap:
    rows, columns = draw(st.integers(0, 4)), draw(st.integers(0, 8))
    step = draw(st.sampled_from([60.0, 900.0, 86_400.0]))
    cells = [[(draw(st.floats(-10, 110)), draw(st.integers(1, 10_000))) for _ in range(columns)] for _ in range(rows)]
    there = [[draw(st.booleans()) for _ in range(columns)] for _ in range(rows)]
    pairs = [[cell if has else (None, None) for cell, has in zip(*row, strict=True)] for row in zip(cells, there, strict=True)]
    grid = Grid(
        tuple(draw(words) for _ in range(rows)),
        tuple(START + step * column for column in range(columns)),
        step,
        tuple(tuple(value for value, _ in row) for row in pairs),
        tuple(tuple(count for _, count in row) for row in pairs),
    )
    return Heatmap(grid, draw(st.sampled_from([0.0, 50.0, 100.0])), 100.0)


gauges = st.builds(
    Gauge, st.none() | st.floats(-1e9, 1e9), st.floats(-10, 110), words, st.sampled_from(["above", "below"]), st.just(0.0)
)
layers = st.lists(lines | limits | any_stack(), max_size=5) | st.lists(any_heatmap() | gauges, min_size=1, max_size=1)
charts = st.builds(
    Chart,
    words,
    layers.map(tuple),
    UNITS,
    words,
    words,
    st.sampled_from(["good", "bad", "plain"]),
    words,
    words,
)
marks = st.lists(st.builds(Mark, st.floats(START - 100, START + 1e6), words), max_size=45).map(tuple)
pictures = st.builds(
    lambda title, panels, length, zone, found: Picture(title, panels, START, START + length, zone, "a range", "yesterday", found),
    words,
    st.lists(charts, max_size=8).map(tuple),
    st.sampled_from([0.0, 900.0, 21_600.0, 86_400.0, 90 * 86_400.0]),
    st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/Sao_Paulo"]),
    marks,
)
