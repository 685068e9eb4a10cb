"""The simulated company: one seeded stream of events for every environment, made as time goes by."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sandbox.chance import Floats, Ints
from sandbox.clock import Clock
from sandbox.ledger import Ledger, Rows
from sandbox.lives import KINDS, Kind, Lives
from sandbox.marks import Mark, Marks, deploy, override
from sandbox.scenarios import SCENARIOS, Episode, Trait, episode, felt, usual_past
from sandbox.truth import Truth

_PIECE_MS = 6 * 3_600_000  # made at once: bounds the memory that making takes
MOST_VOLUME = 100.0  # the numbers of sessions have room for so many in a minute
_LEAST_MS = 200  # readers that ask again sooner than this see the same events


class World:
    """A payments company, deterministic by seed, times and scenarios. Threads may read it at once.

    `history` is how far back its events go at the start, and how long they are kept; `env` names the main environment, beside
    which "staging" has a small share. `past` holds the scenarios of the history (None: the usual ones, see `usual_past`).
    `volume` times as many sessions as usual start, at most MOST_VOLUME; a day of a hundred times takes a gigabyte.
    """

    def __init__(
        self,
        seed: int = 7,
        clock: Clock | None = None,
        history: timedelta = timedelta(days=9),
        env: str = "prod",
        past: Sequence[Episode] | None = None,
        volume: float = 1.0,
    ) -> None:
        self.clock = clock or Clock()
        self.env = env
        self.envs = (env, "staging" if env != "staging" else "prod")
        self.seed = seed
        self.truth = Truth(self)
        now = self.clock.now()
        self._volume = volume
        self._history_ms = round(history.total_seconds() * 1000)
        self._begin_ms = self._until_ms = _ms(now) - self._history_ms
        self._episodes = tuple(usual_past(now) if past is None else past)
        self._lives = {
            name: Lives(seed, name, number, share, self._begin_ms, crowded=volume > 1) for number, name, share in self._shares()
        }
        self._ledgers = {(name, kind): Ledger() for name in self.envs for kind in KINDS}
        self._marks = Marks(seed, env, self._begin_ms, _usual_marks(now, env))
        self._lock = threading.RLock()
        self.advance(now)

    def _shares(self) -> tuple[tuple[int, str, float], ...]:
        shares = (self._volume, 0.04 * self._volume)
        return tuple((number, name, share) for number, (name, share) in enumerate(zip(self.envs, shares, strict=True)))

    @property
    def begin_ms(self) -> int:
        """The first moment that was simulated, in epoch milliseconds."""
        return self._begin_ms

    def now_ms(self) -> int:
        """The world's time in epoch milliseconds."""
        return _ms(self.clock.now())

    def advance(self, now: datetime) -> None:
        """Makes all events until `now`; readers call it, nobody else has to."""
        with self._lock:
            while _ms(now) - self._until_ms >= _LEAST_MS:
                self._step(min(_ms(now), self._until_ms + _PIECE_MS))

    def _step(self, until_ms: int) -> None:
        for env, lives in self._lives.items():
            episodes = self._episodes if env == self.env else ()
            for kind, made in lives.step(until_ms, episodes).items():
                self._ledgers[env, kind].append(made, until_ms - self._history_ms)
        self._until_ms = until_ms

    def events(self, kind: Kind, env: str) -> Rows:
        """All events of that kind until now, sorted by time; none for an environment that is not there."""
        return self.counted(kind, env)[1]

    def counted(self, kind: Kind, env: str) -> tuple[int, Rows]:
        """The same, with how many came before them that are no longer kept."""
        with self._lock:
            self.advance(self.clock.now())
            ledger = self._ledgers.get((env, kind), Ledger())
            return ledger.forgotten, ledger.rows

    def felt(self, trait: Trait, times_ms: Ints) -> Floats:
        """What the scenarios add to `trait` in the main environment at each time."""
        return felt(self._episodes, trait, times_ms)

    def marks(self, start_ms: int, end_ms: int) -> tuple[Mark, ...]:
        """What people did from `start_ms` until before `end_ms`, as far as it has happened."""
        return self._marks.between(start_ms, min(end_ms, self.now_ms() + 1))

    def start(self, name: str, at: datetime | None = None, lasting: timedelta | None = None) -> Episode:
        """Starts a scenario now, or `at` a later time; one that is on already goes on. Raises KeyError for an unknown name.

        What has been simulated stays: an earlier time means now.
        """
        with self._lock:
            now = self.clock.now()
            self.advance(now)
            on = next((each for each in self.running() if each.scenario.name == name), None)
            if on is not None:
                return on
            begun = episode(SCENARIOS[name], max(at or now, now), lasting)
            self._episodes = (*self._episodes, begun)
            return begun

    def stop(self, name: str) -> None:
        """Ends the scenario now, and drops it when it has not begun yet."""
        with self._lock:
            now = self.clock.now()
            self.advance(now)
            self._episodes = tuple(_ended(each, _ms(now)) if each.scenario.name == name else each for each in self._episodes)

    def running(self) -> tuple[Episode, ...]:
        """The scenarios that are on now."""
        now = self.now_ms()
        return tuple(each for each in self._episodes if each.covers(now))


def _ended(each: Episode, now_ms: int) -> Episode:
    """The episode with its end now, or when it ended before; one that has not begun yet is empty."""
    over = each.end_ms is not None and each.end_ms <= now_ms
    return each if over else replace(each, end_ms=max(each.start_ms, now_ms))


def _ms(time: datetime) -> int:
    return round(time.timestamp() * 1000)


def _usual_marks(now: datetime, env: str) -> tuple[Mark, ...]:
    """So that a first look at six hours finds a deploy before the outage and an override after it."""
    return (
        deploy(_ms(now - timedelta(minutes=205)), env, "t.sato", "checkout-api", "2.41.0"),
        override(_ms(now - timedelta(minutes=118)), env, "mira.holm", "Card issuer was down, customer pays with another card"),
    )
