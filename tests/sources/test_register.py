"""The register: what is configured is there, under the name that queries use; and a source is one class that knows no other."""

from __future__ import annotations

import ast
import inspect
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.config import Config, Elastic
from bot.sources import REGISTER, TITLES, make
from commands import SECTIONS


def now() -> datetime:
    return datetime(2026, 11, 22, tzinfo=UTC)


def module_of(name: str) -> str:
    return str(getattr(REGISTER[name], "__module__", ""))


def test_what_is_not_configured_is_absent() -> None:
    """A source without its settings is not made, and nothing fails."""
    assert make(Config(), now) == {}
    assert set(make(Config(elastic=Elastic(url="http://127.0.0.1:9")), now)) == {"elastic"}


@pytest.mark.parametrize("name", REGISTER)
def test_every_source_says_what_it_is_called_and_what_it_needs(name: str) -> None:
    """People read both: the one in gaps, the other in `paybot check`."""
    assert TITLES[name] == REGISTER[name].title
    assert REGISTER[name].needs.startswith("needs ")


@pytest.mark.parametrize("section", SECTIONS)
def test_every_query_asks_a_source_of_the_register(section: str) -> None:
    """A source that is mistyped in a section would be a gap for ever."""
    assert {query.source for query in SECTIONS[section].asked().values()} <= set(REGISTER)


@pytest.mark.parametrize("name", REGISTER)
def test_sources_do_not_know_each_other(name: str) -> None:
    """Each can be read, changed and thrown away alone; two classes of one vendor may share a module."""
    path = Path(inspect.getfile(REGISTER[name]))  # type: ignore[arg-type]  # a class, by the register's own protocol
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    imported = {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    others = {module_of(other) for other in REGISTER} - {module_of(name)}
    assert not imported & others
