"""An episode: one problem from its firing to its end, what people did about it, and where its message stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from bot.alerts.rule import Severity

Phase = Literal["firing", "recovering", "closed"]
Handling = Literal["open", "acked", "snoozed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """All times are aware, UTC. `id` is 16 random hexadecimal digits: the only thing of it that leaves in metadata and keys.

    `series` tells instances of one rule apart ("prod", "prod, region:eu", or a source's name); `number` counts its episodes.
    `value` is the newest judged number, `worst` the worst since it fired; `since` is when the breach began (data time),
    `opened` when it fired. `reason` says why it was closed ("recovered", "rule removed", "missing"). `acked_by`, `snoozed_by`
    and `escalated_by` are Slack user IDs, or a name in words for what came from elsewhere ("Mei Tan in PagerDuty").
    `reasons` are the likely ones, in words, as they stood when it fired. `blind` says what is wrong with its source, "" when
    nothing is. `channel`, `ts` and `chart` (a file's ID) say where its Slack message stands; "" while there is none.
    `version` rises with every change and is what a press must name.
    """

    id: str
    rule: str
    series: str
    number: int
    env: str
    title: str
    owner: str
    section: str
    severity: Severity
    unit: str
    limit: float
    above: bool
    value: float | None
    worst: float | None
    since: datetime
    opened: datetime
    closed: datetime | None = None
    reason: str = ""
    phase: Phase = "firing"
    handling: Handling = "open"
    acked_by: str = ""
    acked_at: datetime | None = None
    snoozed_by: str = ""
    snoozed_until: datetime | None = None
    escalated_by: str = ""
    escalated_at: datetime | None = None
    incident_url: str = ""
    reminded: datetime | None = None
    reasons: tuple[str, ...] = ()
    blind: str = ""
    drill: bool = False
    routes: tuple[str, ...] = ("slack",)
    channel: str = ""
    ts: str = ""
    chart: str = ""
    version: int = 1
    extra: Mapping[str, str] = field(default_factory=dict)
