"""The one way out: escaped once, masked, nothing live, within limits."""

from __future__ import annotations

import re
import unicodedata
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.text import escape, plain, size

LIVE = re.compile(r"<[!@#]|<\w+:|<[^>]*\|[^>]*>|https?://|www\.|@(?:channel|here|everyone)\b", re.IGNORECASE)
HOSTILE = (
    "<!channel>",
    "<!here|here>",
    "<@U0123ABCD>",
    "<#C0123ABCD|general>",
    "<!subteam^S0123|ops>",
    "<http://evil.example|pay>",
    "https://evil.example/x",
    "&lt;!channel&gt;",
    "@channel",
    "www.evil.example",
    "<mailto:a@example.com|x>",
    "\u202e\u200b\x00",
    "👩‍👩‍👧‍👦",
    "e\u0301\u0323",
    "🇩🇪",
    "4242 4242 4242 4242",
)
text_like = st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=8)), max_size=12).map("".join)


@given(text_like)
def test_no_escaped_text_is_live(text: str) -> None:
    """Whatever the data say, no mention, channel or link comes alive."""
    assert not LIVE.search(escape(text))
    assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", escape(text))


@given(text_like)
def test_no_plain_text_is_live(text: str) -> None:
    """A parser that took a plain text for mrkdwn would find nothing live either."""
    assert not re.search(r"<[!@#]|<\w+:|https?://|@(?:channel|here|everyone)\b", plain(text, 3_000), re.IGNORECASE)


@given(text_like, st.integers(1, 40))
def test_no_text_is_longer_than_its_limit(text: str, limit: int) -> None:
    """Slack refuses a whole message for one text that is too long."""
    assert size(escape(text, limit)) <= limit
    assert size(plain(text, limit)) <= limit


@given(st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), max_size=30))
def test_ordinary_text_arrives_as_it_is(text: str) -> None:
    """What needs no care is not changed: unescaping gives it back."""
    shown = unescape(escape(text)).replace("\u2060", "")
    assert shown == text or "[" in shown  # masked


def test_ampersands_are_escaped_exactly_once() -> None:
    """Data that are escaped already are shown as they are."""
    assert escape("R&D <b> &amp;") == "R&amp;D &lt;b&gt; &amp;amp;"


def test_secrets_are_masked_before_they_could_be_cut() -> None:
    """A limit never leaves the first half of a card number."""
    assert plain("card 4242 4242 4242 4242", 20) == "card [card number]"
    assert plain("card 4242 4242 4242 4242", 12) == "card [card…"


@pytest.mark.parametrize("hidden", ["\x00", "\x1b", "\u200b", "\u202e", "\u2066", "\ufeff", "\u00ad", "\U000e0041", "\u200d"])
def test_what_one_cannot_see_is_removed(hidden: str) -> None:
    """Control characters, zero width, bidi overrides and tags do not leave the process."""
    assert plain(f"pay{hidden}ment", 100) == escape(f"pay{hidden}ment") == "payment"


def test_invisible_characters_hide_no_card_number() -> None:
    """Cleaning comes before masking."""
    assert plain("4242\u200b4242\u202e42424242", 100) == "[card number]"


def test_half_a_character_is_replaced() -> None:
    """A lone surrogate has no UTF-8 and would fail the whole post."""
    assert plain("a\ud83db", 10).encode() == "a\ufffdb".encode()


@pytest.mark.parametrize("letter", ["👩‍👩‍👧‍👦", "e\u0301\u0323", "🇩🇪", "👍🏽", "❤️", "\u1112\u1161\u11ab"])
@pytest.mark.parametrize("limit", range(1, 24))
def test_letters_are_never_cut_in_half(letter: str, limit: int) -> None:
    """A text is cut between letters as people see them."""
    kept = plain(letter * 12, limit).removesuffix("…")
    assert kept == letter * (len(kept) // len(letter))


def test_emoji_joiners_are_kept() -> None:
    """A family stays one picture."""
    assert plain("👩‍👩‍👧‍👦 ok", 100) == "👩‍👩‍👧‍👦 ok"


@given(st.text())
def test_nothing_unseen_is_left_but_our_own_breaks(text: str) -> None:
    """The only format characters are our word joiners and the joiners of emoji."""
    left = {letter for letter in plain(text, 3_000) if unicodedata.category(letter) in {"Cc", "Cs"}}
    assert left <= {"\n", "\t"}
