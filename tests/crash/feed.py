"""What the rules see over time, written down as plain arithmetic, so that it can be told beforehand what must be said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.alerts.rule import Rule
from tests.alerts_engine.feed import a_rule

SECOND = timedelta(seconds=1)  # ticks and buckets are as short, so that a night takes minutes
FIRST, APART, BAD, CLEAR = 6, 3, 12, 2  # seconds: before the first break, between two, how long each lasts, and is then watched


@dataclass(frozen=True)
class Plan:
    """So many rules, each of which breaks once for BAD seconds, one APART seconds after the other."""

    start: datetime
    rules: int

    def begin(self, rule: int) -> datetime:
        return self.start + SECOND * (FIRST + APART * rule)

    def number(self, text: str, at: datetime) -> float:
        """The number of a rule ("r07") in the second that begins then."""
        begin = self.begin(int(text[1:]))
        return 90.0 if begin <= at < begin + SECOND * BAD else 99.0

    def end(self) -> datetime:
        """When all is over, recoveries too."""
        return self.begin(self.rules) + SECOND * (BAD + CLEAR + 3)

    def made(self) -> tuple[Rule, ...]:
        """A third is critical, half of them tell Opsgenie too."""
        return tuple(
            a_rule(
                f"r{number:03d}",
                over=SECOND,
                clear=SECOND * CLEAR,
                severity="warning" if number % 3 else "critical",
                routes=("slack", "pagerduty", "opsgenie") if number % 2 else ("slack", "pagerduty"),
                repeat_every=timedelta(0),
            )
            for number in range(self.rules)
        )
