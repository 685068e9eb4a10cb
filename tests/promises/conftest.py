"""A stage with its people and, for most promises, a bot that is ready."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.promises.people import People
from tests.promises.serving import Bot, served
from tests.stage import Stage, environment, free_port


@pytest.fixture
def stage() -> Iterator[Stage]:
    """The sandbox without its bot, in this process: its workspace is the ledger of all that was said."""
    stage = Stage(0, free_port())
    stage.start()
    try:
        yield stage
    finally:
        stage.stop()


@pytest.fixture
def people(stage: Stage) -> People:
    return People(stage, stage.url)


@pytest.fixture
def bot(stage: Stage, tmp_path: Path) -> Iterator[Bot]:
    """`paybot serve`, working for the stage."""
    with served(stage.bot_port, environment(stage.url), tmp_path) as bot:
        yield bot
