"""What the rules see over time, written down as plain arithmetic, so that it can be told beforehand what must be said."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.alerts.rule import Rule
from tests.alerts_engine.feed import a_rule

SECOND = timedelta(seconds=1)  # ticks and buckets are as short, so that a night takes minutes
FIRST, APART, BAD, CLEAR = 4, 3, 12, 2  # seconds: before the first break, between two, how long each lasts, and is then watched


@dataclass(frozen=True)
class Plan:
    """So many rules, of which the first `breaking` break once for `bad_s` seconds, one `apart_s` seconds after the other.

    Every rule tells PagerDuty, and one in `opsgenie` that too.
    """

    start: datetime
    rules: int
    breaking: int = 10_000
    apart_s: int = APART
    bad_s: int = BAD
    opsgenie: int = 2

    def begin(self, rule: int) -> datetime:
        return self.start + SECOND * (FIRST + self.apart_s * rule)

    def number(self, text: str, at: datetime) -> float:
        """The number of a rule ("r007") in the second that begins then."""
        rule = int(text[1:])
        begin = self.begin(rule)
        return 90.0 if rule < self.breaking and begin <= at < begin + SECOND * self.bad_s else 99.0

    @property
    def broken(self) -> int:
        """How many rules break in all."""
        return min(self.rules, self.breaking)

    def for_opsgenie(self) -> range:
        """The rules that tell it, as far as they break."""
        return range(self.opsgenie - 1, self.broken, self.opsgenie)

    def cut(self, now: datetime) -> Plan:
        """The plan in which nothing breaks that has not begun to break by now."""
        return replace(self, breaking=sum(self.begin(rule) <= now for rule in range(self.broken)))

    def end(self) -> datetime:
        """When all is over, recoveries too."""
        return self.begin(self.broken) + SECOND * (self.bad_s + CLEAR + 3)

    def made(self) -> tuple[Rule, ...]:
        """A third is critical."""
        return tuple(
            a_rule(
                name_of(number),
                over=SECOND,
                clear=SECOND * CLEAR,
                severity="critical" if is_critical(number) else "warning",
                routes=("slack", "pagerduty", "opsgenie") if number in self.for_opsgenie() else ("slack", "pagerduty"),
                repeat_every=timedelta(0),
            )
            for number in range(self.rules)
        )


def name_of(rule: int) -> str:
    return f"r{rule:03d}"


def is_critical(rule: int) -> bool:
    return rule % 3 == 0
