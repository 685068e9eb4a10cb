"""What an instance of a rule makes of what is seen, tick by tick: pending, firing, recovering, and over. Pure.

    signal       bad                     between      good                        nothing, failed
    ok           pending, or fired       -            -                           -
    pending      fired once it holds     ok           ok                          - (its age stands still)
    firing       -                       -            recovering, or resolved     -
    recovering   firing                  firing       resolved once it is clear   - (its age stands still)

What "nothing" counts as is the rule's `no_data`: "fire" makes it bad, "ok" good, "keep" changes nothing; "nodata" makes it bad
from the third tick in a row on, unless it fires already.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from bot.alerts.judge import Outcome, Seen
from bot.alerts.rule import Rule

Signal = Literal["ok", "pending", "firing", "recovering"]
Event = Literal["fired", "resolved", "changed"]

SILENT = 3  # ticks in a row without data from which on "nodata" counts them as a breach
MISSING = 2  # ticks in a row in which a series is absent, others being there, before it is taken for over
FLAP = timedelta(hours=1)  # who fires again within it must be good for as long: at most four messages an hour
GRID_S = 60.0  # of the ends: ticks may come faster, what they judge does not
RECOVERED, GONE, ABSENT = "recovered", "rule removed", "missing"


@dataclass(frozen=True, slots=True)
class Instance:
    """One series of a rule. `since` is the data time at which the present breach or recovery began, None while it is ok.

    `held_s` is for how long it has been seen so: ticks that know nothing and gaps add nothing to it. `value` is the newest number
    and `end` the newest judged moment. `silent` counts ticks in a row: without data until it fires, without its series while it
    fires. `number` counts its episodes. `fired` is when the newest one fired, and before it those of the hour before that.
    """

    rule: str
    series: str
    signal: Signal = "ok"
    since: datetime | None = None
    held_s: float = 0.0
    value: float | None = None
    end: datetime | None = None
    silent: int = 0
    failed_since: datetime | None = None
    number: int = 0
    fired: tuple[datetime, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it has an episode that is not over."""
        return self.signal in ("firing", "recovering")


@dataclass(frozen=True, slots=True)
class Step:
    """The instance afterwards, and what happened: "changed" asks for the message to be made anew."""

    instance: Instance
    event: Event | None = None
    reason: str = ""


def step(was: Instance, seen: Seen, rule: Rule, now: datetime, tick_s: float) -> Step:
    """One tick. An end that is not newer than what was judged already changes nothing."""
    if was.end is not None and was.end > now:
        was = _set_back(was, seen.end)
    if was.end is not None and seen.end <= was.end:
        return Step(was)
    silent = _silent(was, seen)
    noted = replace(
        was,
        value=seen.value if seen.value is not None else was.value,
        end=seen.end,
        silent=silent,
        failed_since=(was.failed_since or seen.end) if seen.outcome == "failed" else None,
    )
    after = _after(noted, _counted(was, seen, rule, silent), rule, seen.end, _passed_s(was, seen, tick_s))
    is_news = after.instance.is_open and (was.failed_since is None) != (noted.failed_since is None)
    return replace(after, event="changed") if is_news and after.event is None else after


def removed(was: Instance) -> Step:
    """Its rule is gone or switched off: an open episode is over, once."""
    return Step(_calm(was), "resolved", GONE) if was.is_open else Step(_calm(was))


def missing(was: Instance, rule: Rule, now: datetime, tick_s: float) -> Step:
    """A tick in which its series is absent while others of its rule are there: from the second in a row on that is good."""
    if was.signal == "ok":
        return Step(was)
    if was.end is not None and was.end > now:
        was = _set_back(was, now)
    end = min(now, (was.end or now) + timedelta(seconds=tick_s))
    gone = replace(was, end=end, silent=was.silent + 1, failed_since=None)
    if gone.silent < MISSING:
        return Step(gone)
    after = _after(gone, "good", rule, end, tick_s)
    return replace(after, reason=ABSENT) if after.event == "resolved" else after


# --- one tick -----------------------------------------------------------------------------------------------------------


def _set_back(was: Instance, end: datetime) -> Instance:
    """What is left of an instance that was judged later than now: the clock was wrong then, and must not blind it until then."""
    since = min(was.since, end) if was.since else None
    return replace(was, end=None, since=since, failed_since=min(was.failed_since, end) if was.failed_since else None)


def _silent(was: Instance, seen: Seen) -> int:
    """Ticks in a row without data; an error neither adds to them nor ends them."""
    if seen.outcome == "failed":
        return was.silent
    return was.silent + 1 if seen.outcome == "nothing" and not was.is_open else 0


def _counted(was: Instance, seen: Seen, rule: Rule, silent: int) -> Outcome:
    """The outcome, and no data as what the rule says that it counts as."""
    if seen.outcome != "nothing" or rule.no_data == "keep":
        return seen.outcome
    if rule.no_data == "nodata":
        return "bad" if silent >= SILENT and not was.is_open else "nothing"
    return "bad" if rule.no_data == "fire" else "good"


def _passed_s(was: Instance, seen: Seen, tick_s: float) -> float:
    """The time since the last judged moment; none where that is more than two ticks ago: nobody saw what was in between."""
    gap_s = (seen.end - was.end).total_seconds() if was.end else 0.0
    return gap_s if gap_s <= 2 * max(tick_s, GRID_S) else 0.0


def _after(was: Instance, outcome: Outcome, rule: Rule, end: datetime, passed_s: float) -> Step:
    """The table at the head of this module."""
    if outcome in ("nothing", "failed"):
        return Step(was)
    match was.signal:
        case "ok":
            return _breached(replace(was, signal="pending", since=end), rule, end) if outcome == "bad" else Step(_calm(was))
        case "pending":
            return _breached(replace(was, held_s=was.held_s + passed_s), rule, end) if outcome == "bad" else Step(_calm(was))
        case "firing":
            return _good(replace(was, signal="recovering", since=end), rule, "changed") if outcome == "good" else Step(was)
        case "recovering" if outcome == "good":
            return _good(replace(was, held_s=was.held_s + passed_s), rule)
        case "recovering":
            return Step(replace(was, signal="firing", since=end, held_s=0.0), "changed")


def _breached(pending: Instance, rule: Rule, end: datetime) -> Step:
    """Fires once the breach has been seen for as long as the rule says."""
    if pending.held_s < rule.hold.total_seconds():
        return Step(pending)
    hour = tuple(at for at in pending.fired if timedelta(0) <= end - at < FLAP)
    number = pending.number + 1
    return Step(replace(pending, signal="firing", held_s=0.0, silent=0, number=number, fired=(*hour, end)), "fired")


def _good(recovering: Instance, rule: Rule, meanwhile: Event | None = None) -> Step:
    """Over once it has been seen so for as long as the rule says, and at least an hour for what has fired twice within one."""
    clear = max(rule.clear, FLAP) if len(recovering.fired) > 1 else rule.clear
    if recovering.held_s < clear.total_seconds():
        return Step(recovering, meanwhile)
    return Step(_calm(recovering), "resolved", RECOVERED)


def _calm(was: Instance) -> Instance:
    return replace(was, signal="ok", since=None, held_s=0.0, silent=0, failed_since=None)
