"""What can go wrong at the company, and when it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np

from sandbox.chance import Floats, Ints

Trait = Literal[
    "declines",
    "retry_declines",
    "abandons",
    "webhook_delay_s",
    "render_slower",
    "render_fails",
    "eager_retries",
    "target_refuses",
]
Stop = Literal["stops_webhooks", "stops_retries"]
NEVER_MS = 1 << 62


@dataclass(frozen=True, slots=True)
class Scenario:
    """A fault of the company, by what it adds to an ordinary day once it has come up to full force.

    `declines` and `retry_declines` are added shares of all payments and of retried ones, with the decline `codes` they bring;
    `abandons` the added share of sessions that nobody finishes, which then expire within the hour; `webhook_delay_s` the added
    wait of a webhook; `render_slower` the added multiple of a receipt's render time; `render_fails` the added share of receipts
    that fail; `eager_retries` the share of declined payments that are tried again within seconds; `target_refuses` the added
    share of receipts that EventBridge cannot hand to their archive. `stops_webhooks` and `stops_retries` say that a worker stops
    altogether until the scenario ends.
    """

    name: str
    title: str
    does: str
    codes: Mapping[str, float] = field(default_factory=dict)
    declines: float = 0.0
    retry_declines: float = 0.0
    abandons: float = 0.0
    webhook_delay_s: float = 0.0
    render_slower: float = 0.0
    render_fails: float = 0.0
    eager_retries: float = 0.0
    target_refuses: float = 0.0
    stops_webhooks: bool = False
    stops_retries: bool = False
    ramp: timedelta = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class Episode:
    """A scenario from `start_ms` until before `end_ms` (None: until it is stopped), at `strength` of its full force."""

    scenario: Scenario
    start_ms: int
    end_ms: int | None = None
    strength: float = 1.0

    def covers(self, time_ms: int) -> bool:
        return self.start_ms <= time_ms and (self.end_ms is None or time_ms < self.end_ms)

    def force(self, times_ms: Ints) -> Floats:
        """How strongly it is felt at each time: 0 outside, rising to `strength` within the scenario's ramp."""
        ramp_ms = self.scenario.ramp.total_seconds() * 1000.0
        rising = np.clip((times_ms - self.start_ms) / ramp_ms, 0.0, 1.0) * self.strength
        return rising if self.end_ms is None else np.where(times_ms < self.end_ms, rising, 0.0)


def felt(episodes: Sequence[Episode], trait: Trait, times_ms: Ints) -> Floats:
    """What all episodes together add to `trait` at each time."""
    total = np.zeros(len(times_ms))
    for episode in episodes:
        full: float = getattr(episode.scenario, trait)
        if full:
            total += full * episode.force(times_ms)
    return total


def resumed(episodes: Sequence[Episode], stop: Stop, times_ms: Ints, until_ms: int, drain: float) -> Ints:
    """When work that came in at `times_ms` is done by a worker that scenarios stop; NEVER_MS while it is stopped at `until_ms`.

    What waited is done in its order, `drain` times as fast as it came in, and what comes meanwhile waits for its turn.
    """
    done = times_ms
    for episode in episodes:
        if not getattr(episode.scenario, stop):
            continue
        if episode.end_ms is None or episode.end_ms > until_ms:
            done = np.where(done >= episode.start_ms, NEVER_MS, done)
        else:
            turn = episode.end_ms + ((done - episode.start_ms) / drain).astype(np.int64)
            done = np.where((done >= episode.start_ms) & (done < NEVER_MS), np.maximum(done, turn), done)
    return np.asarray(done)


_ALL = (
    Scenario(
        "issuer-outage",
        "Issuer outage",
        "A large card issuer declines most payments: the success rate falls to about 92 %.",
        codes={"do_not_honor": 0.5, "issuer_not_available": 0.35, "try_again_later": 0.15},
        declines=0.065,
    ),
    Scenario(
        "webhook-lag",
        "Webhooks late",
        "The webhook worker falls behind: events are processed four to five minutes late, and receipts wait for them.",
        webhook_delay_s=270.0,
        ramp=timedelta(minutes=5),
    ),
    Scenario(
        "renderer-down",
        "Receipt renderer down",
        "One of three receipts fails, and the others take several times as long.",
        render_fails=0.35,
        render_slower=3.0,
        ramp=timedelta(minutes=1),
    ),
    Scenario(
        "expiry-wave",
        "Expiry wave",
        "The button in the payment page is dead for some browsers: their sessions run out unpaid from half an hour later on.",
        abandons=0.03,
        ramp=timedelta(minutes=1),
    ),
    Scenario(
        "retry-storm",
        "Retry storm",
        "The retry worker tries declined cards again within seconds, and issuers refuse them for their velocity.",
        codes={"card_velocity_exceeded": 1.0},
        retry_declines=0.75,
        eager_retries=1.0,
        ramp=timedelta(minutes=1),
    ),
    Scenario(
        "webhook-stopped",
        "Webhook worker stopped",
        "No webhook is processed at all and no receipt made, until it ends; then the worker catches up.",
        stops_webhooks=True,
    ),
    Scenario(
        "queue-backlog",
        "Retry worker stopped",
        "Retries that are due stay in the queue, which grows and ages, until it ends; then the worker catches up.",
        stops_retries=True,
    ),
    Scenario(
        "eventbridge-failures",
        "EventBridge target refuses",
        "The receipt archive refuses most of what EventBridge hands it: the rule fails, and its events go to the dead letters.",
        target_refuses=0.6,
        ramp=timedelta(minutes=1),
    ),
)
SCENARIOS: Mapping[str, Scenario] = {scenario.name: scenario for scenario in _ALL}


def usual_past(now: datetime) -> tuple[Episode, ...]:
    """What a newcomer finds in the history: an outage two to three hours ago, and a small one yesterday evening."""
    outage = SCENARIOS["issuer-outage"]
    lately = now - timedelta(minutes=160)
    evening = datetime(now.year, now.month, now.day, 19, 40, tzinfo=UTC) - timedelta(days=1)
    return (
        episode(outage, evening, timedelta(minutes=18), strength=0.45),
        episode(outage, lately, timedelta(minutes=25)),
    )


def episode(scenario: Scenario, start: datetime, lasting: timedelta | None = None, strength: float = 1.0) -> Episode:
    """The scenario from `start` (aware) for as long as `lasting` (None: until it is stopped)."""
    end = None if lasting is None else round((start + lasting).timestamp() * 1000)
    return Episode(scenario, round(start.timestamp() * 1000), end, strength)
