"""The one way out for any text: masked, cleaned of what deceives the eye, without live mentions or links, within its limit."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final

from bot.slack.redact import masked

__all__ = ["escape", "masked", "plain", "size"]

SECTION: Final = 3_000  # characters that a section's text may have
_SECRET: Final = 200  # characters that one card number, address or token takes at most
_ELLIPSIS: Final = "…"
_BREAK: Final = "\u2060"  # a word joiner: one does not see it, and no parser finds a mention or a link across it
_SEEN: Final = "\u2190-\u2bff\u3030\u303d\u3297\u3299\ufe0f\U0001f000-\U0001faff"  # what an emoji is made of
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # control characters
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f"  # zero width, direction marks
    "\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff"  # bidi overrides and isolates, fillers
    "\U000e0000-\U000e0fff]"  # tags: text that hides in text
    f"|(?<![{_SEEN}])\u200d|\u200d(?![{_SEEN}])"  # joiners outside emoji
)
_LINE_ENDS: Final = re.compile("\r\n?|[\u2028\u2029]")
_ALONE: Final = re.compile("[\ud800-\udfff]")  # half a character: no UTF-8 exists for it
_LIVE: Final = re.compile(
    r"(?<=<)(?=[!@#]|\w{1,20}:)|(?<=@)(?=channel|here|everyone|group)|(?<=:)(?=//)|(?<=www)(?=\.)", re.IGNORECASE
)
_ENTITIES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def escape(text: str, limit: int = SECTION) -> str:
    """Text for mrkdwn: `&<>` escaped once, nothing live in it, at most `limit` characters as Slack gets it."""
    return _shortened(_safe(text, limit), limit, lambda letter: _ENTITIES.get(letter, letter))


def plain(text: str, limit: int) -> str:
    """Text for plain_text, table cells, alt texts and file names: nothing live in it, at most `limit` characters."""
    return _shortened(_safe(text, limit), limit, lambda letter: letter)


def size(text: str) -> int:
    """How long Slack may find it: in UTF-16 units, in which an emoji counts two."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _safe(text: str, limit: int) -> str:
    """The text cleaned, masked and without anything live; of a very long one the part that `limit` can show."""
    cleaned = _UNSEEN.sub("", _ALONE.sub("\ufffd", _LINE_ENDS.sub("\n", text)))
    if len(cleaned) <= 4 * limit + 2 * _SECRET:
        return _LIVE.sub(_BREAK, masked(cleaned))
    # Its end goes too: a secret that the first cut halved would not be recognised.
    return _LIVE.sub(_BREAK, masked(cleaned[: 4 * limit + 2 * _SECRET])[:-_SECRET])


def _shortened(text: str, limit: int, written: Callable[[str], str]) -> str:
    """The text as `written`, cut before a whole letter with "…" where it is too long."""
    whole = "".join(map(written, text[: limit + 1]))
    if len(text) <= limit and size(whole) <= limit:
        return whole
    cut, room = 0, limit - 1
    while (room := room - size(written(text[cut]))) >= 0:
        cut += 1
    while cut and not _starts_letter(text, cut):
        cut -= 1
    return "".join(map(written, text[:cut])).rstrip() + _ELLIPSIS


def _starts_letter(text: str, at: int) -> bool:
    """Whether a letter as people see it starts at `at`: after all marks, joined emoji and pairs of flag halves."""
    before, here = text[at - 1], text[at]
    if "\u200d" in (before, here) or unicodedata.category(here).startswith("M"):
        return False
    if "\U0001f3fb" <= here <= "\U0001f3ff" or "\u1160" <= here <= "\u11ff":  # skin tones; the later parts of a Hangul syllable
        return False
    return not (_is_flag_half(here) and _flag_halves_before(text, at) % 2)


def _is_flag_half(letter: str) -> bool:
    return "\U0001f1e6" <= letter <= "\U0001f1ff"


def _flag_halves_before(text: str, at: int) -> int:
    start = at
    while start and _is_flag_half(text[start - 1]):
        start -= 1
    return at - start
