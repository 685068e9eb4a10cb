from __future__ import annotations

import pytest

from charts.style import DARK, LIGHT, Theme


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["ink", "muted", "main", "second", "third", "good", "bad"])
def test_texts_stand_out_from_the_ground(theme: Theme, name: str) -> None:
    """Every colour that is used for text reaches 4.5:1."""
    assert contrast(getattr(theme, name), theme.ground) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_the_notice_in_an_empty_panel_can_be_read(theme: Theme) -> None:
    """The sentence that stands on the faint ground reaches 4.5:1 there too."""
    assert contrast(theme.ink, theme.faint) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_the_compared_line_is_seen_but_stays_behind(theme: Theme) -> None:
    """Grey is visible, and weaker than the main line."""
    assert 2 <= contrast(theme.before, theme.ground) < contrast(theme.main, theme.ground)
