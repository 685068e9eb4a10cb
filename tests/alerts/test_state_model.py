"""The states against a model that remembers everything that ever happened and works it all out anew each time."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Literal, get_args

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.alerts.judge import Outcome, Seen
from bot.alerts.rule import NoData, Rule
from bot.alerts.state import Event, Instance, Signal, missing, removed, step
from tests.alerts.rules import TICK_S, instance, minute
from tests.alerts.rules import rule as a_rule

EXAMPLES = int(os.environ.get("PAYBOT_MODEL_EXAMPLES", "60"))
STEPS = int(os.environ.get("PAYBOT_MODEL_STEPS", "60"))
WAITS = (0, 1, 2, 5)


@dataclass(frozen=True)
class Happened:
    """A tick at a minute of the clock: what it saw of the time up to `end`, or that the series or the rule was not there."""

    what: Outcome | Literal["absent", "removed"]
    now: int
    end: int
    hold: int
    clear: int
    no_data: NoData


@dataclass
class Told:
    """What the model says of an instance after everything that happened; `said` is what came of each thing."""

    signal: Signal = "ok"
    minutes: tuple[int, ...] = ()  # that each tick adds to the age of the present breach or recovery
    number: int = 0
    fires: tuple[int, ...] = ()  # the newest firing, and those of the hour before it: one beyond a clock's leap is forgotten
    heard: list[Happened] = field(default_factory=list)  # what counted, since it last became open, or ceased to be
    newest: int | None = None
    is_blind: bool = False
    news: tuple[Event | None, str] = (None, "")
    said: list[tuple[Event | None, str]] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return self.signal in ("firing", "recovering")


NEXT: Mapping[tuple[Signal, str], Signal] = {
    ("ok", "bad"): "pending",
    ("ok", "between"): "ok",
    ("ok", "good"): "ok",
    ("pending", "bad"): "pending",
    ("pending", "between"): "ok",
    ("pending", "good"): "ok",
    ("firing", "bad"): "firing",
    ("firing", "between"): "firing",
    ("firing", "good"): "recovering",
    ("recovering", "bad"): "firing",
    ("recovering", "between"): "firing",
    ("recovering", "good"): "recovering",
}


def worked_out(history: Sequence[Happened]) -> Told:
    """All of it from the beginning: what each thing means, where the table leads, and whether that is long enough."""
    told = Told()
    for each in history:
        told.news = (None, "")
        if each.what == "removed":
            told.news = ("resolved", "rule removed") if told.is_open else (None, "")
            told.signal, told.minutes, told.heard, told.is_blind = "ok", (), [], False
        elif each.what == "absent" and told.signal == "ok":
            pass
        elif (minutes := minutes_since(told, each)) is not None:
            move(told, each, minutes)
        told.said.append(told.news)
    return told


def minutes_since(told: Told, each: Happened) -> int | None:
    """What a tick adds to an age, and that it was the newest; None for one that was judged already."""
    newest = told.newest if told.newest is not None and told.newest <= each.now else None  # later than now it cannot have been
    if each.what == "absent":
        told.newest = each.now if newest is None else min(each.now, newest + 1)
        return 1
    if newest is not None and each.end <= newest:
        return None
    told.newest = each.end
    return each.end - newest if newest is not None and each.end - newest <= 2 else 0


def move(told: Told, each: Happened, minutes: int) -> None:
    """One thing that counts."""
    told.heard.append(each)
    meant, was, was_blind, was_open = meaning(told), told.signal, told.is_blind, told.is_open
    told.is_blind = each.what == "failed"
    if meant:
        told.signal = NEXT[was, meant]
        told.minutes = (*told.minutes, minutes) if told.signal == was else (0,)
        ripen(told, each, minutes)
    if was_open and not told.news[0] and (told.signal != was or (told.is_blind != was_blind and each.what != "absent")):
        told.news = ("changed", "")
    if told.is_open != was_open or (told.signal == "ok" and meant):
        told.heard = []


def meaning(told: Told) -> str:
    """What the newest thing heard counts as; "" for nothing. Until it fires, an absent series is a silent one."""
    each = told.heard[-1]
    silence = {each.what} if told.is_open else {"nothing", "absent"}
    heard = (one.what for one in reversed(told.heard) if one.what != "failed")
    silent = len(list(takewhile(lambda what: what in silence, heard)))
    if each.what == "absent":
        return "good" if silent >= 2 else ""
    if each.what != "nothing":
        return "" if each.what == "failed" else each.what
    late = "bad" if silent >= 3 and not told.is_open else ""
    return {"keep": "", "fire": "bad", "ok": "good", "nodata": late}[each.no_data]


def ripen(told: Told, each: Happened, minutes: int) -> None:
    """Fires or resolves what has lasted for long enough: an hour where it fired twice within one."""
    if told.signal in {"ok", "firing"}:
        told.minutes = ()
    elif told.signal == "pending" and sum(told.minutes) >= each.hold:
        told.signal, told.minutes, told.news, told.number = "firing", (), ("fired", ""), told.number + 1
        told.fires = (*(at for at in told.fires if 0 <= each.end - at < 60), each.end)
    elif told.signal == "recovering" and sum(told.minutes) >= max(each.clear, 60 if len(told.fires) > 1 else 0):
        reason = "missing" if each.what == "absent" else "recovered"
        told.signal, told.minutes, told.news = "ok", (), ("resolved", reason)


class Life(RuleBasedStateMachine):
    """One instance through ticks on time, late and lost, failures, silence, edited rules, replays, and clocks that are wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.history: list[Happened] = []
        self.known: Instance = instance()
        self.said: list[tuple[Event | None, str]] = []
        self.rule: Rule = a_rule(clear=timedelta(minutes=2))
        self.now = 100

    def happen(self, what: Outcome | Literal["absent", "removed"], end: int) -> None:
        was, at = self.known, minute(self.now)
        if what == "removed":
            made = removed(was)
        elif what == "absent":
            made = missing(was, self.rule, at, TICK_S)
        else:
            made = step(was, Seen("prod", what, None, minute(end)), self.rule, at, TICK_S)
        self.known = made.instance
        self.said.append((made.event, made.reason))
        hold, clear = (int(each / timedelta(minutes=1)) for each in (self.rule.hold, self.rule.clear))
        self.history.append(Happened(what, self.now, end, hold, clear, self.rule.no_data))

    @rule(outcomes=st.lists(st.sampled_from(get_args(Outcome)), min_size=1, max_size=4))
    def ticks(self, outcomes: Sequence[Outcome]) -> None:
        """On time, a minute each."""
        for outcome in outcomes:
            self.now += 1
            self.happen(outcome, self.now - 1)

    @rule(outcome=st.sampled_from(["bad", "good"]), many=st.integers(2, 70))
    def long_run(self, outcome: Outcome, many: int) -> None:
        """Long enough for any hold, and at times for any clear."""
        self.ticks([outcome] * many)

    @rule(outcome=st.sampled_from(get_args(Outcome)), lost=st.integers(1, 130))
    def gap(self, outcome: Outcome, lost: int) -> None:
        """Ticks are lost; the next one is on time again."""
        self.now += lost
        self.ticks([outcome])

    @precondition(lambda self: self.history)
    @rule(outcome=st.sampled_from(get_args(Outcome)), back=st.integers(0, 200))
    def replay(self, outcome: Outcome, back: int) -> None:
        """An end that was judged already, or one before it, comes once more, whatever it says this time."""
        self.happen(outcome, self.now - 1 - back)

    @rule(many=st.integers(1, 7))
    def absent(self, many: int) -> None:
        """Its series is not among those of its rule."""
        for _ in range(many):
            self.now += 1
            self.happen("absent", self.now - 1)

    @rule(ahead=st.integers(60, 50_000), outcome=st.sampled_from(get_args(Outcome)))
    def clock_was_wrong(self, ahead: int, outcome: Outcome) -> None:
        """It leaps ahead, something is judged, and it is set right again."""
        right = self.now
        self.now += ahead
        self.ticks([outcome])
        self.now = right

    @rule(hold=st.sampled_from(WAITS), clear=st.sampled_from(WAITS), no_data=st.sampled_from(get_args(NoData)))
    def edited(self, hold: int, clear: int, no_data: NoData) -> None:
        """Somebody changes the rule."""
        self.rule = replace(self.rule, hold=timedelta(minutes=hold), clear=timedelta(minutes=clear), no_data=no_data)

    @rule()
    def gone(self) -> None:
        """Somebody removes the rule, and puts it back."""
        self.happen("removed", self.now)

    @invariant()
    def compare(self) -> None:
        """Signal, age, number, blindness and everything that was said are the model's."""
        told = worked_out(self.history)
        known = self.known
        assert (known.signal, known.held_s, known.number) == (told.signal, 60 * sum(told.minutes), told.number)
        assert (known.failed_since is not None) == told.is_blind
        assert self.said == told.said

    @invariant()
    def episodes_are_whole(self) -> None:
        """One is open while it fires, none is when it does not; what is ok has no age."""
        told = [event for event, _ in self.said if event in ("fired", "resolved")]
        assert told == (["fired", "resolved"] * len(told))[: len(told)]
        assert len(told) % 2 == self.known.is_open
        assert (self.known.since is None) == (self.known.signal == "ok")
        assert self.known.signal != "ok" or self.known.held_s == 0

    @invariant()
    def times_are_not_in_the_future(self) -> None:
        """Nothing began after what was judged last."""
        newest: datetime | None = self.known.end
        assert all(newest is not None and at <= newest for at in (self.known.since, self.known.failed_since) if at)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None)
