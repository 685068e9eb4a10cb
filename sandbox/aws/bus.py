"""EventBridge: the rules of the company's bus, what each was invoked for, and what its targets refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sandbox.chance import Chance
from sandbox.ledger import Rows
from sandbox.lives import Kind

if TYPE_CHECKING:
    from sandbox.world import World

BUS = "payments-${ENV}"
ARCHIVE = "receipts-to-archive"
RULES: Mapping[str, Kind | None] = {
    "retries-to-queue": "retry.queued",
    ARCHIVE: "receipt.rendered",
    "expired-to-crm": "checkout.expired",
    "month-end-close": None,  # a rule that waits for the end of the month
}
MESSAGES = (
    "Rate exceeded for the archive's table",
    "The archive is read-only while it is moved",
    "Connection to the archive timed out",
)
_REFUSED_SHARE = 0.00002


@dataclass(frozen=True, slots=True)
class Refusal:
    """One invocation that failed for good and went to the rule's dead letters."""

    time_ms: int
    rule: str
    status: int
    message: str


def bus(env: str) -> str:
    """The name of an environment's bus."""
    return BUS.replace("${ENV}", env)


def invoked(world: World, rule: str, env: str, start_ms: int, end_ms: int) -> Rows:
    """The events for which a rule was invoked."""
    kind = RULES[rule]
    return world.events(kind or "retry.queued", env).between(start_ms, end_ms if kind else start_ms)


def refused(world: World, rule: str, rows: Rows) -> NDArray[np.bool_]:
    """Which of a rule's invocations its target refused."""
    if rule != ARCHIVE:
        return np.zeros(len(rows), np.bool_)
    share = _REFUSED_SHARE + world.felt("target_refuses", rows.time)
    return np.asarray(Chance(world.seed, "bus").uniform("refused", rows.session) < share)


def refusals(world: World, env: str, start_ms: int, end_ms: int) -> Iterator[Refusal]:
    """What the bus logs as errors, in the order in which it happened."""
    rows = invoked(world, ARCHIVE, env, start_ms, end_ms)
    failed = rows[refused(world, ARCHIVE, rows)]
    draw = Chance(world.seed, "bus").uniform("message", failed.session)
    for time, luck in zip(failed.time.tolist(), draw.tolist(), strict=True):
        number = int(luck * len(MESSAGES))
        yield Refusal(time, ARCHIVE, (429, 403, 504)[number], MESSAGES[number])
