"""One tick of many rules as the engine judges them, for `rules.py --project tests.bench.rules_tick:rules`.

It is the whole of `judge` and `step`: a value for each of the last 15 minutes as a source gives them, in which anything may be
missing, and an instance with all that a restart needs. The script's own peers keep running sums of numbers that are all there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.alerts.judge import judge
from bot.alerts.rule import Rule
from bot.alerts.state import Instance, step
from charts.data import Series
from commands.panel import Query

MINUTE = timedelta(minutes=1)
SPAN = 15
START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def rules(thresholds: list[float]) -> Callable[[Any], int]:
    """A tick of a rule for each threshold: its mean of 15 minutes fires above it for 2 minutes more, and is over below 90 %."""
    own = [_rule(number, threshold) for number, threshold in enumerate(thresholds)]
    known = [Instance(rule.name, "prod") for rule in own]
    past = [deque([0.0] * SPAN, SPAN) for _ in own]
    end = START

    def tick(values: Any) -> int:
        nonlocal end
        end += MINUTE
        times = tuple(end.timestamp() - 60 * back for back in range(SPAN, 0, -1))
        changed = 0
        for number, value in enumerate(values.tolist()):
            past[number].append(value)
            changed += _judged(own, known, number, Series("value", times, tuple(past[number]), "", 60.0), end)
        return changed

    return tick


def _judged(rules: list[Rule], known: list[Instance], number: int, series: Series, end: datetime) -> bool:
    """Whether the rule has fired or is over."""
    (seen,) = judge(rules[number], {"value": (series,)}, "prod", end)
    made = step(known[number], seen, rules[number], end + MINUTE, 60.0)
    known[number] = made.instance
    return made.event in ("fired", "resolved")


def _rule(number: int, threshold: float) -> Rule:
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
