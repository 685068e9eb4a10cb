"""Text that people type, folded and safely shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from commands.typed import BadInput, folded, nearest, shown


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("  Checkout\t6H ", "checkout 6h"),
        ("only–me", "only-me"),
        ("14:00 … 15:30", "14:00..15:30"),
        ("“checkout”, 6h.", "checkout 6h"),
        ("check\u200bout\u00a06h\u202e", "checkout 6h"),
        ("ｃｈｅｃｋｏｕｔ　６ｈ", "checkout 6h"),
        ("che\x00ckout\ud800", "checkout"),
    ],
)
def test_text_is_folded_to_plain_words(typed: str, plain: str) -> None:
    """Case, spaces, smart punctuation, wide forms and invisible characters make no difference."""
    assert folded(typed) == plain


@pytest.mark.parametrize("text", ["x" * 301, "\ufdfa" * 300])
def test_text_longer_than_any_question_is_refused(text: str) -> None:
    """Also text that only grows long when its ligatures are spelt out."""
    with pytest.raises(BadInput, match="at most 300 characters"):
        folded(text)


@pytest.mark.parametrize(
    ("word", "safe"),
    [
        ("retrys", "`retrys`"),
        ("<!channel>", "`channel`"),
        ("``x`", "`x`"),
        ("платежи", "`платежи`"),
        ("שלום", ""),
        ("😀", ""),
        ("z" * 99, f"`{'z' * 40}…`"),
    ],
)
def test_a_word_is_shown_only_in_safe_form(word: str, safe: str) -> None:
    """Letters that run from left to right, digits and the signs of a question, at most 40 of them."""
    assert shown(word) == safe


@given(some.text(some.characters(codec=None)))
def test_nothing_shown_can_do_harm(word: str) -> None:
    """No mark-up, mention, control or surrogate gets through."""
    inner = shown(word)[1:-1]
    assert not set(inner) & set("<>&`*~@|/\\\n")
    assert len(inner) <= 41
    inner.encode()


def test_the_nearest_word_is_found_or_none() -> None:
    """A slip finds its word; another word finds nothing."""
    assert nearest("recipts", ("retries", "receipts")) == "receipts"
    assert nearest("banana", ("retries", "receipts")) is None
