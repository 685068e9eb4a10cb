"""What the rules see over time, as plain arithmetic: one after the other breaks, once each (who fires again is told less)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from bot.alerts.rule import Rule
from bot.digest.calendar import Plan
from tests.alerts_engine.feed import a_rule
from tests.crash.feed import is_critical, name_of

SECOND = timedelta(seconds=1)
FIRST = 8.0  # seconds before the first break
CLEAR_S = 2
EVERY_OTHER = 2  # tells Opsgenie too
DIGEST = "stand-up"


@dataclass(frozen=True)
class Waves:
    """`rules` rules break once each, for `bad_s` seconds; a break begins every `apart_s` seconds."""

    start: datetime
    rules: int
    apart_s: float
    bad_s: int

    def lasts_s(self) -> float:
        """Until all is over, recoveries too."""
        return FIRST + self.rules * self.apart_s + self.bad_s + CLEAR_S + 3

    def number(self, text: str, at: datetime) -> float:
        """The number of a rule ("r007") in the second that begins then."""
        since_s = (at - self.start).total_seconds() - FIRST - self.apart_s * int(text[1:])
        return 90.0 if 0 <= since_s < self.bad_s else 99.0

    def names(self) -> tuple[str, ...]:
        return tuple(map(name_of, range(self.rules)))

    def for_opsgenie(self) -> int:
        """How many episodes it hears of."""
        return len(range(EVERY_OTHER - 1, self.rules, EVERY_OTHER))

    def made(self) -> tuple[Rule, ...]:
        """A third is critical; every one tells PagerDuty."""
        return tuple(
            a_rule(
                name_of(number),
                over=SECOND,
                clear=SECOND * CLEAR_S,
                severity="critical" if is_critical(number) else "warning",
                routes=("slack", "pagerduty", *(("opsgenie",) if number % EVERY_OTHER == EVERY_OTHER - 1 else ())),
                repeat_every=timedelta(0),
            )
            for number in range(self.rules)
        )


def digest_plan(at: str) -> Plan:
    """A digest every day at that time ("14:05:30"), UTC."""
    return Plan(DIGEST, time.fromisoformat(at), "UTC", lambda day: True)


def in_a_while(seconds: float) -> str:
    """The time of day then, UTC."""
    return f"{datetime.now(UTC) + timedelta(seconds=seconds):%H:%M:%S}"
