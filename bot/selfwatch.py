"""paybot watching itself: one reading of process and rows, from which metrics, heartbeat and `/pay status` are made."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from bot.alerts.counts import Readings, ReadNow
from bot.alerts.unsent import Audit
from bot.config import Config
from bot.digest.plan import NAME, plan_of
from bot.health import Budget, Health
from bot.heartbeat import Heartbeat
from bot.observe import Metrics
from bot.ports import Source, StoreError
from bot.slack.messages import Message
from bot.sources import TITLES
from bot.status import Now, SourceNow, behind_by, digest_outcome, next_due, status_message
from bot.store.pulse import Pulse, pulse
from bot.store.replicas import Replica

if TYPE_CHECKING:
    from bot.store.database import Database

AUDIT_S: Final = 60.0
FIRST_S: Final = 5.0  # after the start: what a process before left unsent is told of soon
FRESH_S: Final = 2.0  # so long a look at the rows serves for another
STOP_S: Final = 1.0
SLACK_TICKS: Final = 2  # ticks, and GRACE, by which the newest may be old while all is well
GRACE: Final = timedelta(seconds=30)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What is watched. `me` is this process's row, `sending` the channels whose threads have ended ("" where all live)."""

    config: Config
    database: Database
    sources: Mapping[str, Source]
    health: Health
    audit: Audit
    metrics: Metrics
    now: Callable[[], datetime]
    me: Callable[[], Replica]
    ended: Callable[[], str]
    opened: Callable[[], bool] = field(default=lambda: True)


class SelfWatch:
    """Begins with `start`, for when the rest is put together; `also` adds a part that says in words how it does."""

    def __init__(self, parts: Parts, *, audit_s: float = AUDIT_S) -> None:
        self._parts = parts
        self._audit_s = audit_s
        self._plan = plan_of(parts.config)
        self._ready: Callable[[], Mapping[str, bool]] = dict
        self._said: dict[str, Callable[[], str]] = {}
        self._lock = threading.Lock()
        self._seen: tuple[float, Pulse | None] = (float("-inf"), None)
        self.heartbeat = Heartbeat(parts.config.heartbeat_url, self.wrong, parts.metrics.alerts.beat)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._audit_on, name="audit", daemon=True)
        parts.metrics.also(ReadNow(self.readings))

    def also(self, part: str, said: Callable[[], str]) -> None:
        """From now on this part is told of, too."""
        self._said[part] = said

    def start(self, ready: Callable[[], Mapping[str, bool]]) -> None:
        """`ready` names what must hold, as `/readyz` does."""
        self._ready = ready
        self._thread.start()
        self.heartbeat.start()

    def stop(self) -> None:
        """Before the store is closed."""
        self._stopping.set()
        self.heartbeat.stop()
        if self._thread.ident is not None:
            self._thread.join(STOP_S)

    # --- what there is to say ---------------------------------------------------------------------------------------------

    def parts(self) -> Mapping[str, str]:
        """How the parts of this process do, in words; for its row, which other processes read."""
        seen = self._seen[1]
        behind = "not known"
        if seen and seen.tick:
            late = behind_by(seen.tick.number, self._parts.config.alerts.tick, self._parts.now())
            behind = f"{late.total_seconds():.0f} s behind" if late else "on time"
        own = {
            "store": "open" if seen else "not known" if self._parts.opened() else "away",
            "tick": behind,
            "dispatcher": f"ended: {ended}" if (ended := self._parts.ended()) else "runs",
            "heartbeat": self.heartbeat.said,
        }
        return {**{part: said() for part, said in self._said.items()}, **own}

    def pulse(self) -> Pulse | None:
        """The rows as they stand, or stood a moment ago; None where the store cannot be asked."""
        with self._lock:
            at, seen = self._seen
            if time.monotonic() - at < FRESH_S and seen:
                return seen
            self._seen = time.monotonic(), (fresh := self._read())
            return fresh

    def _read(self) -> Pulse | None:
        try:
            with self._parts.database.begin() as conn:
                return pulse(conn, NAME)
        except StoreError:
            return None

    def wrong(self) -> str:
        """What is not well, in words; "" while all is: ready, ticks come, every channel has its thread."""
        missing = [part for part, holds in self._ready().items() if not holds]
        if missing:
            return f"not ready: {', '.join(missing)}"
        if ended := self._parts.ended():
            return f"nothing is sent to {ended}"
        seen = self.pulse()
        if seen is None:
            return "the store cannot be asked"
        if seen.tick is None:
            return "no tick was done yet"
        if self._parts.now() - seen.tick.finished > SLACK_TICKS * self._parts.config.alerts.tick + GRACE:
            return "no tick was done lately"
        return ""

    def readings(self) -> Readings:
        """For the metrics."""
        seen, now, sources = self.pulse(), self._parts.now(), self._parts.sources
        up = {name: self._parts.health.seen(name).up for name in sources}
        found = Readings(ready=self._ready(), sources={name: each for name, each in up.items() if each is not None})
        if seen is None:
            return found
        me = self._parts.me().owner
        tick = seen.tick
        return replace(
            found,
            ticked=tick.finished if tick else None,
            behind_s=behind_by(tick.number, self._parts.config.alerts.tick, now).total_seconds() if tick else None,
            replicas=sum(each.lives for each in seen.replicas) or 1,
            held=tuple(sorted(name for name, owner in seen.held.items() if owner == me)),
            oldest_s={target: max(0.0, (now - each.oldest).total_seconds()) for target, each in seen.waiting.items()},
            unsent=self._parts.audit.counts() or {},
            digest=digest_outcome(seen.digest, self._plan) if seen.digest else "",
        )

    def status(self, zone: str) -> Message:
        """`/pay status`, for one person."""
        config, audit = self._parts.config, self._parts.audit
        return status_message(
            Now(
                at=self._parts.now(),
                env=config.env,
                tick=config.alerts.tick,
                ready=self._ready(),
                pulse=self.pulse(),
                me=replace(self._parts.me(), parts=self.parts()),
                unsent=audit.findings,
                channels=audit.channels,
                sources=tuple(self._source(name) for name in TITLES if name != "alerts"),
                digest_at=next_due(self._plan, self._parts.now()) if config.digest.enabled else None,
            ),
            zone,
        )

    def _source(self, name: str) -> SourceNow:
        source = self._parts.sources.get(name)
        if source is None:
            return SourceNow(title=TITLES[name], seen=None)
        told: Callable[[], tuple[Budget, ...]] = getattr(source, "budget", tuple)
        return SourceNow(title=TITLES[name], seen=self._parts.health.seen(name), budget=told())

    # --- the audit --------------------------------------------------------------------------------------------------------

    def _audit_on(self) -> None:
        pause_s = min(FIRST_S, self._audit_s)
        while not self._stopping.wait(pause_s):
            pause_s = self._audit_s
            try:
                if self._parts.opened():
                    self._parts.audit.look()
            except StoreError as error:
                log.warning("what is unsent is not known: %s", error.said)
            except Exception:  # the top of the thread: the next minute tries again
                log.exception("the audit failed")
