"""A stage for each test; the database is made once, as its migrations take longer than most tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.alerts_outbox.stage import Flaky, Stage


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flaky]:
    database = Flaky(f"sqlite:///{tmp_path_factory.mktemp('store') / 'paybot.db'}")
    database.open()
    yield database
    database.close()


@pytest.fixture
def stage(migrated: Flaky) -> Stage:
    return Stage(migrated)
