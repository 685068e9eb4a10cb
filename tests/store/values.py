"""Episodes, instances and intents to keep, and the time at which all of it happens."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.alerts.episode import Episode
from bot.alerts.intent import Intent, Target
from bot.alerts.state import Instance

NOW = datetime(2026, 11, 22, 12, 0, 0, 123_456, tzinfo=UTC)
AWKWARD = "prod, region:eu – Ω 💳 'quoted' \"twice\" \\ %s :name\n"


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def an_episode(known_as: str = "e" * 16, **changes: Any) -> Episode:
    """An episode with all its columns filled, none with its default."""
    full = Episode(
        id=known_as,
        rule="checkout-success",
        series=AWKWARD,
        number=1,
        env="prod",
        title="Checkout success is low",
        owner="Commerce Backend",
        section="checkout",
        severity="critical",
        unit="%",
        limit=95.5,
        above=False,
        value=91.25,
        worst=0.1 + 0.2,
        since=after(-300),
        opened=NOW,
        acked_by="U1",
        acked_at=after(60),
        snoozed_by="U2",
        snoozed_until=after(3600),
        escalated_by="Mei Tan in PagerDuty",
        escalated_at=after(61),
        incident_url="https://pay.pagerduty.example/incidents/Q1",
        reminded=after(62),
        reasons=("card_declined is up", AWKWARD),
        blind="Datadog did not answer in time",
        routes=("slack", "pagerduty"),
        channel="C1",
        ts="1700000000.000100",
        chart="F1",
        version=3,
        extra={"bundle": "b1", "act": AWKWARD},
    )
    return replace(full, **changes)


def plain(known_as: str, **changes: Any) -> Episode:
    """One of many: an instance of its own."""
    return an_episode(known_as, **{"series": known_as, "extra": {}, **changes})


def an_instance(**changes: Any) -> Instance:
    full = Instance(
        rule="checkout-success",
        series=AWKWARD,
        signal="recovering",
        since=after(-600),
        held_s=59.5,
        value=91.25,
        end=NOW,
        silent=2,
        failed_since=after(-60),
        number=7,
        fired=(after(-3000), after(-600)),
    )
    return replace(full, **changes)


def an_intent(episode: str = "e1", seq: int = 1, target: Target = "slack", **changes: Any) -> Intent:
    made = Intent(key=f"{episode}.{target}.{seq}", episode=episode, seq=seq, target=target, kind="show", created=NOW)
    return replace(made, **changes)
