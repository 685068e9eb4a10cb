"""Waiting for what another process does."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(holds: Callable[[], object], limit_s: float) -> None:
    """Returns as soon as it holds; fails when that takes longer than `limit_s`."""
    deadline = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline, f"did not come about in {limit_s:g} s"
        time.sleep(0.05)
