"""trigger_ids: what an app gets with every interaction, and may exchange for one modal within three seconds."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable

from sandbox.workspace.refused import Refused

LIVES_S = 3.0
MOST_TRIGGERS = 2_000
SHAPE = re.compile(r"\d+\.\d+\.[0-9a-f]+")


def fresh() -> str:
    """A trigger_id that no other interaction has."""
    return f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"


class Triggers:
    """The trigger_ids that were given out. `seconds` is a monotonic clock."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._given: dict[str, tuple[str, float]] = {}
        self._used: dict[str, None] = {}

    def make(self, user: str) -> str:
        """A trigger_id for what `user` has just done."""
        trigger = fresh()
        self._given[trigger] = user, self._seconds() + LIVES_S
        if len(self._given) > MOST_TRIGGERS:
            self._given.pop(next(iter(self._given)))
        return trigger

    def use(self, trigger: str) -> str:
        """Whose it is; each can be used once. Raises Refused."""
        if not SHAPE.fullmatch(trigger):
            raise Refused("invalid_trigger_id")
        if trigger in self._used:
            raise Refused("exchanged_trigger_id")
        user, until = self._given.pop(trigger, ("", -1.0))
        if self._seconds() > until:
            raise Refused("expired_trigger_id")
        self._used[trigger] = None
        if len(self._used) > MOST_TRIGGERS:
            self._used.pop(next(iter(self._used)))
        return user
