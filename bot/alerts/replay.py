"""Rules judged at many moments in turn from one set of answers, as restarts, backtests and tests of rules need it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.alerts.judge import Seen, judge
from bot.alerts.questions import Own
from bot.alerts.rule import Rule
from bot.alerts.state import Instance, Step, missing, step

TOLD = ("bad", "between", "good")  # outcomes that show that the source did send something


@dataclass(frozen=True, slots=True)
class Moment:
    """One instance at one moment: what was seen (None: its series was absent), and what that made of it."""

    end: datetime
    seen: Seen | None
    step: Step


def ends_between(first: datetime, last: datetime, tick: timedelta) -> tuple[datetime, ...]:
    """The judged moments in (first, last], a tick apart, the last one always among them."""
    many = max(0, -((first - last) // tick))
    return tuple(last - tick * back for back in reversed(range(many)))


def judged(
    rule: Rule, env: str, answers: Own, before: Mapping[str, Instance], end: datetime, now: datetime, tick_s: float
) -> Iterator[Moment]:
    """What every instance of a rule in one environment comes to at `end`; `before` are those known so far, by their series."""
    seen = _by_series(judge(rule, answers, env, end), before)
    for series, one in seen.items():
        yield Moment(end, one, step(before.get(series, Instance(rule.name, series)), one, rule, now, tick_s))
    if any(one.outcome in TOLD for one in seen.values()):
        for series, was in before.items():
            if series not in seen and was.signal != "ok":
                yield Moment(end, None, missing(was, rule, now, tick_s))


def _by_series(seen: Iterable[Seen], before: Mapping[str, Instance]) -> Mapping[str, Seen]:
    """What was seen, by its instance; a query by group that failed as a whole failed for each group that is known."""
    found = {each.series: each for each in seen}
    if before and all(each.outcome == "failed" and series not in before for series, each in found.items()):
        return {series: replace(each, series=series) for each in found.values() for series in before}
    return found


def replayed(
    rule: Rule, env: str, answers: Own, before: Mapping[str, Instance], ends: Iterable[datetime], delay: timedelta, tick_s: float
) -> Iterator[Moment]:
    """All moments in turn, as if a tick had been at each end plus the delay."""
    known = dict(before)
    for end in ends:
        for moment in judged(rule, env, answers, known, end, end + delay, tick_s):
            known[moment.step.instance.series] = moment.step.instance
            yield moment
