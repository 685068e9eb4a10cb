"""What the tests of the sources share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import stamina


@pytest.fixture
def no_pauses() -> Iterator[None]:
    """Pauses between attempts take no time; how many attempts there are is as in production."""
    with stamina.set_testing(True, attempts=3, cap=True):
        yield
