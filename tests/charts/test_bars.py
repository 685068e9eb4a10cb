"""Bars, cells and gauges: what is drawn of counts, shares by row, and one number."""

from __future__ import annotations

from dataclasses import replace

import pytest

from charts.alt import describe
from charts.bars import BEHIND
from charts.data import Grid, Series
from charts.heat import strength
from charts.merging import BARS, bucket_s, cells, summed
from charts.shapes import Box, Drawing
from charts.spec import Gauge, Heatmap, Stack, Threshold
from charts.style import LIGHT, mixed
from tests.charts.pictures import HOUR, START, chart, drawn, picture, series, texts

GRID = Grid(("attempt 1", "attempt 2"), (START, START + 1800), 1800, ((90.0, None), (50.0, 70.0)), ((10.0, None), (4.0, 12.0)))


def boxes(found: Drawing, colour: str) -> list[Box]:
    return [shape for shape in found.shapes if isinstance(shape, Box) and shape.colour == colour]


def expired(*values: float | None, limit: float | None = None) -> Drawing:
    """Counts of a quarter of an hour each."""
    stack = Stack((series(*values, step=900, unit=""),), ("expired",))
    layers = (stack,) if limit is None else (stack, Threshold(limit, "limit", "below"))
    return drawn(picture(chart(*layers, unit="")))


def test_each_count_has_a_bar_and_none_where_nothing_is_known() -> None:
    """Neither zero nor unknown is a bar; they are told apart by the axis and the note."""
    assert len(boxes(expired(3, 0, None, 2), LIGHT.main)) == 2


def test_bars_are_as_high_as_their_counts() -> None:
    """Twice the count is twice the height."""
    low, high = boxes(expired(2, 4), LIGHT.main)
    assert high.bottom - high.top == pytest.approx(2 * (low.bottom - low.top))


def test_a_bar_beyond_its_limit_is_told_apart() -> None:
    """Its colour is that of the limit that it exceeds; the limit's line says the same without colour."""
    found = expired(3, 12, limit=10)
    assert len(boxes(found, LIGHT.main)) == 1
    assert any(box.bottom - box.top > 20 for box in boxes(found, LIGHT.bad))


def test_parts_of_a_stack_stand_on_each_other() -> None:
    """Where the one ends the next begins."""
    stack = Stack((series(3, step=900), series(2, step=900)), ("extensions", "overrides"))
    found = drawn(picture(chart(stack, unit="")))
    (lower,), (upper,) = boxes(found, LIGHT.main), boxes(found, LIGHT.second)
    assert (lower.left, lower.right, lower.top) == (upper.left, upper.right, upper.bottom)
    assert {"extensions", "overrides"} <= set(texts(found))


def test_the_compared_period_stands_behind_in_grey() -> None:
    """The sum of its parts; the foot says what is grey."""
    now, before = series(1, 2, step=900), series(3, 3, step=900)
    found = drawn(picture(chart(Stack((now,), ("expired",), (before, before)), unit="")))
    grey, bars = boxes(found, mixed(LIGHT.ground, LIGHT.before, BEHIND)), boxes(found, LIGHT.main)
    assert grey[0].bottom - grey[0].top == pytest.approx(6 * (bars[0].bottom - bars[0].top))
    assert "grey: yesterday" in texts(found)


def test_many_counts_are_summed_into_fewer_bars() -> None:
    """A minute's counts of six hours are bars of five minutes; nothing is lost and nothing averaged."""
    minutes = series(*(1.0 for _ in range(360)), unit="")
    found = summed(minutes, START, START + 6 * HOUR)
    assert (found.step_s, len(found.times), found.total()) == (300, 72, 360)


@pytest.mark.parametrize(
    ("hours", "step", "width"), [(1, 60, 60), (6, 60, 300), (24, 300, 900), (168, 900, 7200), (2160, 21600, 86400), (6, 0, 300)]
)
def test_bars_have_round_widths(hours: float, step: float, width: float) -> None:
    """A multiple of the buckets' width that people count in."""
    assert bucket_s(0, hours * HOUR, step, BARS) == width


def test_a_count_that_nobody_knows_stays_unknown_when_summed() -> None:
    """Five unknown minutes are no zero."""
    assert summed(series(None, None, 2, unit=""), START, START + 6 * HOUR).known() == ((START, 2),)
    assert not summed(series(None, None, unit=""), START, START + HOUR)


def test_cells_show_their_counts_and_empty_ones_nothing() -> None:
    """An attempt that nobody made has no share."""
    found = drawn(picture(chart(Heatmap(GRID), unit="%")))
    assert {"10", "4", "12", "attempt 1", "attempt 2", "100 %", "0 %"} <= set(texts(found))
    assert "0" not in texts(found)


def test_the_lowest_share_is_no_empty_cell() -> None:
    """Its colour can be told from the ground."""
    low = mixed(LIGHT.ground, LIGHT.main, strength(0.0, Heatmap(GRID)))
    assert low != LIGHT.ground
    assert boxes(drawn(picture(chart(Heatmap(replace(GRID, values=((0.0, None), (50.0, 70.0))))))), low)


def test_merged_cells_weigh_shares_by_their_counts() -> None:
    """Nine of ten and one of two are ten of twelve."""
    grid = Grid(("a",), (0.0, 60.0), 60.0, ((90.0, 50.0),), ((10.0, 2.0),))
    merged = cells(grid, 0, 6 * HOUR)
    assert merged.values[0][0] == pytest.approx(100 * 10 / 12)
    assert merged.counts == ((12.0,),)


@pytest.mark.parametrize(("value", "colour"), [(3.2, LIGHT.good), (7.0, LIGHT.bad), (5.0, LIGHT.good)])
def test_a_gauge_says_on_which_side_of_its_limit_it_is(value: float, colour: str) -> None:
    """By its bar's colour and by where that ends beside the limit's line."""
    found = drawn(picture(chart(Gauge(value, 5, "goal 5 %", "below", 0, 10))))
    (bar,) = [box for box in boxes(found, colour) if 15 < box.bottom - box.top < 30]
    (limit,) = [box for box in boxes(found, LIGHT.ink) if box.bottom - box.top > 40]
    assert (bar.right <= limit.right) == (value <= 5)
    assert {"goal 5 %", "0 %", "10 %"} <= set(texts(found))


def test_a_gauge_has_no_time_axis() -> None:
    """The times stand under the panel above it."""
    both = drawn(picture(chart(Stack((series(1, 2, step=900),), ("a",))), chart(Gauge(3, 5, "goal", "below"))))
    clocks = [text for text in texts(both) if ":" in text and len(text) == 5]
    assert clocks
    assert not [text for text in texts(drawn(picture(chart(Gauge(3, 5, "goal", "below"))))) if ":00" in text]


def test_a_gauge_without_a_number_says_that_it_is_missing() -> None:
    """It is never drawn at zero."""
    assert "no data in this range" in texts(drawn(picture(chart(Gauge(None, 5, "goal", "below")))))


def test_alt_text_reads_bars_cells_and_gauges() -> None:
    """From the data, as for lines."""
    stack = Stack((Series("s", (START, START + 900), (3.0, 5.0), "", 900),), ("expired",))
    said = describe(picture(chart(stack, unit=""), chart(Heatmap(GRID)), chart(Gauge(3.2, 5, "goal 5 %", "below", 0, 10))))
    assert "Expired: 8 in all, most at 08:15 (5)." in said
    assert "Attempt 2: 65 % of 16." in said
    assert "3.2 % on a scale to 10 %, goal 5 %." in said
