"""What `paybot rules test`, `rules backtest` and `/pay backtest` do: files and sources are read here, the rest is pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bot.alerts.backtest import Backtest, history, lines, picture, quieter, run
from bot.alerts.cases import BadCases, Says, read_cases, said
from bot.alerts.outcome import Note
from bot.alerts.rule import Rule
from bot.config import Config
from bot.ports import Source
from charts.spec import Picture

PAGES_A_WEEK = 2.0  # more often than that nobody reads alerts for long
LONGEST = timedelta(days=90)
GRID = timedelta(minutes=1)


def tested(file: Path, rules: Sequence[Rule], config: Config, says: Says, note: Note) -> tuple[list[str], bool]:
    """What is told of each case of the file, and whether all hold. Raises BadCases, also for a file that cannot be read."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadCases((f"{file}: cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}",)) from error
    cases = read_cases(text, file.name, {rule.name: rule for rule in rules})
    told: list[str] = []
    broken = 0
    for case in cases:
        found = said(case, config.alerts.delay, config.alerts.tick, says, note)
        if found != case.expect:
            broken += 1
            told.append(f"✗ {case.name} ({case.rule.name})")
            told += [f"    - {line}" for line in case.expect if line not in found]
            told += [f"    + {line}" for line in found if line not in case.expect]
            told += ["    the same lines in another order"] if sorted(found) == sorted(case.expect) else []
    return [*told, f"{len(cases) - broken} of {len(cases)} cases hold"], not broken


@dataclass(frozen=True, slots=True)
class Report:
    """A rule's backtest as people read it."""

    lines: tuple[str, ...]
    picture: Picture


def backtested(
    rule: Rule, sources: Mapping[str, Source], config: Config, since: timedelta, now: datetime, zone: str = ""
) -> Report:
    """The rule over the last days, and the limit with which it would have been quieter. What a source does not say is named."""
    end = now.replace(second=0, microsecond=0) - config.alerts.delay
    start = end - min(since, LONGEST)
    answers, faults = history(rule, sources, config.env, start, end)

    def test(with_: Rule) -> Backtest:
        return run(with_, answers, start, end, max(config.alerts.tick, GRID), config.alerts.delay)

    found = test(rule)
    better = quieter(test, rule, PAGES_A_WEEK) if found.fired else (rule.limit, found)
    whole = Backtest(found.rule, found.start, found.end, found.fired, found.values, faults)
    where = zone or config.timezone
    return Report(lines(whole, where, better, PAGES_A_WEEK), picture(whole, where, config.env))


def chosen(rules: Sequence[Rule], name: str) -> tuple[Rule, ...]:
    """The rules that can be backtested: the one of that name, or all; () where none is called so."""
    return tuple(rule for rule in rules if rule.queries and (not name or rule.name == name))
