from __future__ import annotations

import io
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray
from PIL import Image

from charts.png import encode
from charts.render import _typeface, render, warm
from charts.spec import Chart, Mark, Picture
from charts.style import DARK, LIGHT, TALLEST, WIDTH
from tests.charts.pictures import START, chart, picture, rate
from tests.charts.strategies import pictures


def pixels(png: bytes) -> NDArray[np.uint8]:
    image = Image.open(io.BytesIO(png))
    image.load()
    return np.asarray(image.convert("RGBA"))


def has(found: NDArray[np.uint8], colour: str) -> bool:
    wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return bool((found[:, :, :3] == wanted).all(axis=2).any())


@pytest.mark.parametrize(("name", "theme"), [("light", LIGHT), ("dark", DARK)])
def test_a_picture_is_an_opaque_png_in_its_theme(name: str, theme: object) -> None:
    """The PNG decodes, has its size, is opaque, and shows ground, ink, line and breach in the theme's colours."""
    found = pixels(render(picture(rate(98, 96, 98, 98)), name))
    assert found.shape[1] == WIDTH
    assert found.shape[0] <= TALLEST
    assert (found[:, :, 3] == 255).all()
    assert all(has(found, getattr(theme, colour)) for colour in ("ground", "ink", "main", "bad"))


def test_equal_pictures_are_equal_bytes() -> None:
    """A picture depends on nothing but its values."""
    assert render(picture(rate(98, 96))) == render(picture(rate(98, 96)))


def test_no_letter_is_a_warning_or_an_error(recwarn: pytest.WarningsRecorder) -> None:
    """Emoji, right-to-left marks, Chinese, NUL and an empty title are drawn somehow, without a word from the font."""
    odd = chart(title="五 🚀 \u202eabc\x00 ابج ѣ", number="٪")
    render(picture(odd, Chart(""), marks=[Mark(START, "\ud800 lone half")]))
    assert not recwarn.list


def test_warming_up_makes_the_typeface_ready() -> None:
    """After one call a child has drawn its letters once."""
    warm()
    assert _typeface().word.cache_info().currsize > 0


@settings(max_examples=15, deadline=None)
@given(pictures)
def test_any_picture_is_drawn(found: Picture) -> None:
    """Whatever the data, there is a picture."""
    assert render(found).startswith(b"\x89PNG")


def test_an_encoded_png_gives_back_its_pixels() -> None:
    """Nothing is lost on the way into the file, and the kept buffer does not leak from one picture into the next."""
    draw = np.random.default_rng(7)
    for _ in range(2):
        wanted = draw.integers(0, 256, (40, 30, 4), np.uint8)
        wanted[:, :, 3] = 255
        assert (pixels(encode(wanted)) == wanted).all()


def test_alt_text_needs_no_drawing_library() -> None:
    """The process that answers people writes alt texts without loading matplotlib or NumPy."""
    code = "import sys, charts.alt, charts.spec; sys.exit(any(name in sys.modules for name in ('matplotlib', 'numpy')))"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=30).returncode == 0
