"""The exact numbers, counted from the events themselves: what every answer can be checked against."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from sandbox.declines import CODES
from sandbox.ledger import Rows
from sandbox.lives import Kind

if TYPE_CHECKING:
    from sandbox.world import World


class Truth:
    """Counts over [start, end), aware times, of one environment (None: the main one)."""

    def __init__(self, world: World) -> None:
        self._world = world

    def events(self, kind: Kind, start: datetime, end: datetime, env: str | None = None) -> Rows:
        """The events themselves."""
        rows = self._world.events(kind, env or self._world.env)
        return rows.between(round(start.timestamp() * 1000), round(end.timestamp() * 1000))

    def count(self, kind: Kind, start: datetime, end: datetime, env: str | None = None) -> int:
        """How many events of that kind there were."""
        return len(self.events(kind, start, end, env))

    def failures(self, start: datetime, end: datetime, env: str | None = None) -> Counter[str]:
        """Declined payments by decline code."""
        codes = self.events("checkout.failed", start, end, env).code
        return Counter({CODES[code]: int(many) for code, many in zip(*np.unique(codes, return_counts=True), strict=True)})

    def success_share(self, start: datetime, end: datetime, env: str | None = None) -> float | None:
        """The share of payments that went through, of those that ended; None when none did."""
        done = self.count("checkout.completed", start, end, env)
        ended = done + self.count("checkout.failed", start, end, env)
        return done / ended if ended else None
