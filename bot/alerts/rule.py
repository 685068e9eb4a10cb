"""A rule as a frozen value: what it asks, when it fires and when it is over, and whom it tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from commands.panel import Query

Severity = Literal["critical", "error", "warning", "info"]
NoData = Literal["keep", "fire", "ok", "nodata"]
Route = Literal["slack", "pagerduty", "opsgenie"]
Measure = Literal["mean", "sum", "last", "lag", "answers"]

SEVERITIES: tuple[Severity, ...] = ("critical", "error", "warning", "info")  # the most urgent first


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule, with everything an operator may tune already in place.

    `measure` is how the known buckets of the last `over` become one number: their mean, their sum, the newest, "lag" (the larger
    of the percentile of `queries["value"]` and the age of the newest event of `queries["last"]`, in seconds), or "answers" (of
    the built-in rule: whether its source answers). Exactly one of `above` and `below` is set; `recover` is the level from which
    a number counts as good again (the limit itself where there is no hysteresis). A breach must last for `hold` before it
    fires and be over for `clear` before it resolves. `section` names the dashboard's section that shows more of it.
    `environments` are those that are asked, each an instance of its own; empty: that of the settings.
    """

    name: str
    title: str
    owner: str
    section: str = ""
    queries: Mapping[str, Query] = field(default_factory=dict)
    measure: Measure = "mean"
    unit: str = ""
    above: float | None = None
    below: float | None = None
    recover: float = 0.0
    over: timedelta = timedelta(minutes=5)
    hold: timedelta = timedelta(0)
    clear: timedelta = timedelta(minutes=5)
    no_data: NoData = "keep"
    severity: Severity = "warning"
    routes: tuple[Route, ...] = ("slack",)
    repeat_every: timedelta = timedelta(hours=4)
    environments: tuple[str, ...] = ()
    enabled: bool = True

    @property
    def limit(self) -> float:
        """The level beyond which it is a breach."""
        return self.above if self.above is not None else self.below if self.below is not None else 0.0

    def breached(self, value: float) -> bool:
        return value > self.limit if self.above is not None else value < self.limit

    def recovered(self, value: float) -> bool:
        """Whether the number counts as good again: on the good side of the limit, and of `recover` too."""
        good = value <= self.recover if self.above is not None else value >= self.recover
        return good and not self.breached(value)
