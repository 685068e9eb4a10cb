"""Unit tests of rules, for `paybot rules test FILE`: values in, exactly the messages that people would read out. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.alerts.episode import Episode
from bot.alerts.outcome import Note, applied
from bot.alerts.questions import STEP, Answer, Own
from bot.alerts.replay import Moment, judged
from bot.alerts.rule import Rule
from bot.alerts.state import Instance
from bot.ports import SourceError
from charts.data import Column, Series, Table
from commands.typed import nearest

START = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
TOKEN = re.compile(r"(?P<value>-?\d+(?:\.\d+)?|null|none|error)(?:x(?P<times>\d{1,4}))?")
KEYS = ("name", "rule", "start", "values", "expect")
MOST_MINUTES = 20_000
DAY = timedelta(days=1)

Says = Callable[[Episode, datetime], str]


class BadCases(Exception):
    """The file cannot be used: every fault, one line each."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Case:
    """A rule, what its source says minute by minute from `start` on, and what people are to read.

    A value is a number, None for a minute that the source sends as null, "none" for one that it does not send at all, and "error"
    for one in which it does not answer.
    """

    name: str
    rule: Rule
    start: datetime
    values: tuple[float | str | None, ...]
    expect: tuple[str, ...]


def read_cases(text: str, file: str, rules: Mapping[str, Rule]) -> tuple[Case, ...]:
    """The cases of a file: tables [[case]] with name, rule, values ("98x30 92x12 null none error"), expect. Raises BadCases."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadCases((f"{file}: is not TOML: {error}",)) from error
    listed = document.get("case")
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise BadCases((f"{file}: has no [[case]]",))
    faults: list[str] = []
    cases = [
        case for number, each in enumerate(listed, start=1) if (case := _case(each, f"{file}: case {number}", rules, faults))
    ]
    if faults:
        raise BadCases(tuple(faults))
    return tuple(cases)


def _case(table: Mapping[str, Any], where: str, rules: Mapping[str, Rule], faults: list[str]) -> Case | None:
    unknown = [key for key in table if key not in KEYS]
    faults += [f'{where}: "{key}" is not a key; there are {", ".join(KEYS)}' for key in unknown]
    name, rule, expect = str(table.get("name", "")), str(table.get("rule", "")), table.get("expect")
    if rule not in rules:
        near = nearest(rule, tuple(rules))
        faults.append(f'{where}: there is no rule "{rule[:60]}"{f"; did you mean {near}?" if near else ""}')
    if not isinstance(expect, list) or not all(isinstance(line, str) for line in expect):
        faults.append(f'{where}: expect must be a list of lines such as "12:20 Checkout success rate …", [] for silence')
    values = _values(str(table.get("values", "")), where, faults)
    start = _start(table.get("start"), where, faults)
    if rule not in rules or not isinstance(expect, list) or unknown:
        return None
    return Case(name or where, rules[rule], start, values, tuple(map(str, expect)))


def _values(text: str, where: str, faults: list[str]) -> tuple[float | str | None, ...]:
    found: list[float | str | None] = []
    for word in text.split():
        match = TOKEN.fullmatch(word)
        if not match:
            faults.append(f'{where}: "{word[:60]}" is no value; write numbers, null, none or error, and 98x30 for thirty of them')
            continue
        value = {"null": None, "none": "none", "error": "error"}.get(match["value"], match["value"])
        number: float | str | None = value if value in ("none", "error", None) else float(str(value))
        found += [number] * int(match["times"] or 1)
    if not found or len(found) > MOST_MINUTES:
        faults.append(f"{where}: values must be 1 to {MOST_MINUTES} minutes long")
    return tuple(found)


def _start(value: object, where: str, faults: list[str]) -> datetime:
    if value is None:
        return START
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        faults.append(f'{where}: start must be a time such as "2026-01-05T12:00Z"')
        return START
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC).replace(second=0, microsecond=0)


def said(case: Case, delay: timedelta, tick: timedelta, says: Says, note: Note) -> tuple[str, ...]:
    """What people read, each line with the time at which it would be said: "12:21 Checkout success rate …"."""
    lines: list[str] = []
    instances: dict[str, Instance] = {}
    episodes: dict[str, Episode] = {}
    for end in _ends(case, tick):
        now = end + delay
        moments = tuple(judged(case.rule, "prod", _answers(case, end), instances, end, now, tick.total_seconds()))
        instances |= {moment.step.instance.series: moment.step.instance for moment in moments}
        lines += _spoken(case, moments, episodes, now, says, note)
    return tuple(lines)


def _spoken(
    case: Case, moments: tuple[Moment, ...], episodes: dict[str, Episode], now: datetime, says: Says, note: Note
) -> Iterator[str]:
    changes = applied(moments, tuple(episodes.values()), {case.rule.name: case.rule}, "prod", now)
    for episode in changes.opened:
        episodes[episode.id] = episode
        yield f"{now:%H:%M} {says(episode, now)}"
    for own, episode in changes.shown.items():
        episodes[own] = episode
    for news, episode in changes.news:
        yield f"{now:%H:%M} {note(news, episode, now)}"
    for own in [own for own, episode in episodes.items() if episode.phase == "closed"]:
        del episodes[own]


def _ends(case: Case, tick: timedelta) -> Iterator[datetime]:
    end = case.start + tick
    while end <= case.start + STEP * len(case.values):
        yield end
        end += tick


def _answers(case: Case, end: datetime) -> Own:
    """What the source says when it is asked about the time before `end`."""
    minutes = int((end - case.start) / STEP)
    known = case.values[:minutes]
    if known and known[-1] == "error":
        fault: Answer = SourceError("did not answer in time", "timeout")
        return dict.fromkeys(case.rule.queries or ("value",), fault)
    sent = [(case.start + STEP * place, value) for place, value in enumerate(known) if value not in ("none", "error")]
    numbers = [(at.timestamp(), value if isinstance(value, float) else None) for at, value in sent]
    if case.rule.measure == "lag":
        return _lag(numbers, case, end)
    times, values = tuple(at for at, _ in numbers), tuple(value for _, value in numbers)
    return dict.fromkeys(case.rule.queries, (Series("value", times, values, case.rule.unit, STEP.total_seconds()),))


def _lag(numbers: list[tuple[float, float | None]], case: Case, end: datetime) -> Own:
    """A webhook log: the values are the percentile of each minute in seconds; a minute without one had no event."""
    known = [(at, value) for at, value in numbers if value is not None]
    recent = [value for at, value in known if at >= (end - case.rule.over).timestamp()]
    last = [at + STEP.total_seconds() for at, _ in known if at >= (end - DAY).timestamp()]
    columns = (Column("key"), Column("count", "count"))
    value = Table((*columns, Column("lag.95")), (("events", float(len(recent)), 1000 * max(recent) if recent else None),))
    newest = Table((*columns, Column("at")), (("events", float(len(last)), 1000 * last[-1] if last else None),))
    return {"value": value, "last": newest}
