"""The register: what is configured is there, under the name that queries use."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.config import Config, Datadog, Elastic
from bot.sources import REGISTER, TITLES, make


def now() -> datetime:
    return datetime(2026, 11, 22, tzinfo=UTC)


def test_what_is_not_configured_is_absent() -> None:
    """A source without its settings is not made, and nothing fails."""
    assert make(Config(), now) == {}
    assert set(make(Config(elastic=Elastic(url="http://127.0.0.1:9")), now)) == {"elastic"}


def test_every_source_has_the_title_that_people_know() -> None:
    """The register of titles agrees with the sources themselves."""
    config = Config(datadog=Datadog(api_key="a", app_key="b"), elastic=Elastic(url="http://127.0.0.1:9"))
    made = make(config, now)
    assert {name: source.title for name, source in made.items()} == TITLES
    assert set(made) == set(REGISTER)
