"""Links into Kibana: what is in a value stays in that value."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st

from bot.sources.kibana import any_of, discover, rison
from tests.sources.vendor import NOON


def test_rison_escapes_its_marks() -> None:
    """FACTS 2.5: `!` and `'` are escaped with `!`."""
    assert rison("it's 5!") == "'it!'s 5!!'"


def test_kql_quotes_every_value() -> None:
    """A value with quotes or operators stays a phrase; several values are alternatives."""
    assert any_of("env", ['a" or *']) == 'env: "a\\" or *"'
    assert any_of("kind", ["a", "b"]) == 'kind: ("a" or "b")'


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_value_leaves_its_place_in_the_url(value: str) -> None:
    """Whatever an environment is called, the URL has one fragment, two parameters, and the value unchanged in its string."""
    url = discover("https://kibana.example", "v", value, NOON - timedelta(hours=1), NOON)
    assert url.count("#") == 1
    assert url.count("&") == 1
    assert url.isprintable()
    assert f"query:{rison(value)}))" in unquote(url)
