"""Rules, instances and what was seen of them, as tests need them; minutes are counted from START."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.alerts.judge import Outcome, Seen
from bot.alerts.rule import Rule
from bot.alerts.state import Instance, Signal, Step, missing, step
from charts.data import Column, Series, Table
from commands.panel import Query

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DELAY = timedelta(minutes=1)  # of a tick after the end of what it judges
TICK_S = 60.0
PLAIN = Rule(
    name="rate",
    title="Checkout success rate",
    owner="Commerce Backend",
    section="checkout",
    queries={"value": Query("datadog", "avg:$success_rate{$scope}")},
    unit="%",
    below=97.0,
    recover=98.0,
    over=timedelta(minutes=3),
    clear=timedelta(minutes=5),
)


def rule(**changes: object) -> Rule:
    """A rule that fires at once below a mean of 97 over 3 minutes, and is over after 5 minutes of 98 or more.

    With `above` it has that limit instead, and no other level of recovery than that.
    """
    other = {"below": None, "recover": changes["above"]} if "above" in changes else {}
    return replace(PLAIN, **other | changes)  # type: ignore[arg-type]


def minute(number: float) -> datetime:
    """So many minutes after START."""
    return START + timedelta(minutes=number)


def line(*values: float | None, first: float = 0, name: str = "value", step_s: float = 60.0) -> Series:
    """A series with these values, one bucket after the other from minute `first` on."""
    times = tuple(minute(first).timestamp() + step_s * number for number in range(len(values)))
    return Series(name, times, values, "%", step_s)


def points(*pairs: tuple[float, float | None], name: str = "value") -> Series:
    """A series of (minute, value), in this order."""
    return Series(name, tuple(START.timestamp() + 60 * at for at, _ in pairs), tuple(value for _, value in pairs), "%", 60.0)


def table(title: str, *rows: tuple[str | float, float | None]) -> Table:
    """An aggregation's answer: (key, value) of each bucket, the value under this title."""
    columns = (Column("key"), Column("count", "count"), Column(title))
    return Table(columns, tuple((key, None, value) for key, value in rows))


def instance(signal: Signal = "ok", **changes: object) -> Instance:
    """An instance of the rule in prod."""
    return replace(Instance("rate", "prod", signal), **changes)  # type: ignore[arg-type]


def seen(outcome: Outcome, at: float, value: float | None = None) -> Seen:
    """What was seen of it in the time up to that minute."""
    return Seen("prod", outcome, value, minute(at))


def after(outcomes: Iterable[tuple[float, Outcome]], rule: Rule, was: Instance | None = None) -> list[Step]:
    """The steps that these (minute, outcome) make in turn, each tick on time."""
    steps: list[Step] = []
    for at, outcome in outcomes:
        known = steps[-1].instance if steps else was or instance()
        steps.append(step(known, seen(outcome, at), rule, minute(at) + DELAY, TICK_S))
    return steps


def each_minute(outcomes: str, rule: Rule, was: Instance | None = None, first: float = 1) -> list[Step]:
    """The steps of a minute each: b(ad), B(etween), g(ood), n(othing), f(ailed)."""
    words: dict[str, Outcome] = {"b": "bad", "B": "between", "g": "good", "n": "nothing", "f": "failed"}
    return after(((first + number, words[letter]) for number, letter in enumerate(outcomes)), rule, was)


def events(steps: Iterable[Step]) -> list[str]:
    """What happened in each step; "" where nothing did."""
    return [each.event or "" for each in steps]


def signals(steps: Iterable[Step]) -> list[Signal]:
    return [each.instance.signal for each in steps]


def absent(was: Instance, ticks: int, of: Rule, first: float = 2) -> list[Step]:
    """The steps of so many ticks without its series."""
    made: list[Step] = []
    for number in range(ticks):
        known = made[-1].instance if made else was
        made.append(missing(known, of, minute(first + number) + DELAY, TICK_S))
    return made
