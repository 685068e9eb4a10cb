"""Makes texts fit for a picture: letters that can be drawn, shortened, broken into lines, moved apart."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from unicodedata import category

from charts.shapes import Measure

ELLIPSIS = "…"
UNKNOWN = "□"
# What is not seen goes, above all marks that turn the direction of a text; so do the selectors that ask for a coloured emoji.
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
SELECTORS = frozenset(map(chr, range(0xFE00, 0xFE10)))


def legible(text: str, known: Callable[[str], bool]) -> str:
    """The text on one line, without unseen marks, and with one box for each run of letters that the font does not know."""
    if text.isascii() and text.isprintable():
        return text
    found = ""
    for letter in " ".join(text.split()):
        if category(letter) not in UNSEEN and letter not in SELECTORS:
            found += letter if known(letter) else "" if found.endswith(UNKNOWN) else UNKNOWN
    return found


def shorten(text: str, room: float, size: float, measure: Measure, *, bold: bool = False) -> str:
    """The text, or as much of its beginning as fits `room` pixels together with an ellipsis."""
    if measure(text, size, bold) <= room:
        return text
    kept = bisect_right(range(1, len(text)), room, key=lambda length: measure(text[:length] + ELLIPSIS, size, bold))
    return text[:kept].rstrip() + ELLIPSIS


def wrap(text: str, room: float, size: float, measure: Measure, most: int) -> tuple[str, ...]:
    """The text in at most `most` lines of at most `room` pixels, broken between words; the last is shortened."""
    lines, words = [""], text.split()
    for index, word in enumerate(words):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and measure(longer, size, False) > room:
            if len(lines) == most:
                lines[-1] = " ".join([lines[-1], *words[index:]])
                break
            lines.append(word)
        else:
            lines[-1] = longer
    return tuple(shorten(line, room, size, measure) for line in lines)


def spread(wanted: Sequence[float], apart: float, low: float, high: float) -> list[float]:
    """Positions at least `apart` from each other and within low..high, each as near its wanted place as that allows.

    `wanted` is rising. Neighbours that are too close form a group, which stands around its members' mean; where the room is
    too small for all, they overlap evenly.
    """
    if not wanted:
        return []
    apart = min(apart, (high - low) / max(1, len(wanted) - 1)) if len(wanted) > 1 else apart
    groups: list[list[float]] = []
    for place in wanted:
        groups.append([place])
        while len(groups) > 1 and _first(groups[-1], apart, low, high) < _last(groups[-2], apart, low, high) + apart:
            upper = groups.pop()
            groups[-1].extend(upper)
    return [_first(group, apart, low, high) + index * apart for group in groups for index in range(len(group))]


def _first(group: Sequence[float], apart: float, low: float, high: float) -> float:
    length = (len(group) - 1) * apart
    return max(low, min(high - length, sum(group) / len(group) - length / 2))


def _last(group: Sequence[float], apart: float, low: float, high: float) -> float:
    return _first(group, apart, low, high) + (len(group) - 1) * apart
