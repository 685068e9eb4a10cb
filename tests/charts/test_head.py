"""The head of a panel: number and change, read in a preview."""

from __future__ import annotations

from dataclasses import replace

import pytest

from charts.shapes import Text
from charts.style import CHANGE, NAME, NUMBER
from tests.charts.pictures import chart, drawn, of, picture, rate


def sizes(number: str, change: str) -> tuple[float, float]:
    """How large number and change are drawn; the change is whole."""
    panel = replace(rate(98, 98), number=number, change=change)
    found = {text.text: text.size for text in of(drawn(picture(panel, chart())), Text)}
    return found[number], found[change]


def test_a_short_change_stands_beside_a_large_number() -> None:
    """Both in the sizes that they are meant to have."""
    assert sizes("94.1 %", "2 points below yesterday") == (NUMBER, CHANGE)


@pytest.mark.parametrize("change", ["4 % less than yesterday", "the same as last week"])
def test_a_long_change_is_said_whole_beside_a_smaller_number(change: str) -> None:
    """The change keeps a size that is read in a preview; the number gives way, and stays as large as the panel's name."""
    number, small = sizes("235 active, 46 new", change)
    assert NAME <= number < NUMBER
    assert small == CHANGE
