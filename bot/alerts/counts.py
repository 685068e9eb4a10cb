"""What an operator sees of alerts: ticks, what was sent to which channel and how, what waits, what may stand twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

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
        self._presses = Counter(
            "paybot_presses", "Presses on alerts, by what came of them", ["action", "outcome"], registry=registry
        )
        self._webhooks = Counter(
            "paybot_webhooks", "Webhooks of PagerDuty by the status of our answer", ["status"], registry=registry
        )
        self._beats = Counter("paybot_heartbeats", "Heartbeats: ok, failed, or silent", ["outcome"], registry=registry)

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

    def press(self, action: str, outcome: str) -> None:
        """Somebody pressed a button of an alert: "done", "nothing", "refused", or "away" (the store was)."""
        self._presses.labels(action, outcome).inc()

    def webhook(self, status: int) -> None:
        self._webhooks.labels(str(status)).inc()

    def beat(self, outcome: str) -> None:
        """A heartbeat was due: "ok", "failed" (the address did not answer), "silent" (not all is well: none was sent)."""
        self._beats.labels(outcome).inc()

    def watch(self, open_: Callable[[], int], dead: Callable[[], int]) -> None:
        """From now on these are read whenever the metrics are."""
        self._open.set_function(open_)
        self._dead.set_function(dead)


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What a look at the process and the rows gives. None, or left out, is what is not known: it is no number then.

    `behind_s` is how long a tick is overdue, `oldest_s` how long the oldest waits by target, `unsent` how many are by target;
    `digest` is what became of the newest, `sources` who answered its newest call.
    """

    ready: Mapping[str, bool] = field(default_factory=dict)
    ticked: datetime | None = None
    behind_s: float | None = None
    replicas: int | None = None
    held: tuple[str, ...] = ()
    oldest_s: Mapping[str, float] = field(default_factory=dict)
    unsent: Mapping[str, int] = field(default_factory=dict)
    digest: str = ""
    sources: Mapping[str, bool] = field(default_factory=dict)


DIGEST_OUTCOMES = ("posted", "late", "missed")


class ReadNow(Collector):
    """Gauges that are read whenever the metrics are."""

    def __init__(self, read: Callable[[], Readings]) -> None:
        self._read = read

    def describe(self) -> Iterator[GaugeMetricFamily]:
        yield from families(Readings())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from families(self._read())


def families(found: Readings) -> Iterator[GaugeMetricFamily]:
    """All gauges of a reading; those of what is not known have no sample."""
    yield labelled("paybot_ready", "Whether a part holds that the process needs", "part", found.ready)
    at = {} if found.ticked is None else {"": found.ticked.timestamp()}
    yield labelled("paybot_tick_finished_timestamp_seconds", "When the newest tick was done, by whichever process", "", at)
    behind = {} if found.behind_s is None else {"": found.behind_s}
    yield labelled("paybot_tick_behind_seconds", "How long a tick is overdue", "", behind)
    many = {} if found.replicas is None else {"": found.replicas}
    yield labelled("paybot_replicas", "Processes that live, as the store says", "", many)
    yield labelled("paybot_lease_held", "What this process alone may do now", "name", dict.fromkeys(found.held, 1))
    yield labelled(
        "paybot_intents_oldest_seconds", "How long the oldest thing that a channel is owed waits", "target", found.oldest_s
    )
    yield labelled("paybot_unsent", "What should have been sent and was not", "target", found.unsent)
    digest = {outcome: outcome == found.digest for outcome in DIGEST_OUTCOMES} if found.digest in DIGEST_OUTCOMES else {}
    yield labelled("paybot_digest", "What became of the newest digest", "outcome", digest)
    yield labelled("paybot_source_up", "Whether a source answered the newest call", "source", found.sources)


def labelled(name: str, told: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    """One gauge; without a label it has one value at most."""
    family = GaugeMetricFamily(name, told, labels=[label] if label else [])
    for key, value in values.items():
        family.add_metric([key] if label else [], float(value))
    return family
