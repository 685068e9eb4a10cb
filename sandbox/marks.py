"""What people did to the system and left a note of: manual overrides of the payment window, and deploys."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sandbox.chance import Chance

_HOUR_MS = 3_600_000
_PEOPLE = ("mira.holm", "j.okafor", "lena.fuchs", "t.sato")
_REASONS = (
    "Customer on the phone, bank app was slow to confirm",
    "Group booking, payer needs until tonight",
    "Bank transfer announced by the customer, window kept open",
    "Window reopened after the 3-D Secure page had failed",
)
_SERVICES = ("checkout-api", "retry-worker", "receipt-renderer", "webhook-worker")
_PER_HOUR = {"window_override": 0.10, "deploy": 0.12}  # in working hours


@dataclass(frozen=True, slots=True)
class Mark:
    """One note: when (epoch milliseconds), what, and its tags as "key:value"."""

    time_ms: int
    kind: str
    title: str
    message: str
    tags: tuple[str, ...]


def override(time_ms: int, env: str, user: str, reason: str) -> Mark:
    """A person of Support Ops let a payment window run longer."""
    tags = (f"env:{env}", "kind:window_override", f"user:{user}", "team:support-ops")
    return Mark(time_ms, "window_override", f"Payment window overridden by {user}", reason, tags)


def deploy(time_ms: int, env: str, user: str, service: str, version: str) -> Mark:
    """A new version of a service went live."""
    tags = (f"env:{env}", "kind:deploy", f"user:{user}", f"service:{service}", f"version:{version}")
    return Mark(time_ms, "deploy", f"Deployed {service} {version}", f"{service} {version} is live in {env}", tags)


class Marks:
    """All notes of all time: those that were set down and those that chance brings in working hours of the main environment."""

    def __init__(self, seed: int, env: str, begin_ms: int, fixed: tuple[Mark, ...]) -> None:
        self._chance = Chance(seed, "marks")
        self._env = env
        self._begin_ms = begin_ms
        self._fixed = fixed

    def between(self, start_ms: int, end_ms: int) -> tuple[Mark, ...]:
        """The notes from `start_ms` until before `end_ms`, oldest first."""
        start_ms = max(start_ms, self._begin_ms)
        hours = np.arange(start_ms // _HOUR_MS, -(-end_ms // _HOUR_MS), dtype=np.int64)
        hours = hours[(hours % 24 >= 8) & (hours % 24 < 18)]
        marks = [*self._fixed]
        for kind, share in _PER_HOUR.items():
            marks += [self._mark(kind, int(hour)) for hour in hours[self._chance.uniform(kind, hours) < share]]
        return tuple(sorted((mark for mark in marks if start_ms <= mark.time_ms < end_ms), key=lambda mark: mark.time_ms))

    def _mark(self, kind: str, hour: int) -> Mark:
        when, who, what = (float(self._chance.uniform(f"{kind}/{part}", np.array([hour]))[0]) for part in ("when", "who", "what"))
        time_ms = hour * _HOUR_MS + int(when * _HOUR_MS)
        user = _PEOPLE[int(who * len(_PEOPLE))]
        if kind == "window_override":
            return override(time_ms, self._env, user, _REASONS[int(what * len(_REASONS))])
        return deploy(time_ms, self._env, user, _SERVICES[int(what * len(_SERVICES))], f"2.{hour % 97}.{int(who * 10)}")
