from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from charts.shapes import Area, Box, Dot, Stroke, Text
from charts.spec import Chart, Line, Mark, Picture, State, Threshold
from charts.style import CAPITAL, DARK, LIGHT, TALLEST, WIDTH
from tests.charts.pictures import START, chart, drawn, of, overlapping, picture, rate, series, texts
from tests.charts.strategies import pictures


def strokes(chart: Chart, colour: str) -> list[Stroke]:
    return [stroke for stroke in of(drawn(picture(chart)), Stroke) if stroke.colour == colour]


def test_what_is_read_at_a_glance_is_large_in_a_preview() -> None:
    """Name, number and change have capitals of 10 px when the picture is shown 480 px wide."""
    sizes = {text.text: text.size for text in of(drawn(picture(rate(98, 96))), Text)}
    glance = [sizes["Success rate"], sizes["94.1 %"], sizes["2.3 points below yesterday"]]
    assert min(glance) * CAPITAL * 480 / WIDTH >= 10


def test_range_zone_and_the_compared_period_stand_in_the_foot() -> None:
    """A picture that is passed on still says when and where its times are."""
    said = texts(drawn(picture(rate(98), chart(Line(series(98), "yesterday", "before")))))
    assert "Sun 22 Nov · Europe/Berlin" in said
    assert "grey: yesterday" in said
    assert "grey: yesterday" not in texts(drawn(picture(rate(98))))


def test_a_gap_breaks_the_line() -> None:
    """Missing data are no line, least of all one at zero."""
    left, right = strokes(chart(Line(series(98, 97, None, 97, 98), "today")), LIGHT.main)
    assert left.points[-1, 0] < right.points[0, 0]
    assert np.isfinite(left.points).all()


def test_a_lone_point_between_gaps_is_a_dot() -> None:
    """One value without neighbours is still seen."""
    drawing = drawn(picture(chart(Line(series(98, 98, None, 91, None, 98, 98), "today"))))
    assert len([dot for dot in of(drawing, Dot) if dot.colour == LIGHT.main]) == 2  # it, and the newest point


def test_a_panel_without_data_says_so_in_its_place() -> None:
    """A dead source spoils its own panel and no other."""
    dead = Chart("Sessions", missing="no data: Datadog did not answer in 8 s")
    said = texts(drawn(picture(rate(98, 97), dead)))
    assert "no data: Datadog did not answer in 8 s" in said
    assert "today" in said


def test_only_yesterday_is_not_taken_for_today() -> None:
    """Where only the compared period has data, the panel says that today has none."""
    said = texts(drawn(picture(chart(Line(series(None, None), "today"), Line(series(98, 98), "yesterday", "before")))))
    assert "no data in this range" in said
    assert "yesterday" in said


def test_a_breach_is_shaded_hatched_and_marked_at_the_foot() -> None:
    """A breach is told by pattern and by a bar, not by colour alone."""
    drawing = drawn(picture(rate(98, 96, 98)))
    assert [area.hatched for area in of(drawing, Area) if area.alpha < 1] == [True]
    assert [box for box in of(drawing, Box) if box.colour == LIGHT.bad]


def test_no_breach_is_no_shade() -> None:
    """A rate at its target is not shaded."""
    assert not [box for box in of(drawn(picture(rate(97, 98, 97))), Box) if box.colour == LIGHT.bad]


@pytest.mark.parametrize(("state", "sign"), [("bad", Area), ("good", Dot), ("plain", None)])
def test_a_state_has_a_sign_beside_its_colour(state: State, sign: type[Area] | type[Dot] | None) -> None:
    """A triangle warns, a ticked disc assures, a plain number has neither."""
    drawing = drawn(picture(replace(chart(), state=state)))
    assert [type(shape) for shape in drawing.shapes if isinstance(shape, Area | Dot)] == ([sign] if sign else [])


def test_lines_and_limit_are_named_at_their_ends() -> None:
    """Names stand right of the plot, in the colour of what they name."""
    drawing = drawn(picture(rate(98, 98)))
    today, target = (next(text for text in of(drawing, Text) if text.text == name) for name in ("today", "target 97 %"))
    edge = max(stroke.points[:, 0].max() for stroke in of(drawing, Stroke))
    assert min(today.x, target.x) > edge
    assert (today.colour, target.colour) == (LIGHT.main, LIGHT.bad)


def test_names_of_lines_that_end_together_are_moved_apart() -> None:
    """Four lines that end at one value keep four readable names."""
    lines = [Line(series(98, 98), f"line {role}", role) for role in ("main", "second", "third", "before")]
    drawing = drawn(picture(chart(*lines, Threshold(98, "limit", "above"))))
    assert len([text for text in texts(drawing) if text.startswith("li")]) == 5
    assert not overlapping(drawing)


def test_where_names_have_no_room_the_main_line_keeps_its_own() -> None:
    """In a low plot the least important names go first."""
    crowded = chart(*(Line(series(98, 98), f"{role} line", role) for role in ("before", "third", "second", "main")))
    said = texts(drawn(picture(*[crowded] * 6)))
    assert said.count("main line") == 6
    assert "before line" not in said


def test_one_time_stands_at_one_place_in_all_panels() -> None:
    """Panels share their time axis to the pixel, whatever their labels."""
    wide = chart(Line(series(1e9, 2e9), "a much longer name"), unit="requests")
    drawing = drawn(picture(rate(98, 97), wide))
    first, second = (stroke.points[:, 0] for stroke in of(drawing, Stroke) if stroke.colour == LIGHT.main and stroke.clip)
    assert first.tolist() == second.tolist()


def test_a_long_line_keeps_its_peaks() -> None:
    """A day by the second is drawn with few points, and the one second that was bad is among them."""
    values = [98.0] * 86_400
    values[40_000] = 55.0
    (line,) = strokes(chart(Line(series(*values, step=3600 / 86_400), "today")), LIGHT.main)
    (whole,) = strokes(chart(Line(series(98.0, 55.0), "today")), LIGHT.main)
    assert len(line.points) < 2000
    assert line.points[:, 1].max() == pytest.approx(whole.points[:, 1].max())


def test_what_is_outside_the_range_does_not_stretch_the_axis() -> None:
    """Points that led up to the range are not part of it."""
    early = series(5, 98, 98, start=START - 60)
    assert texts(drawn(picture(chart(Line(early, "today"))))) == texts(drawn(picture(chart(Line(series(98, 98), "today")))))


def test_panels_beyond_the_sixth_are_counted_in_the_foot() -> None:
    """A picture never grows too tall, and says what it leaves out."""
    drawing = drawn(picture(*[chart(Line(series(98, 97), "yesterday", "before"))] * 8))
    assert drawing.height <= TALLEST
    assert "grey: yesterday; not drawn: 2 more" in texts(drawing)


def test_long_texts_are_shortened_to_the_picture() -> None:
    """No title, name or mark is cut off by the edge."""
    long = replace(rate(98, 96), title="n" * 300, number="1" * 50, change="c" * 300, note="o" * 300)
    drawing = drawn(replace(picture(long, marks=[Mark(START, "m" * 300)]), title="t" * 300, span="s" * 300))
    assert not overlapping(drawing)


@settings(max_examples=60, deadline=None)
@given(pictures)
def test_any_picture_is_laid_out_without_collisions(found: Picture) -> None:
    """Whatever the data: the size holds, every coordinate is finite, and no two texts touch."""
    drawing = drawn(found, DARK)
    assert 0 < drawing.height <= TALLEST
    assert all(np.isfinite(shape.points).all() for shape in drawing.shapes if isinstance(shape, Stroke | Area))
    assert not overlapping(drawing)
