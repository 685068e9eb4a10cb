"""From what the sources said to what a rule saw: one number over its exact interval, or why there is none. Pure.

What each kind of absence does:
    a bucket without a point      unknown; left out, as long as enough others are there
    null                          the same: nothing was measured, which is not zero
    NaN or infinity               no number: left out, neither a breach nor its end
    no known bucket, no series    "nothing": the rule's no-data policy decides
    an error of the source        "failed": what was known stays as it is
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import lt
from typing import Literal

from bot.alerts.rule import Rule
from bot.ports import SourceError
from charts.data import Series, Table
from commands.numbers import cell
from commands.rolling import ENOUGH, mean, usual_distance

Outcome = Literal["bad", "between", "good", "nothing", "failed"]
Answer = tuple[Series, ...] | Table | SourceError

FEW = 2_000  # points: so many are looked over for their order; a history of months comes from us, in order
DAY = timedelta(hours=24)  # how far back the newest event of a lag is looked for


@dataclass(frozen=True, slots=True)
class Seen:
    """What a rule saw of one instance over the interval that ends at `end`.

    "between" is a number that is no breach and not good again either; `said` says what was wrong where there is no number.
    """

    series: str
    outcome: Outcome
    value: float | None
    end: datetime
    said: str = ""


def judge(rule: Rule, answers: Mapping[str, Answer], env: str, end: datetime) -> tuple[Seen, ...]:
    """What the rule saw in [end - over, end): one Seen, or one for each series of a query by group."""
    fault = next((answer for answer in answers.values() if isinstance(answer, SourceError)), None)
    if fault is not None:
        return (Seen(env, "failed", None, end, fault.said),)
    if rule.measure == "lag":
        return (_seen(rule, env, _lag_s(answers, end), end),)
    value = answers.get("value", ())
    groups = value if isinstance(value, tuple) else ()
    if len(groups) <= 1:
        return (_seen(rule, env, _measured(rule, groups[0], end) if groups else None, end),)
    return tuple(_seen(rule, f"{env}, {series.name}", _measured(rule, series, end), end) for series in groups)


def _seen(rule: Rule, series: str, value: float | None, end: datetime) -> Seen:
    if value is None:
        return Seen(series, "nothing", None, end)
    outcome: Outcome = "bad" if rule.breached(value) else "good" if rule.recovered(value) else "between"
    return Seen(series, outcome, value, end)


def _measured(rule: Rule, series: Series, end: datetime) -> float | None:
    known = _within(series, (end - rule.over).timestamp(), end.timestamp())
    if not known:
        return None
    if rule.measure == "sum":
        return math.fsum(known)
    if rule.measure == "last":
        return known[-1]
    wanted = max(1.0, rule.over.total_seconds() / usual_distance(series)) if series.step_s else 1.0
    return mean(known) if len(known) >= ENOUGH * wanted else None


def _within(series: Series, start: float, end: float) -> list[float]:
    """The numbers of the buckets that lie wholly in [start, end), whatever order they came in; of equal times the last."""
    times = series.times
    first, past = bisect_left(times, start), bisect_left(times, end)
    if not all(map(lt, times[first:past], times[first + 1 : past])) or (len(times) < FEW and not all(map(lt, times, times[1:]))):
        first, past = 0, len(times)
    pairs = zip(times[first:past], series.values[first:past], strict=True)
    found = {
        time: value
        for time, value in pairs
        if value is not None and start <= time and time + series.step_s <= end and math.isfinite(value)
    }
    return [found[time] for time in sorted(found)]


def _lag_s(answers: Mapping[str, Answer], end: datetime) -> float | None:
    """The larger of the percentile and the age of the newest event; a day where there was none: a dead worker logs nothing."""
    value, last = answers.get("value"), answers.get("last")
    if not isinstance(value, Table) or not isinstance(last, Table):
        return None
    percentile, newest = cell(value, "lag.95"), cell(last, "at")
    age = DAY.total_seconds() if newest is None else max(0.0, end.timestamp() - newest / 1000)
    return max(age, percentile / 1000) if percentile is not None and math.isfinite(percentile) else age
