"""What an operator sees of alerts: ticks, what was sent to which channel and how, what waits, what may stand twice."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from bot.alerts.intent import Target

TICK_S = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30)


class AlertCounts:
    """Counts in the process's registry. Threads may call it at once."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._ticks = Counter(
            "paybot_ticks", "Ticks by outcome: done, taken by another, or store", ["outcome"], registry=registry
        )
        self._tick_s = Histogram("paybot_tick_seconds", "One tick, with its questions", buckets=TICK_S, registry=registry)
        self._intents = Counter(
            "paybot_intents", "Attempts to tell a channel, by outcome", ["target", "outcome"], registry=registry
        )
        self._repairs = Counter("paybot_repairs", "Things made twice that were withdrawn", ["target"], registry=registry)
        self._unrepaired = Counter("paybot_unrepaired", "Things that may stand twice", ["target"], registry=registry)
        self._repeats = Counter("paybot_repeats", "Urgent things sent again that may have arrived", ["target"], registry=registry)
        self._waiting = Gauge("paybot_intents_waiting", "What a channel is still owed", ["target"], registry=registry)
        self._store = Counter("paybot_store_failures", "Times that the store could not be used", ["target"], registry=registry)
        self._open = Gauge("paybot_alerts_open", "Alerts that are not closed", registry=registry)
        self._dead = Gauge("paybot_intents_dead", "What a channel refused for good", registry=registry)

    def tick(self, outcome: str, seconds: float) -> None:
        self._ticks.labels(outcome).inc()
        self._tick_s.observe(seconds)

    def intent(self, target: Target, outcome: str) -> None:
        self._intents.labels(target, outcome).inc()

    def repaired(self, target: Target) -> None:
        self._repairs.labels(target).inc()

    def unrepaired(self, target: Target) -> None:
        self._unrepaired.labels(target).inc()

    def repeated(self, target: Target) -> None:
        self._repeats.labels(target).inc()

    def depth(self, target: Target, waiting: int) -> None:
        self._waiting.labels(target).set(waiting)

    def store_failed(self, target: Target) -> None:
        self._store.labels(target).inc()

    def watch(self, open_: Callable[[], int], dead: Callable[[], int]) -> None:
        """From now on these are read whenever the metrics are."""
        self._open.set_function(open_)
        self._dead.set_function(dead)
