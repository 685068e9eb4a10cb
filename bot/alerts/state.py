"""What an instance of a rule makes of what is seen, tick by tick: pending, firing, recovering, and over. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from bot.alerts.judge import Outcome, Seen
from bot.alerts.rule import Rule

Signal = Literal["ok", "pending", "firing", "recovering"]
Event = Literal["fired", "resolved", "changed"]

SILENT = 3  # ticks without data before "nodata" counts them as a breach
MISSING = 2  # ticks in which a series is absent, others being there, before it is taken for over
FLAP = timedelta(hours=1)  # who fires again within it must be good for as long: at most four messages an hour
RECOVERED, GONE, ABSENT = "recovered", "rule removed", "missing"


@dataclass(frozen=True, slots=True)
class Instance:
    """One series of a rule. `since` is the data time at which its breach began.

    `held_s` is for how long the present breach (pending) or recovery (recovering) has been seen.
    `end` is the newest judged moment, `silent` counts ticks in a row without data, `number` the episodes so far, `fired` when it
    fired within the last hour.
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


@dataclass(frozen=True, slots=True)
class Step:
    """The instance afterwards, and what happened: "changed" asks for the message to be made anew."""

    instance: Instance
    event: Event | None = None
    reason: str = ""


def step(was: Instance, seen: Seen, rule: Rule, now: datetime, tick_s: float) -> Step:
    """One tick. An end that is not newer than what was judged already changes nothing."""
    if was.end is not None and seen.end <= was.end:
        return Step(was)
    outcome, silent = _counted(was, seen, rule)
    passed_s = _passed_s(was, seen, tick_s)
    noted = replace(
        was,
        end=seen.end,
        silent=silent,
        value=seen.value if seen.value is not None else was.value,
        failed_since=(was.failed_since or seen.end) if seen.outcome == "failed" else None,
        fired=tuple(at for at in was.fired if seen.end - at < FLAP),
    )
    if outcome in ("failed", "nothing"):
        return Step(noted, "changed" if _is_blind(was) != _is_blind(noted) and was.signal in ("firing", "recovering") else None)
    if was.signal in ("ok", "pending"):
        return _below(noted, outcome, rule, seen.end, passed_s)
    return _above(noted, outcome, rule, seen.end, passed_s)


def removed(was: Instance) -> Step:
    """Its rule is gone or switched off."""
    return Step(_quiet(was), "resolved", GONE) if was.signal in ("firing", "recovering") else Step(_quiet(was))


def missing(was: Instance, rule: Rule, now: datetime, tick_s: float) -> Step:
    """Its series is absent while others of its rule are there."""
    gone = replace(was, silent=was.silent + 1)
    if was.signal == "pending":
        return Step(_quiet(gone))
    if was.signal in ("ok", "recovering") or gone.silent < MISSING:
        over = was.signal == "recovering" and gone.silent > MISSING
        return Step(_quiet(gone), "resolved", ABSENT) if over else Step(gone)
    return Step(replace(gone, signal="recovering", held_s=0.0), "changed")


def _counted(was: Instance, seen: Seen, rule: Rule) -> tuple[Outcome, int]:
    """What the outcome counts as, no data by the rule's policy; and the ticks in a row without data."""
    if seen.outcome != "nothing":
        return seen.outcome, was.silent if seen.outcome == "failed" else 0
    silent = was.silent + 1
    if rule.no_data == "fire":
        return "bad", silent
    if rule.no_data == "ok":
        return "good", silent
    if rule.no_data == "nodata" and (was.signal == "pending" or silent >= SILENT) and was.signal in ("ok", "pending"):
        return "bad", silent
    return "nothing", silent


def _passed_s(was: Instance, seen: Seen, tick_s: float) -> float:
    """How much longer it has been seen: nothing where nobody looked in between, for longer than two ticks."""
    gap = (seen.end - was.end).total_seconds() if was.end is not None else 0.0
    return gap if gap <= 2 * tick_s and was.failed_since is None else 0.0


def _below(was: Instance, outcome: Outcome, rule: Rule, end: datetime, passed_s: float) -> Step:
    """Not firing: only a breach counts."""
    if outcome != "bad":
        return Step(_quiet(was))
    pending = was.signal == "pending"
    held_s = was.held_s + passed_s if pending else 0.0
    since = was.since if pending and was.since else end
    if held_s < rule.hold.total_seconds():
        return Step(replace(was, signal="pending", since=since, held_s=held_s))
    fired = (*was.fired, end)
    return Step(replace(was, signal="firing", since=since, held_s=0.0, number=was.number + 1, fired=fired), "fired")


def _above(was: Instance, outcome: Outcome, rule: Rule, end: datetime, passed_s: float) -> Step:
    """Firing or recovering: only what is good again counts."""
    if outcome != "good":
        event: Event | None = "changed" if was.signal == "recovering" else None
        return Step(replace(was, signal="firing", held_s=0.0), event)
    recovering = was.signal == "recovering"
    held_s = was.held_s + passed_s if recovering else 0.0
    clear_s = max(rule.clear.total_seconds(), FLAP.total_seconds() if len(was.fired) > 1 else 0.0)
    if held_s >= clear_s:
        return Step(_quiet(was), "resolved", RECOVERED)
    return Step(replace(was, signal="recovering", held_s=held_s), None if recovering else "changed")


def _quiet(was: Instance) -> Instance:
    return replace(was, signal="ok", since=None, held_s=0.0)


def _is_blind(instance: Instance) -> bool:
    return instance.failed_since is not None
