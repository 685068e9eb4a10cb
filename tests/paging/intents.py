"""Pages as the engine owes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import get_args

from bot.alerts.intent import Intent, Kind, Target

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KEY = "0123456789abcdef0123456789abcdef"
PAGE = {
    "dedup_key": KEY,
    "summary": "Checkout success rate (prod): 91.2 %, below 97 %",
    "severity": "critical",
    "source": "paybot prod",
    "component": "checkout",
    "rule": "checkout-success-rate",
    "series": "prod",
    "env": "prod",
    "value": "91.2 %",
    "limit": "97",
    "owner": "Commerce Backend",
    "section": "checkout",
    "since": "2026-11-22T11:50:00Z",
    "runbook_url": "https://runbooks.example/payments#checkout-success-rate",
    "message_url": "https://lindenmarkt.slack.com/archives/C0COMMERCE1/p1795348800000100",
}
PAGERDUTY = ("trigger", "acknowledge", "resolve")
KINDS: tuple[Kind, ...] = get_args(Kind)


def page(kind: Kind, target: Target = "pagerduty", **changed: str) -> Intent:
    """An intent for a pager; `changed` are entries of its payload."""
    payload: Mapping[str, str] = {**PAGE, **changed} if kind in ("trigger", "create") else {"dedup_key": KEY, **changed}
    return Intent(key="k1", episode="e1", seq=1, target=target, kind=kind, payload=payload, created=NOON)
