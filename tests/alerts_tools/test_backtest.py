"""Backtests: what a rule would have fired over past days, and the limit that would have been quieter."""

from __future__ import annotations

from datetime import timedelta

from bot.alerts.backtest import Backtest, history, quieter, run
from bot.alerts.questions import ByGroup
from bot.alerts.tools import backtested, chosen
from bot.config import Config
from bot.ports import SourceError
from tests.alerts_engine.feed import MINUTE, START, Feed, a_rule

DAY = timedelta(days=1)
RULE = a_rule(hold=MINUTE * 5, over=MINUTE, clear=MINUTE * 5)


def numbers(*outages: tuple[int, int, float]) -> Feed:
    """99, but for outages: so many hours before START, for so many minutes, at that value."""

    def number(text: str, at: object) -> float:
        for hours, minutes, value in outages:
            begin = START - timedelta(hours=hours)
            if begin <= at < begin + MINUTE * minutes:  # type: ignore[operator]
                return value
        return 99.0

    return Feed(number)


def two_days(feed: Feed) -> Backtest:
    answers, faults = history(RULE, {"datadog": feed}, "prod", START - DAY * 2, START)
    assert faults == ()
    return run(RULE, answers, START - DAY * 2, START, MINUTE, MINUTE)


def test_every_outage_that_lasted_would_have_fired() -> None:
    """With its length; what was over before the hold would not."""
    found = two_days(numbers((40, 30, 80.0), (20, 3, 80.0), (10, 20, 70.0)))
    assert [round(each.lasted(START) / MINUTE) for each in found.fired] == [30, 20]
    assert found.per_week() == 7.0


def test_night_is_told_apart() -> None:
    """In the asker's zone: 02:00 in Berlin is 01:00 UTC."""
    assert two_days(numbers((11, 30, 80.0))).at_night("Europe/Berlin") == 1
    assert two_days(numbers((2, 30, 80.0))).at_night("Europe/Berlin") == 0


def test_a_quieter_limit_is_found() -> None:
    """The nearest one with which at most so many would have fired."""
    feed = numbers(*((hours, 30, 96.0) for hours in (40, 30, 20)), (10, 30, 70.0))
    answers, _ = history(RULE, {"datadog": feed}, "prod", START - DAY * 2, START)
    found = quieter(lambda rule: run(rule, answers, START - DAY * 2, START, MINUTE, MINUTE), RULE, 4.0)
    assert found is not None
    limit, test = found
    assert 70.0 < limit <= 96.0
    assert len(test.fired) == 1


def test_what_a_source_does_not_say_is_named() -> None:
    """A backtest over half of the history says so."""
    feed = Feed(lambda text, at: 99.0, fault=SourceError("did not answer in time", "timeout"))
    report = backtested(RULE, {"datadog": feed}, Config(), DAY, START)
    assert any(line.startswith("Unknown: ") and "did not answer in time" in line for line in report.lines)


def test_the_picture_shows_limit_and_firings() -> None:
    """What was judged as a line, each firing a mark."""
    report = backtested(RULE, {"datadog": numbers((10, 30, 70.0))}, Config(), DAY, START + MINUTE)
    assert len(report.picture.marks) == 1
    assert report.picture.charts[0].number == "fires once"
    assert not isinstance(numbers(), ByGroup)


def test_rules_are_chosen_by_name() -> None:
    """All that ask a source where none is named; none where no rule is called so."""
    silent = a_rule("silent", queries={}, measure="answers")
    assert chosen((RULE, silent), "") == (RULE,)
    assert chosen((RULE,), "other") == ()
