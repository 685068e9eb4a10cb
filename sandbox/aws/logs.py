"""Logs Insights over the error log of the company's bus: as much of its language as one asks errors with."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from sandbox.aws.bus import Refusal, bus, refusals

if TYPE_CHECKING:
    from sandbox.world import World

TAKES_S = 0.3
QUERY = re.compile(
    r"fields (?P<fields>[\w@., ]+?)(?: \| filter log_level = \"(?P<level>\w+)\")?(?: \| sort (?P<sort>\w+) (?P<way>asc|desc))?"
    r" \| limit (?P<limit>\d+)"
)


class Search:
    """One query; running for a moment, in which it already has some rows, and then complete."""

    def __init__(self, world: World, env: str, text: str, start_s: int, end_s: int) -> None:
        self._begun = time.monotonic()
        self._rows = found(world, env, text, start_s * 1000, (end_s + 1) * 1000)

    def to_result_json(self) -> dict[str, Any]:
        """What GetQueryResults gives now."""
        running = time.monotonic() - self._begun < TAKES_S
        rows = self._rows[: len(self._rows) // 2] if running else self._rows
        cells = [[{"field": name, "value": value} for name, value in row.items()] for row in rows]
        return {"results": cells, "status": "Running" if running else "Complete"}


def found(world: World, env: str, text: str, start_ms: int, end_ms: int) -> list[dict[str, str]]:
    """The rows of a query; raises ValueError for one beyond what is spoken here."""
    query = QUERY.fullmatch(" ".join(text.split()))
    if query is None:
        raise ValueError(text)
    named = [name.strip() for name in query["fields"].split(",")]
    errors = list(refusals(world, env, start_ms, min(end_ms, world.now_ms()))) if query["level"] in (None, "ERROR") else []
    if query["way"] == "desc":
        errors.reverse()
    lines = [line(error, env) for error in errors[: int(query["limit"])]]
    return [{name: each[name] for name in named if name in each} | {"@ptr": str(number)} for number, each in enumerate(lines)]


def line(error: Refusal, env: str) -> dict[str, str]:
    """An error as the bus logs it, flat."""
    return {
        "@timestamp": str(error.time_ms),
        "message_timestamp_ms": str(error.time_ms),
        "message_type": "INVOCATION_ATTEMPT_PERMANENT_FAILURE",
        "log_level": "ERROR",
        "details.rule_arn": f"arn:aws:events:eu-central-1:111122223333:rule/{bus(env)}/{error.rule}",
        "error.aws_service": "DynamoDB",
        "error.http_status_code": str(error.status),
        "error.error_message": error.message,
    }
