"""What is live in a text, and how the rest is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.workspace.cast import DANA, HOME
from sandbox.workspace.mrkdwn import escape, live, parse


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("<!channel>", ["broadcast"]),
        ("<!here|here>", ["broadcast"]),
        (f"<@{DANA.id}>", ["user"]),
        ("<@U0SOMEBODY|somebody>", ["user"]),
        (f"<#{HOME.id}>", ["channel"]),
        ("<!subteam^S0ONCALL01|@oncall>", ["group"]),
        ("<https://example.com|pay>", ["link"]),
        ("see http://example.com/x.", ["link"]),
        ("`<!channel>`", ["broadcast"]),
        ("```a <!channel> b```", ["broadcast"]),
        ("*bold <!here> and <https://a*b|c>*", ["broadcast", "link"]),
        ("&lt;!channel&gt; &amp;lt;!here&amp;gt;", []),
        ("@channel @here", []),
        ("a < b > c", []),
        ("<!nobody>", []),
        ("<javascript:alert(1)|x>", []),
    ],
)
def test_only_slacks_own_forms_are_live(text: str, kinds: list[str]) -> None:
    """Mentions and links are what Slack makes of angle brackets and bare URLs, in code too; escaped text never is."""
    assert [span.kind for span in live(text)] == kinds


@given(st.text(max_size=300))
def test_escaped_text_mentions_nobody(text: str) -> None:
    """Whatever a person types, escaping leaves no live mention, and the reader sees the same letters."""
    assert all(span.kind == "link" and span.text == span.target for span in live(escape(text)))


@given(st.text(alphabet="<>!@#|*_~`&; \nahttps:/.", max_size=200))
def test_any_text_can_be_parsed(text: str) -> None:
    """The parser is total."""
    parse(text)


def test_styles_nest() -> None:
    """Bold within a quote is both."""
    spans = parse("> a *b _c_*")
    assert [(span.text, sorted(span.styles)) for span in spans] == [
        ("a ", ["quote"]),
        ("b ", ["bold", "quote"]),
        ("c", ["bold", "italic", "quote"]),
    ]


@pytest.mark.parametrize("text", ["snake_case_name", "2*3*4", "a~b~c", "* not bold *", ":no_such_emoji:"])
def test_marks_within_words_are_letters(text: str) -> None:
    """Only marks around words are styles."""
    assert parse(text) == parse(text)[:0] + tuple(span for span in parse(text) if not span.styles)
    assert "".join(span.text for span in parse(text)) == text


def test_code_shows_entities_once() -> None:
    """`&amp;lt;` in code reads `&lt;`: entities are undone exactly once."""
    assert [span.text for span in parse("`&amp;lt;`")] == ["&lt;"]
