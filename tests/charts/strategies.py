"""Any picture that the types allow, for hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from charts.data import Series
from charts.spec import Chart, Line, Mark, Picture, Threshold

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
charts = st.builds(
    Chart,
    words,
    st.lists(lines | limits, max_size=5).map(tuple),
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
