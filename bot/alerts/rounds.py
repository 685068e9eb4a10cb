"""From what the sources said at a tick to the moments of the instances; those of which nothing comes are passed over. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.alerts.outcome import belongs
from bot.alerts.questions import Answer, Call, Place, places_of, sorted_by_place
from bot.alerts.replay import Moment, ends_between, judged, replayed
from bot.alerts.rule import Rule
from bot.alerts.state import Instance

if TYPE_CHECKING:
    from bot.alerts.calm import Calm

MANY = 500  # places, from which on the calm ones are told first: fewer are judged in 6 ms, without NumPy and its 16 MB

Outcomes = Mapping[Call, Mapping[str, Answer] | Exception]
Known = Mapping[tuple[str, str], Instance]  # by rule and series


class Rounds:
    """Judges the same rules tick by tick; what is the same at every tick is worked out at the first."""

    def __init__(self, rules: Iterable[Rule], env: str, tick: timedelta, delay: timedelta, many: int = MANY) -> None:
        self._places = places_of((rule for rule in rules if rule.queries), env)
        self._tick = tick
        self._delay = delay
        self._many = many
        self._calm: Calm | None = None

    def moments(
        self, outcomes: Outcomes, known: Known, end: datetime, now: datetime, back: timedelta = timedelta(0)
    ) -> Iterator[Moment]:
        """Every instance now, except some that stay well; and after a break, every instance at each moment of it."""
        before: defaultdict[str, dict[str, Instance]] = defaultdict(dict)
        for (name, series), was in known.items():
            before[name][series] = was
        tick_s = self._tick.total_seconds()
        for rule, env, own in sorted_by_place(self._places if back else self._left(outcomes, known, end), outcomes):
            mine = (
                {series: was for series, was in before[rule.name].items() if belongs(series, env)} if rule.name in before else {}
            )
            if back and all(isinstance(answer, tuple) for answer in own.values()):
                ends = ends_between(end - back - self._tick, end, self._tick)
                yield from replayed(rule, env, own, mine, ends, self._delay, tick_s)
            else:
                yield from judged(rule, env, own, mine, end, now, tick_s)

    def _left(self, outcomes: Outcomes, known: Known, end: datetime) -> Iterable[Place]:
        """The places that must be judged exactly."""
        if len(self._places) < self._many:
            return self._places
        if self._calm is None:
            from bot.alerts.calm import Calm  # noqa: PLC0415 - loads NumPy, which only those with very many rules need

            self._calm = Calm(self._places)
        return self._calm.left(outcomes, known.values(), end)
