"""Two databases for every promise: a SQLite file, and a PostgreSQL where this machine has one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.store.database import Database
from tests.store import postgres

BUSY_S = 0.3


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Server]:
    """A PostgreSQL for the whole run."""
    if reason := postgres.why_not():
        pytest.skip(reason)
    with postgres.running() as made:
        yield made


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a store without a row stands, or may be made."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/paybot.db"
    server: postgres.Server = request.getfixturevalue("server")
    return server.clean()


@pytest.fixture
def opened() -> Iterator[Callable[[str], Database]]:
    """Opens databases, and closes them at the end."""
    all_: list[Database] = []

    def make(address: str) -> Database:
        all_.append(Database(address, busy_s=BUSY_S))
        all_[-1].open()
        return all_[-1]

    yield make
    for each in all_:
        each.close()


@pytest.fixture
def database(url: str, opened: Callable[[str], Database]) -> Database:
    return opened(url)
