"""What every test leaves as it found it."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def same_logging() -> Iterator[None]:
    """A test that has the bot set up its logging does not do so for those after it in the same process."""
    root = logging.getLogger()
    level, handlers = root.level, tuple(root.handlers)
    yield
    root.setLevel(level)
    for handler in tuple(root.handlers):
        if handler not in handlers:
            root.removeHandler(handler)
