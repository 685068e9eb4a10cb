"""What is called calm is left alone: nothing comes of it in the exact way either."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.alerts.calm import Calm
from bot.alerts.engine import is_news
from bot.alerts.questions import Answer, Call, calls_of, places_of, sorted_by_place
from bot.alerts.replay import judged
from bot.alerts.rule import Rule
from bot.alerts.state import Instance
from bot.ports import SourceError
from charts.data import Series, Table
from commands.panel import Query
from tests.alerts.rules import DELAY, TICK_S, instance, line, minute, points, rule

END = 20
LIMITS = (0.0, 0.2, 97.0, -3.0, 2.0**53)
NEAR = [at for limit in LIMITS for at in (limit, math.nextafter(limit, -math.inf), math.nextafter(limit, math.inf))]
ODD = [None, math.nan, math.inf, -math.inf, 1e300, -1e300, 1e301, 2**53 + 1, 10**400, True, 0.1, 0.3, 98, 5e-324]
DOWN = SourceError("did not answer in time", "timeout")

numbers = st.sampled_from(NEAR) | st.sampled_from(ODD) | st.floats(-200, 200)
minutes = st.sampled_from([0, 1, 2, 5]).map(lambda number: timedelta(minutes=number))
ends = st.sampled_from([None, END - 60, END - 1, END, END + 1, END + 30]).map(lambda at: None if at is None else minute(at))


@st.composite
def limits(draw: st.DrawFn) -> Mapping[str, float | None]:
    limit, apart = draw(st.sampled_from(LIMITS)), draw(st.sampled_from([0.0, 1.0]))
    if draw(st.booleans()):
        return {"above": limit, "below": None, "recover": limit - apart}
    return {"above": None, "below": limit, "recover": limit + apart}


@st.composite
def rules(draw: st.DrawFn, name: str) -> Rule:
    """Any rule that asks for one thing."""
    return rule(
        name=name,
        measure=draw(st.sampled_from(["mean", "sum", "last", "lag"])),
        over=timedelta(seconds=draw(st.sampled_from([0, 60, 90, 180, 300, 900]))),
        hold=draw(minutes),
        clear=draw(minutes),
        no_data=draw(st.sampled_from(["keep", "fire", "ok", "nodata"])),
        queries={"value": Query("datadog", draw(st.sampled_from(["a", "a", "a by {host}"])))},
        environments=draw(st.sampled_from([(), ("prod", "staging")])),
        **draw(limits()),
    )


@st.composite
def lines(draw: st.DrawFn) -> Series:
    """Buckets up to about the end: some late, some that stick out, some out of order or of the same time, some of odd width."""
    step_s = draw(st.sampled_from([60.0, 60.0, 60, 0.0, 300.0, math.nan, -60.0]))
    many, late = draw(st.integers(0, 18)), draw(st.integers(-2, 4))
    times = [minute(END - late - number).timestamp() for number in range(many, 0, -1)]
    match draw(st.sampled_from(["plain", "plain", "plain", "sparse", "shuffled", "doubled", "shifted", "odd"])):
        case "sparse":
            times = times[::4]
        case "shuffled":
            times = draw(st.permutations(times))
        case "doubled":
            times += times[-2:]
        case "shifted":
            times = [time + 30.5 for time in times]
        case "odd":
            times = [math.nan, *times]
    usual = draw(numbers)
    values = draw(st.lists(st.just(usual) | numbers, min_size=len(times), max_size=len(times)))
    return Series("value", tuple(times), tuple(values), "%", step_s)


answers = (
    lines().map(lambda line: (line,))
    | lines().map(lambda line: (line,))
    | st.sampled_from([(), DOWN, Table(), None])
    | st.tuples(lines(), lines().map(lambda line: replace(line, name="other")))
)


@st.composite
def instances(draw: st.DrawFn, name: str, series: str) -> Instance:
    """An instance in any state, also in those that only a fault could make."""
    return Instance(
        name,
        series,
        signal=draw(st.sampled_from(["ok", "ok", "ok", "pending", "firing", "recovering"])),
        since=draw(st.none() | st.just(minute(END - 3))),
        held_s=draw(st.sampled_from([0.0, 0.0, 60.0])),
        value=draw(st.none() | st.just(97.0)),
        end=draw(ends),
        silent=draw(st.sampled_from([0, 0, 1, 2])),
        failed_since=draw(st.none() | st.just(minute(END - 3))),
        number=draw(st.sampled_from([0, 1, 7])),
        fired=draw(st.sampled_from([(), (minute(END - 30),), (minute(END - 50), minute(END - 30))])),
    )


@st.composite
def ticks(draw: st.DrawFn) -> tuple[Sequence[Rule], Mapping[Call, Mapping[str, Answer]], Mapping[tuple[str, str], Instance]]:
    """Rules, what was answered, and what was known before."""
    own = [draw(rules(f"r{number}")) for number in range(draw(st.integers(1, 5)))]
    said = {call: {key: draw(answers) for key in call.queries} for call in calls_of(own, "prod")}
    places = [(one.name, series) for one in own for series in ("prod", "staging", "prod, value") if draw(st.booleans())]
    known = {place: draw(instances(*place)) for place in places}
    return own, {call: {key: one for key, one in found.items() if one is not None} for call, found in said.items()}, known


Tick = tuple[Sequence[Rule], Mapping[Call, Mapping[str, Answer]], Mapping[tuple[str, str], Instance]]


def one_tick(of: Rule, answer: Answer, was: Instance | None = None) -> Tick:
    (call,) = calls_of([of], "prod")
    return [of], {call: dict.fromkeys(call.queries, answer)}, {(was.rule, was.series): was} if was else {}


def calm(tick: Tick) -> list[tuple[str, str]]:
    """The places that are called calm, by rule and environment."""
    own, outcomes, known = tick
    places = places_of(own, "prod")
    left = Calm(places).left(outcomes, known.values(), minute(END))
    assert [place for place in places if place in left] == left  # in their order
    return [(rule.name, env) for rule, env in places if (rule, env) not in left]


@settings(max_examples=400, deadline=None)
@given(ticks())
@example(one_tick(rule(below=0.2, recover=0.2, over=timedelta(minutes=15)), (line(*[0.1, 0.3] * 10),)))
@example(one_tick(rule(above=97.0), (line(*[97.0] * 20),)))
def test_nothing_comes_of_what_is_calm(tick: Tick) -> None:
    """No event, and nothing to keep but the newest number and its time, which an instance that is well does not need."""
    own, outcomes, known = tick
    is_calm = set(calm(tick))
    for of, env, said in sorted_by_place(places_of(own, "prod"), outcomes):
        if (of.name, env) not in is_calm:
            continue
        before = {series: was for (name, series), was in known.items() if name == of.name and series.startswith(env)}
        for moment in judged(of, env, said, before, minute(END), minute(END) + DELAY, TICK_S):
            was, now = (
                before.get(moment.step.instance.series, Instance(of.name, moment.step.instance.series)),
                moment.step.instance,
            )
            assert (moment.step.event, is_news(was, now)) == (None, False)
            assert replace(now, end=was.end, value=was.value) == was
            assert moment.seen is not None
            assert moment.seen.outcome != "bad"


WELL = line(*[99.0] * END)
FIVE = timedelta(minutes=5)
COUNTS = rule(measure="sum", above=10.0, over=FIVE)


@pytest.mark.parametrize(
    ("of", "series"),
    [
        (rule(), WELL),
        (rule(), line(*[97.5] * END)),
        (rule(over=FIVE), line(*[99.0] * 17, None, math.nan, 99.0)),
        (rule(above=5.0), line(*[4.0] * END)),
        (COUNTS, line(*[1] * END)),
        (COUNTS, line(*[None] * 19, 1)),
        (rule(measure="sum", above=0.0), line(*[0] * END)),
        (rule(measure="last"), line(*[0.0] * 19, 97.0)),
        (rule(no_data="ok"), line(*[None] * END)),
        (rule(no_data="ok"), Series("value")),
    ],
)
@pytest.mark.parametrize("was", [None, instance(), instance(number=3, fired=(minute(-5),), end=minute(5), value=90.0)])
def test_what_is_plainly_well_is_calm(of: Rule, series: Series, was: Instance | None) -> None:
    """Good, or between; with holes, where enough is known; a count of none; one that has fired before."""
    assert calm(one_tick(of, (series,), was)) == [("rate", "prod")]


@pytest.mark.parametrize(
    ("of", "answer"),
    [
        (rule(), (line(*[96.0] * END),)),
        (rule(), (line(*[99.0] * 10),)),
        (rule(over=FIVE), (line(*[99.0] * 15, 99.0, *[None] * 4),)),
        (rule(over=timedelta(minutes=9)), (line(*[97.0 + 1e-9] * END),)),
        (rule(measure="last"), (line(*[99.0] * 19, None),)),
        (rule(measure="last", above=5.0), (line(*[9.0] * 19, None),)),
        (rule(no_data="ok"), (line(*[0.0] * 19, 10**400),)),
        (rule(measure="last", below=2**53 + 1, recover=2**53 + 1), (line(*[2.0**53] * END),)),
        (rule(measure="last", over=timedelta(minutes=9)), (line(90.0, 90.0, 90.0, 99.0, first=2, step_s=300.0),)),
        (rule(), (points(*[(number, 99.0) for number in reversed(range(END))]),)),
        (rule(), ()),
        (rule(), (WELL, replace(WELL, name="other"))),
        (rule(), DOWN),
        (rule(), Table()),
        (rule(queries={"value": Query("datadog", "a by {host}")}), (WELL,)),
        (rule(queries={"value": Query("datadog", "a"), "last": Query("datadog", "b")}), (WELL,)),
        (rule(measure="lag"), (WELL,)),
    ],
)
def test_what_may_be_otherwise_is_not_calm(of: Rule, answer: Answer) -> None:
    """A breach, too little that is known, a number at the limit, and every answer that is not one plain series."""
    assert calm(one_tick(of, answer)) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"signal": "pending"},
        {"signal": "firing"},
        {"signal": "recovering"},
        {"silent": 1},
        {"since": minute(1)},
        {"held_s": 60.0},
        {"failed_since": minute(1)},
        {"series": "prod, host:a", "signal": "firing"},
    ],
)
def test_what_is_not_at_rest_is_not_calm(changes: dict[str, object]) -> None:
    """However good its number: something is to be ended, or forgotten."""
    assert calm(one_tick(rule(), (WELL,), replace(instance(), **changes))) == []  # type: ignore[arg-type]


def test_one_odd_answer_makes_nobody_else_look() -> None:
    """Of many rules with the same question those stay calm whose own answers are plain, whatever stands among the others."""
    series = [line(), WELL, line(*[99.0] * 19, None), line(*[99.0] * 19, 10**400), line(*[99.0] * 30), WELL, line(*[0.0] * END)]
    own = [rule(name=f"r{number}") for number in range(len(series))]
    (call,) = calls_of(own, "prod")
    said = {key: (one,) for key, one in zip(call.queries, series, strict=True)}
    assert [name for name, _ in calm((own, {call: said}, {}))] == ["r1", "r2", "r4", "r5"]
