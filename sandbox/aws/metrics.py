"""What SQS and EventBridge send to CloudWatch, minute by minute; EventBridge sends no zeros."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from sandbox.aws.bus import RULES, bus, invoked, refused
from sandbox.aws.queue import dead_letters, minutes, waiting
from sandbox.chance import Floats, Ints
from sandbox.shape import MINUTE_MS

if TYPE_CHECKING:
    from sandbox.world import World

QUEUE, DEAD = "payments-retry-", "payments-retry-dead-"
KNOWN_AFTER_MS = 45_000
STATS: Mapping[str, Callable[[Floats], float]] = {
    "Maximum": lambda values: float(np.max(values)),
    "Minimum": lambda values: float(np.min(values)),
    "Average": lambda values: float(np.mean(values)),
    "Sum": lambda values: float(np.sum(values)),
}


def asked(world: World, query: Mapping[str, Any], start_ms: int, end_ms: int, *, descending: bool) -> dict[str, Any]:
    """The answer to one metric query as moto has them."""
    wanted = query["MetricStat"]
    name, period_ms = wanted["Metric"]["MetricName"], int(wanted["Period"]) * 1000
    dimensions = {each["Name"]: each["Value"] for each in wanted["Metric"].get("Dimensions", ())}
    times = minutes(start_ms, min(end_ms, world.now_ms() - KNOWN_AFTER_MS - MINUTE_MS + 1))
    values = _sent(world, wanted["Metric"]["Namespace"], name, dimensions, times) if len(times) else np.empty(0)
    known = ~np.isnan(values)
    starts = times[known] // period_ms * period_ms
    found = [(start, STATS[wanted["Stat"]](values[known][starts == start])) for start in np.unique(starts).tolist()]
    found.sort(reverse=descending)
    return {
        "id": query["Id"],
        "label": query.get("Label") or name,
        "timestamps": [datetime.fromtimestamp(start / 1000, UTC) for start, _ in found],
        "values": [value for _, value in found],
        "status_code": "Complete",
    }


def _sent(world: World, namespace: str, name: str, dimensions: Mapping[str, str], times: Ints) -> Floats:
    """The value of each minute, NaN where none was sent."""
    match namespace, dimensions:
        case "AWS/SQS", {"QueueName": queue, **more} if not more:
            return _of_queue(world, queue, name, times)
        case "AWS/Events", {"EventBusName": on, "RuleName": rule, **more} if not more and rule in RULES:
            env = next((env for env in world.envs if bus(env) == on), None)
            return _of_rule(world, env, rule, name, times) if env else _nothing(times)
    return _nothing(times)


def _of_queue(world: World, queue: str, name: str, times: Ints) -> Floats:
    ends = times + MINUTE_MS
    for env in world.envs:
        if queue == f"{DEAD}{env}" and name == "ApproximateNumberOfMessagesVisible":
            return np.array([dead_letters(world, env, int(end)) for end in ends], dtype=np.float64)
        if queue == f"{QUEUE}{env}":
            messages = waiting(world, env)
            counted = {
                "ApproximateNumberOfMessagesVisible": messages.visible,
                "ApproximateNumberOfMessagesNotVisible": messages.in_flight,
                "ApproximateNumberOfMessagesDelayed": messages.delayed,
                "ApproximateAgeOfOldestMessage": messages.oldest_s,
            }
            return counted[name](ends).astype(np.float64) if name in counted else _nothing(times)
    return _nothing(times)


def _of_rule(world: World, env: str, rule: str, name: str, times: Ints) -> Floats:
    rows = invoked(world, rule, env, int(times[0]), int(times[-1]) + MINUTE_MS)
    failed = refused(world, rule, rows)
    of = {"Invocations": np.ones(len(rows), np.bool_), "FailedInvocations": failed, "InvocationsSentToDlq": failed}
    if name not in of:
        return _nothing(times)
    counts = np.bincount((rows.time[of[name]] - times[0]) // MINUTE_MS, minlength=len(times)).astype(np.float64)
    return np.where(counts > 0, counts, np.nan)


def _nothing(times: Ints) -> Floats:
    return np.full(len(times), np.nan)
