"""Paints a laid-out picture straight on matplotlib's Agg renderer: no pyplot, no Figure, no axes.

The only file that uses matplotlib, which takes half a second to load: import it where pictures are drawn and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import get_data_path
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.ft2font import FT2Font, LoadFlags
from matplotlib.path import Path as Outline
from matplotlib.transforms import Affine2D, Bbox
from numpy.typing import NDArray

from charts.data import Series
from charts.fitting import legible
from charts.layout import layout
from charts.png import encode
from charts.shapes import Area, Box, Dot, Drawing, Shape, Stroke, Text
from charts.spec import Chart, Line, Mark, Picture, Threshold
from charts.style import THEMES

POINTS_AN_INCH = 72  # with as many pixels an inch, matplotlib's points are pixels
SIMPLER_PX = 0.4  # a line may be moved by so much to have fewer corners: not to be seen
WORDS = 160  # kept between pictures, which have 30 to 60 and share most; a word takes about 100 kB
SHARE_LEFT = {"left": 0.0, "middle": 0.5, "right": 1.0}  # of a text's width, left of its anchor

Agg: Callable[..., Any] = RendererAgg  # it has no types


def render(picture: Picture, theme: str = "light") -> bytes:
    """The picture as a PNG, 1,440 px wide and at most 1,400 high; `theme` is "light" or "dark". One at a time per process."""
    drawing = layout(picture, THEMES[theme], _typeface().width)
    return encode(paint(drawing))


def warm() -> None:
    """Draws a small picture of everything, so that the next one waits for no import and no font."""
    hour = tuple(60.0 * minute for minute in range(60))
    line = Line(Series("warm", hour, tuple(minute % 7 / 7 for minute in range(60))), "0123456789")
    chart = Chart("0123456789", (line, Threshold(0.5, "0", "above")), "%", "0 %", "0", "bad")
    picture = Picture("", (chart, replace(chart, layers=())), 0, 3600, "UTC", "", marks=(Mark(60.0, "0"),))
    render(picture)


def paint(drawing: Drawing) -> NDArray[Any]:
    """The drawing's pixels, (height, width, 4) bytes of red, green, blue and alpha."""
    return _Canvas(drawing.width, drawing.height).painted(drawing)


class _Canvas:
    """Pixels that shapes are painted on: flat boxes and text into the pixels themselves, all that slants by Agg."""

    def __init__(self, width: int, height: int) -> None:
        self._agg = Agg(width, height, POINTS_AN_INCH)
        self._size = (width, height)
        self._downwards = Affine2D().scale(1, -1).translate(0, height)
        self._pixels = np.asarray(self._agg.buffer_rgba())
        self._whole = self._pixels.view(np.uint32)[:, :, 0]  # four bytes at once
        self._bytes = self._pixels.reshape(height, 4 * width)

    def painted(self, drawing: Drawing) -> NDArray[Any]:
        for shape in drawing.shapes:
            self._paint(shape)
        return self._pixels

    def _paint(self, shape: Shape) -> None:
        match shape:
            case Box():
                self._box(shape)
            case Stroke():
                self._stroke(shape)
            case Area():
                self._area(shape)
            case Dot():
                self._dot(shape)
            case Text():
                self._text(shape)

    def _box(self, box: Box) -> None:
        rows = slice(max(0, round(box.top)), max(0, round(box.bottom)))
        columns = slice(max(0, round(box.left)), max(0, round(box.right)))
        self._whole[rows, columns] = _four_bytes(box.colour)

    def _stroke(self, stroke: Stroke) -> None:
        pen = self._pen(stroke.colour, stroke.clip)
        pen.set_linewidth(stroke.width)
        pen.set_capstyle("butt" if stroke.dash else "round")
        pen.set_joinstyle("round")
        pen.set_dashes(0, stroke.dash or None)
        path = Outline(stroke.points)
        path.should_simplify, path.simplify_threshold = len(stroke.points) > 2, SIMPLER_PX
        self._agg.draw_path(pen, path, self._downwards)

    def _area(self, area: Area) -> None:
        pen = self._pen(area.colour, area.clip)
        pen.set_linewidth(0)
        fill = (*(part / 255 for part in _rgb(area.colour)), area.alpha)
        if area.hatched:
            pen.set_hatch("///")
            pen.set_hatch_color((*fill[:3], 0.45))
            pen.set_hatch_linewidth(2)
        self._agg.draw_path(pen, Outline(area.points), self._downwards, fill)

    def _dot(self, dot: Dot) -> None:
        pen = self._pen(dot.colour, None)
        pen.set_linewidth(0)
        circle = Outline.circle((dot.x, dot.y), dot.radius)
        self._agg.draw_path(pen, circle, self._downwards, tuple(part / 255 for part in _rgb(dot.colour)))

    def _pen(self, colour: str, clip: Box | None) -> Any:
        pen = self._agg.new_gc()
        pen.set_foreground(colour)
        if clip:
            height = self._size[1]
            pen.set_clip_rectangle(Bbox.from_extents(clip.left, height - clip.bottom, clip.right, height - clip.top))
        return pen

    def _text(self, text: Text) -> None:
        """Mixes the text's colour into the pixels under it, as much as each is covered by ink."""
        word = _typeface().word(text.text, text.size, text.bold, text.colour)
        x = 4 * round(text.x - word.width * SHARE_LEFT[text.anchor] + word.left)
        y = round(text.y) - word.rise
        under = self._bytes[max(0, y) : max(0, y + len(word.ink)), max(0, x) : max(0, x + word.ink.shape[1])]
        part = slice(max(0, -y), max(0, -y) + under.shape[0]), slice(max(0, -x), max(0, -x) + under.shape[1])
        under[:] = (under * word.bare[part] + word.ink[part]) >> 8


@dataclass(frozen=True, slots=True, eq=False)
class _Word:
    """A text ready to be mixed into pixels, each a sum in 256ths: `ink` of its colour and `bare` of what is under it.

    Both are (rows, 4 x columns) numbers of 16 bits. It stands `left` of the pen and rises `rise` above the baseline, in pixels.
    """

    ink: NDArray[Any]
    bare: NDArray[Any]
    left: float
    rise: int
    width: float


class _Typeface:
    """DejaVu Sans, which comes with matplotlib, so that every machine draws the same picture."""

    def __init__(self) -> None:
        folder = Path(get_data_path(), "fonts", "ttf")
        self._faces = {
            bold: FT2Font(str(folder / name)) for bold, name in ((False, "DejaVuSans.ttf"), (True, "DejaVuSans-Bold.ttf"))
        }
        self._unhinted = LoadFlags.NO_HINTING
        self.width = lru_cache(maxsize=4096)(self._width)
        self.word = lru_cache(maxsize=WORDS)(self._word)

    def _width(self, text: str, size: float, bold: bool) -> float:
        return float(self._set(text, size, bold).get_width_height()[0]) / 64

    def _word(self, text: str, size: float, bold: bool, colour: str) -> _Word:
        face = self._set(text, size, bold)
        width, height = face.get_width_height()
        face.draw_glyphs_to_bitmap(antialiased=True)
        share = np.repeat(np.asarray(face.get_image()), 4, axis=1).astype(np.uint16)
        share += share >> 7  # 255 becomes 256
        ink = share * np.tile(np.array((*_rgb(colour), 255), np.uint16), share.shape[1] // 4)
        # FreeType counts in 64ths of a pixel; matplotlib leaves a row free above the highest letter.
        rise = (height - face.get_descent()) // 64 + 1
        return _Word(ink, 256 - share, face.get_bitmap_offset()[0] // 64, rise, width / 64)

    def _set(self, text: str, size: float, bold: bool) -> Any:
        face = self._faces[bold]
        face.set_size(size, POINTS_AN_INCH)
        face.set_text(legible(text, lambda letter: bool(face.get_char_index(ord(letter)))), 0.0, flags=self._unhinted)
        return face


@cache
def _typeface() -> _Typeface:
    return _Typeface()


@cache
def _rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of #rrggbb, 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


@cache
def _four_bytes(colour: str) -> Any:
    """An opaque pixel of #rrggbb as one number, in this machine's order of bytes."""
    return np.array((*_rgb(colour), 255), np.uint8).view(np.uint32)[0]
