"""Text that a person typed, maybe on a phone, maybe with bad intent: folded to plain words, and shown back only in safe form."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

LONGEST: Final = 300  # characters; the longest sensible question has a hundred
_SHOWN: Final = 40
_FORGIVEN: Final = str.maketrans(
    {
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **dict.fromkeys("\"'`´‘’‚‛“”„‟«»‹›", ""),
        **dict.fromkeys("\u200b\u2060\ufeff", ""),  # spaces without width
    }
)
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})  # controls, text direction, lone surrogates, unassigned
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL", "AN"})


class BadInput(Exception):
    """The person can mend it: the message is one or two plain sentences, safe to show, with the nearest right form."""


def folded(text: str) -> str:
    """Lower-case words with one space between them; smart punctuation plain, quotes and invisible characters gone.

    Raises BadInput where the text is longer than any question.
    """
    plain = unicodedata.normalize("NFKC", text.strip()[: LONGEST + 1].translate(_FORGIVEN)).translate(_FORGIVEN).lower()
    if len(plain) > LONGEST:
        raise BadInput(f"That is too long: a question has at most {LONGEST} characters, such as `checkout 6h vs yesterday`.")
    seen = "".join(" " if sign.isspace() else sign for sign in plain if _is_seen(sign))
    joined = re.sub(r" ?\.{2,} ?", "..", re.sub(r"--+", "-", " ".join(seen.split())))
    return " ".join(word.rstrip(".,;!?") for word in joined.split()).strip()


def shown(word: str) -> str:
    """`word` between backticks as it may be repeated to people; empty when nothing of it is safe to repeat.

    Only letters and digits that run from left to right and the signs of a question are kept: nothing that Slack, a
    terminal or the direction of text gives a meaning.
    """
    kept = "".join(sign for sign in word[: 4 * _SHOWN] if sign in "-_.:+" or _is_plain(sign)).strip("-_.:+")
    return f"`{kept[:_SHOWN]}{'…' if len(kept) > _SHOWN else ''}`" if kept else ""


def nearest(word: str, known: Sequence[str]) -> str | None:
    """The known word that was probably meant, or None."""
    return next(iter(get_close_matches(word[:_SHOWN], known, n=1)), None)


def _is_seen(sign: str) -> bool:
    return sign.isspace() or unicodedata.category(sign) not in _UNSEEN


def _is_plain(sign: str) -> bool:
    return sign.isalnum() and unicodedata.bidirectional(sign) not in _RIGHT_TO_LEFT
