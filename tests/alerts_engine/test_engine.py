"""Ticks over a real database: what is asked, what is written, and what a restart, a dead source or a storm makes of it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.alerts.engine import Engine, Hooks
from bot.alerts.episode import Episode
from bot.alerts.intent import Intent
from bot.ports import SourceError
from bot.store import alerts as store
from bot.store import outbox
from bot.store.database import Database
from tests.alerts_engine.feed import MINUTE, START, Clock, Feed, a_rule, an_engine, opened

DOWN = SourceError("did not answer in time", "timeout")


class Bad:
    """Numbers that are bad in these minutes after START, and good in all others."""

    def __init__(self, *minutes: range) -> None:
        self._minutes = minutes

    def __call__(self, text: str, at: datetime) -> float | None:
        return 90.0 if any(int((at - START) / MINUTE) in minutes for minutes in self._minutes) else 99.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path, clock: Clock) -> Iterator[Database]:
    with opened(tmp_path, clock) as database:
        yield database


def until(engine: Engine, clock: Clock, minute: int) -> None:
    """Ticks every minute up to so many minutes after START."""
    while clock.at < START + MINUTE * minute:
        clock.at += MINUTE
        assert engine.run_due()


def episodes(database: Database, since: datetime = START) -> tuple[Episode, ...]:
    with database.begin() as conn:
        return store.recent_episodes(conn, since, 1_000)


def owed(database: Database, target: str = "slack") -> list[Intent]:
    """Everything that a target is owed, in the order in which it was."""
    with database.begin() as conn:
        return [each for episode in episodes_in(conn) for each in outbox.undone(conn, episode.id, target)]  # type: ignore[arg-type]


def episodes_in(conn: object) -> tuple[Episode, ...]:
    return store.recent_episodes(conn, START - timedelta(days=1), 1_000)  # type: ignore[arg-type]


def kinds(database: Database, target: str = "slack") -> list[str]:
    return [each.kind for each in owed(database, target)]


def test_a_breach_opens_one_episode_and_its_end_closes_it(database: Database, clock: Clock) -> None:
    """Words, picture and page when it fires; words, a line and the page's end when it is over."""
    engine = an_engine(database, clock, a_rule(), datadog=Feed(Bad(range(10, 20))))
    until(engine, clock, 15)
    (episode,) = episodes(database)
    assert (episode.phase, episode.value, episode.rule, episode.series) == ("firing", 90.0, "rate", "prod")
    assert (kinds(database), kinds(database, "pagerduty")) == (["show", "chart"], ["trigger"])
    until(engine, clock, 30)
    (episode,) = episodes(database)
    assert (episode.phase, episode.reason, episode.worst) == ("closed", "recovered", 90.0)
    assert kinds(database) == ["show", "chart", "show", "show", "note"]
    assert kinds(database, "pagerduty") == ["trigger", "resolve"]


def test_a_tick_is_done_once(database: Database, clock: Clock) -> None:
    """However often it is due, and whoever else wants it."""
    feed = Feed(Bad(range(-5, 60)))
    engine, other = (an_engine(database, clock, a_rule(), datadog=feed) for _ in range(2))
    assert (engine.run_due(), engine.run_due(), other.run_due()) == (True, False, False)
    assert len(episodes(database)) == 1


def test_a_dead_source_neither_fires_nor_resolves(database: Database, clock: Clock) -> None:
    """The episode stays, and its message says what is wrong."""
    feed = Feed(Bad(range(10, 14)))
    engine = an_engine(database, clock, a_rule(), datadog=feed)
    until(engine, clock, 13)
    feed.fault = DOWN
    until(engine, clock, 40)
    (episode,) = episodes(database)
    assert (episode.phase, episode.blind) == ("firing", "did not answer in time")
    feed.fault = None
    until(engine, clock, 45)
    assert [each.phase for each in episodes(database)] == ["closed"]


def test_a_restart_keeps_what_fires(database: Database, clock: Clock) -> None:
    """No new message while it goes on."""
    feed = Feed(Bad(range(10, 200)))
    until(an_engine(database, clock, a_rule(), datadog=feed), clock, 20)
    before = kinds(database)
    until(an_engine(database, clock, a_rule(), datadog=feed), clock, 30)
    assert (len(episodes(database)), kinds(database)) == (1, before)


def test_what_ended_while_nobody_ran_is_resolved_once(database: Database, clock: Clock) -> None:
    """Within one tick of being back."""
    feed = Feed(Bad(range(10, 30)))
    until(an_engine(database, clock, a_rule(), datadog=feed), clock, 20)
    clock.at = START + MINUTE * 60
    engine = an_engine(database, clock, a_rule(), datadog=feed)
    assert engine.run_due()
    assert [each.phase for each in episodes(database)] == ["closed"]
    assert kinds(database)[-2:] == ["show", "note"]


def test_what_began_and_ended_while_nobody_ran_is_one_message_and_wakes_nobody(database: Database, clock: Clock) -> None:
    """However often it came and went."""
    feed = Feed(Bad(range(20, 25), range(35, 40), range(50, 55)))
    until(an_engine(database, clock, a_rule(), datadog=feed), clock, 10)
    clock.at = START + MINUTE * 130
    assert an_engine(database, clock, a_rule(), datadog=feed).run_due()
    assert (kinds(database), kinds(database, "pagerduty")) == (["show"], [])


@pytest.mark.parametrize("restarted", [False, True])
def test_a_clock_that_is_set_back_stops_nothing(database: Database, clock: Clock, restarted: bool) -> None:
    """Ticks are counted on, by time that never goes back: what breaks in the hours that come again is told."""
    seconds = [0.0]
    hooks = Hooks(seconds=lambda: seconds[0])
    feed = Feed(Bad(range(-115, -5)))
    engine = an_engine(database, clock, a_rule(), hooks=hooks, datadog=feed)
    until(engine, clock, 10)
    assert episodes(database) == ()
    clock.at -= MINUTE * 120
    engine = an_engine(database, clock, a_rule(), hooks=hooks, datadog=feed) if restarted else engine
    for _ in range(12):
        clock.at += MINUTE
        seconds[0] += 60
        engine.run_due()
    assert [each.phase for each in episodes(database, START - MINUTE * 200)] == ["firing"]


def test_a_rule_that_is_gone_resolves_once(database: Database, clock: Clock) -> None:
    """With the reason."""
    feed = Feed(Bad(range(-5, 200)))
    until(an_engine(database, clock, a_rule(), datadog=feed), clock, 5)
    engine = an_engine(database, clock, a_rule("other"), datadog=Feed(Bad()))
    until(engine, clock, 8)
    (episode,) = episodes(database)
    assert (episode.phase, episode.reason) == ("closed", "rule removed")
    assert kinds(database).count("note") == 1


def test_an_edited_limit_keeps_the_episode(database: Database, clock: Clock) -> None:
    """A rule is known by its name; its numbers may change."""
    feed = Feed(Bad(range(-5, 200)))
    until(an_engine(database, clock, a_rule(), datadog=feed), clock, 5)
    until(an_engine(database, clock, a_rule(below=95.0, recover=95.0), datadog=feed), clock, 8)
    assert [each.phase for each in episodes(database)] == ["firing"]


def test_nobody_took_it_so_it_is_said_again(database: Database, clock: Clock) -> None:
    """Once each `repeat_every`, in the thread."""
    engine = an_engine(database, clock, a_rule(repeat_every=timedelta(minutes=30)), datadog=Feed(Bad(range(-5, 200))))
    until(engine, clock, 65)
    assert kinds(database).count("note") == 2


def test_a_snooze_that_is_over_is_said_once(database: Database, clock: Clock) -> None:
    """While it still fires."""
    engine = an_engine(database, clock, a_rule(), datadog=Feed(Bad(range(-5, 200))))
    until(engine, clock, 5)
    (episode,) = episodes(database)
    with database.begin() as conn:
        until_ = clock.at + MINUTE * 10
        assert store.change_episode(conn, episode.id, episode.version, handling="snoozed", snoozed_by="U1", snoozed_until=until_)
    until(engine, clock, 30)
    assert kinds(database).count("note") == 1
    assert [each.handling for each in episodes(database)] == ["open"]


def test_one_dead_source_is_one_alert(database: Database, clock: Clock) -> None:
    """Two hundred rules of a source that is down say nothing; the source's own rule does, after its hold."""
    silent = a_rule("source-silent", queries={}, measure="answers", hold=MINUTE * 5, severity="error", routes=("slack",))
    rules = [a_rule(f"r{number}") for number in range(200)]
    feed = Feed(Bad(), fault=DOWN)
    engine = an_engine(database, clock, silent, *rules, datadog=feed, sqs=Feed(Bad(), title="SQS"))
    until(engine, clock, 10)
    assert [(each.rule, each.series) for each in episodes(database)] == [("source-silent", "Datadog")]
    feed.fault = None
    until(engine, clock, 25)
    assert [each.phase for each in episodes(database)] == ["closed"]


def test_no_rule_waits_for_a_source_that_none_asks(database: Database, clock: Clock) -> None:
    """One that hangs while it is only tried keeps no tick from judging the others."""
    hanging = Hanging()
    silent = a_rule("silent", measure="answers", queries={})
    engine = an_engine(database, clock, a_rule(), silent, datadog=Feed(Bad()), segment=hanging)
    begun = time.monotonic()
    until(engine, clock, 12)
    assert time.monotonic() - begun < 10
    assert hanging.tried.is_set()
    hanging.let_go.set()


class Hanging(Feed):
    """Answers a try only when it is let go."""

    def __init__(self) -> None:
        super().__init__(Bad())
        self.tried, self.let_go = threading.Event(), threading.Event()

    def probe(self, timeout_s: float) -> str:
        self.tried.set()
        self.let_go.wait(timeout_s)
        return ""


def test_a_storm_shares_messages(database: Database, clock: Clock) -> None:
    """Five hundred at once are twenty messages, the critical ones first; every page goes out."""
    rules = [a_rule(f"r{number:03d}", severity="critical" if number % 10 == 0 else "warning") for number in range(500)]
    engine = an_engine(database, clock, *rules, datadog=Feed(Bad(range(-5, 200))))
    until(engine, clock, 1)
    found = episodes(database)
    bundles = Counter(each.extra["bundle"] for each in found)
    assert (len(found), len(bundles)) == (500, 20)
    assert (
        sum(1 for bundle in bundles if {each.severity for each in found if each.extra["bundle"] == bundle} == {"critical"}) == 2
    )
    assert len(kinds(database, "pagerduty")) == 500


def test_all_rules_of_a_source_are_asked_in_one_go(database: Database, clock: Clock) -> None:
    """One fetch a tick, over the longest time that any of them looks at."""
    feed = Feed(Bad())
    engine = an_engine(database, clock, a_rule("a"), a_rule("b", over=timedelta(minutes=15)), datadog=feed)
    until(engine, clock, 1)
    assert [window.end - window.start for window in feed.asked] == [timedelta(minutes=15)]


def test_environments_are_instances_of_their_own(database: Database, clock: Clock) -> None:
    """Each with its episode."""
    engine = an_engine(database, clock, a_rule(environments=("prod", "staging")), datadog=Feed(Bad(range(-5, 9))))
    until(engine, clock, 1)
    assert sorted((each.series, each.env) for each in episodes(database)) == [("prod", "prod"), ("staging", "staging")]


@pytest.mark.parametrize(
    "point", ["after_tick_claim", "after_fetch", "after_judging", "in_transaction", "before_commit", "after_commit"]
)
def test_a_tick_that_breaks_off_anywhere_is_done_in_the_end(database: Database, clock: Clock, point: str) -> None:
    """As if it had not been begun, or as if it had been finished: one episode, one trigger."""

    def fail(name: str) -> None:
        if name == point:
            raise KeyboardInterrupt

    feed = Feed(Bad(range(-5, 200)))
    breaking = an_engine(database, clock, a_rule(), hooks=Hooks(failpoint=fail), datadog=feed)
    with pytest.raises(KeyboardInterrupt):
        breaking.run_due()
    clock.at += MINUTE
    assert an_engine(database, clock, a_rule(), datadog=feed).run_due()
    assert (len(episodes(database)), kinds(database, "pagerduty")) == (1, ["trigger"])
