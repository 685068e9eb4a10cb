"""One tick of many rules as the engine judges them: from a source's answers to what has to be written, without the store.

For `rules.py --project tests.bench.rules_tick:rules`, whose draws let half of the rules fire all the time; that figure holds
the making of the answers too. `python -m tests.bench.rules_tick` prints the engine's own: 10,000 rules of a mean over 15 minutes,
one answer in a hundred with an unknown bucket, when all are well, and when 1 % or all of them breach.
"""

from __future__ import annotations

import random
import statistics
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from bot.alerts.engine import is_news
from bot.alerts.episode import Episode
from bot.alerts.outcome import Changes, applied
from bot.alerts.questions import Answer, calls_of
from bot.alerts.rounds import Rounds
from bot.alerts.rule import Rule
from bot.alerts.state import Instance
from charts.data import Series
from commands.panel import Query

MINUTE = timedelta(minutes=1)
SPAN = 15
START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MANY = 10_000
TICKS = 21
Row = tuple[float | None, ...]


class Ticking:
    """The engine's way through a tick, with what the store would hold in memory."""

    def __init__(self, rules: list[Rule]) -> None:
        self._rules = {rule.name: rule for rule in rules}
        (self._call,) = calls_of(rules, "prod")
        self._rounds = Rounds(rules, "prod", MINUTE, MINUTE)
        self._known: dict[tuple[str, str], Instance] = {}
        self._open: dict[str, Episode] = {}
        self._ids = count()
        self.end = START

    def answers(self, rows: Iterable[Row]) -> Mapping[str, Answer]:
        """What a source says of the next minute."""
        self.end += MINUTE
        times = tuple(self.end.timestamp() - 60 * back for back in range(SPAN, 0, -1))
        return {key: (Series(key, times, row, "", 60.0),) for key, row in zip(self._call.queries, rows, strict=True)}

    def changes(self, answers: Mapping[str, Answer]) -> Changes:
        """What is measured: `Engine._run` from the answers on."""
        now = self.end + MINUTE
        moments = tuple(self._rounds.moments({self._call: answers}, self._known, self.end, now))
        return applied(moments, tuple(self._open.values()), self._rules, "prod", now)

    def keep(self, changes: Changes) -> int:
        """Does what the store would; how many episodes began or ended."""
        for place, instance in changes.instances.items():
            if is_news(self._known.get(place, Instance(*place)), instance):
                self._known[place] = instance
        self._open.update((episode.id, episode) for episode in changes.opened)
        before = len(self._open)
        for own, changed in changes.changed.items():
            if changed.get("phase") == "closed":
                del self._open[own]
            elif changed.keys() - {"value", "worst"}:  # those two are only shown, and 10,000 copies of episodes cost as much
                self._open[own] = replace(self._open[own], **changed)
        return len(changes.opened) + before - len(self._open)


def rules(thresholds: list[float]) -> Callable[[Any], int]:
    """A tick of a rule for each threshold: its mean of 15 minutes fires above it for 2 minutes more, and is over below 90 %."""
    ticking = Ticking([a_rule(number, threshold) for number, threshold in enumerate(thresholds)])
    past = deque([[0.0] * len(thresholds)] * SPAN, SPAN)

    def tick(values: Any) -> int:
        past.append(values.tolist())
        return ticking.keep(ticking.changes(ticking.answers(zip(*past, strict=True))))

    return tick


def a_rule(number: int, threshold: float) -> Rule:
    return Rule(
        name=f"rule-{number}",
        title=f"Rule {number}",
        owner="Commerce Backend",
        queries={"value": Query("datadog", "avg:$success_rate{$scope}")},
        above=threshold,
        recover=0.9 * threshold,
        over=SPAN * MINUTE,
        hold=2 * MINUTE,
        clear=timedelta(0),
    )


def main() -> None:
    for share, words in ((0.0, "all well"), (0.01, "1 % breach"), (1.0, "all breach")):
        print(f"{MANY:,} rules judged, from answers to changes, {words}: {measured(share)}", flush=True)


def measured(share: float) -> str:
    """The median of many ticks in which that share of the rules breaches, once they fire, and what the first one took."""
    draw = random.Random(1)
    ticking = Ticking([a_rule(number, 60.0) for number in range(MANY)])
    took = [timed(ticking, [a_row(draw, number < share * MANY) for number in range(MANY)]) for _ in range(TICKS)]
    slowest = max(took[4:])
    return f"median {statistics.median(took[4:]):.1f} ms, slowest {slowest:.1f} of {TICKS - 4}; the first {took[0]:.0f} ms"


def timed(ticking: Ticking, rows: list[Row]) -> float:
    answers = ticking.answers(rows)
    start = time.perf_counter()
    changes = ticking.changes(answers)
    took = 1e3 * (time.perf_counter() - start)
    ticking.keep(changes)
    return took


def a_row(draw: random.Random, is_bad: bool) -> Row:
    level = 90.0 if is_bad else 50.0
    row: list[float | None] = [level + draw.random() for _ in range(SPAN)]
    if draw.random() < 0.01:
        row[draw.randrange(SPAN)] = None
    return tuple(row)


if __name__ == "__main__":
    main()
