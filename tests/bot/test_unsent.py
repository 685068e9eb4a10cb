"""The audit: what should have been sent and was not is found, told, and owed anew where that is safe. On both databases."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.alerts.episode import Episode
from bot.alerts.intent import Intent, Target
from bot.alerts.owed import Owing
from bot.alerts.unsent import Audit, Finding, due_at, found
from bot.digest import runner
from bot.store import alerts, digests, outbox, tables
from bot.store.database import Database
from bot.store.unsent import Rows
from tests.store import postgres
from tests.store.values import an_episode, an_intent

NOW = datetime(2026, 11, 25, 14, 0, tzinfo=UTC)
DAY = date(2026, 11, 25)


def before(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def an_open(**changed: Any) -> Episode:
    """An open episode that pages both."""
    fixed: dict[str, Any] = {"routes": ("slack", "pagerduty", "opsgenie"), "opened": before(60), "extra": {}, "closed": None}
    return an_episode(**(fixed | changed))


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server | None]:
    if postgres.why_not():
        yield None
        return
    with postgres.running() as made:
        yield made


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path, server: postgres.Server | None) -> Iterator[Database]:
    if request.param == "postgres" and server is None:
        pytest.skip(str(postgres.why_not()))
    url = server.clean() if server and request.param == "postgres" else f"sqlite:///{tmp_path}/paybot.db"
    made = Database(url)
    made.open()
    yield made
    made.close()


ALL: frozenset[Target] = frozenset({"slack", "pagerduty", "opsgenie"})


def audit_of(database: Database, woken: Callable[[], object] = lambda: None, targets: frozenset[Target] = ALL) -> Audit:
    return Audit(
        database,
        lambda: NOW,
        targets=targets,
        owe_digest=lambda conn, run, now: runner.owed(conn, run.digest, run.local_date, now),
        wake=woken,
    )


def keep(database: Database, episode: Episode, *without: str) -> None:
    """The episode with all that is owed for it, but for these kinds."""
    with database.begin() as conn:
        alerts.add_episode(conn, episode)
        owing = Owing(episode.opened, {})
        owed = [*owing.fired(episode), *(owing.over(episode) if episode.closed else ())]
        outbox.add(conn, [replace(each, status="done") for each in owed if each.kind not in without])


def kinds(database: Database, episode: str) -> list[str]:
    column = tables.outbox.c
    with database.begin() as conn:
        return [
            row[0]
            for row in conn.execute(select(column.kind).where(column.episode == episode).order_by(column.target, column.seq))
        ]


def posted(database: Database, day: date, at: datetime, *, owed: bool) -> None:
    """A date's digest was made; whether posting it is owed."""
    with database.begin() as conn:
        digests.claim(conn, "stand-up", day, at, "p1")
        run = digests.Run(digest="stand-up", local_date=day, claimed=at, owner="p1")
        digests.finish(conn, run, at, {"said": "all is well"})
        if owed:
            outbox.add(conn, [replace(runner.owed(conn, "stand-up", day, at), status="done")])


# --- what is late ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("priority", "age_s", "late"), [(2, 119, False), (2, 121, True), (0, 59, False), (0, 61, True), (3, 121, True)]
)
def test_what_waits_too_long_is_late(priority: int, age_s: float, late: bool) -> None:
    """Two minutes, and one for what is critical."""
    intent = an_intent(priority=priority, created=before(age_s))
    assert bool(found(Rows(unsettled=(intent,)), NOW)) is late


def test_what_is_meant_for_later_counts_from_then() -> None:
    """Nothing that must wait by intention is late before."""
    assert due_at(an_intent(created=before(600), not_before=before(10))) == before(10)


def test_what_was_tried_and_must_wait_is_late_all_the_same() -> None:
    """A channel that is down for an hour lets its alerts wait, and that is what an operator must know."""
    tried = an_intent(created=before(600), not_before=NOW + timedelta(seconds=60), attempts=4)
    assert [finding.what for finding in found(Rows(unsettled=(tried,)), NOW)] == ["late"]


def test_what_is_late_is_left_to_its_channel(database: Database) -> None:
    """It is owed already: nothing is owed twice."""
    with database.begin() as conn:
        outbox.add(conn, [an_intent("e1", created=before(300))])
    audit = audit_of(database)
    assert [finding.what for finding in audit.look()] == ["late"]
    assert audit.counts() == {"opsgenie": 0, "pagerduty": 0, "slack": 1}
    assert kinds(database, "e1") == ["show"]


# --- what was never owed --------------------------------------------------------------------------------------------------


def test_all_as_it_should_be_finds_nothing(database: Database) -> None:
    """Open and closed episodes with what is owed for them, and a digest with its intent."""
    keep(database, an_open())
    keep(database, an_open(known_as="f" * 16, number=2, phase="closed", closed=before(10)))
    posted(database, DAY, before(60), owed=True)
    audit = audit_of(database)
    assert audit.look() == ()
    assert audit.counts() == {"opsgenie": 0, "pagerduty": 0, "slack": 0}


@pytest.mark.parametrize(
    ("kind", "what", "target"),
    [("show", "message", "slack"), ("trigger", "page", "pagerduty"), ("create", "page", "opsgenie")],
)
def test_an_open_episode_is_told_to_every_channel(database: Database, kind: str, what: str, target: str) -> None:
    """The one intent that is missing is owed anew, its channel is woken, and the next look finds nothing never owed."""
    episode, woken = an_open(), []
    keep(database, episode, kind)
    audit = audit_of(database, lambda: woken.append(True))
    assert [(finding.target, finding.what) for finding in audit.look()] == [(target, what)]
    assert sorted(kinds(database, episode.id)) == sorted(["show", "chart", "trigger", "create"])
    assert woken == [True]
    assert audit.look() == ()


@pytest.mark.parametrize(("kind", "target"), [("resolve", "pagerduty"), ("close", "opsgenie")])
def test_a_page_has_its_end(database: Database, kind: str, target: str) -> None:
    """A closed episode whose pager was never told so: nobody is kept awake by what is over."""
    episode = an_open(phase="closed", closed=before(10))
    keep(database, episode, kind)
    audit = audit_of(database)
    assert [(finding.target, finding.what) for finding in audit.look()] == [(target, "end")]
    assert kinds(database, episode.id).count(kind) == 1
    assert audit.look() == ()


def test_a_page_that_was_refused_needs_no_end(database: Database) -> None:
    """The pager never took it."""
    episode = an_open(phase="closed", closed=before(10))
    keep(database, episode, "resolve", "close")
    with database.begin() as conn:
        refused = tables.outbox.c.kind.in_(("trigger", "create"))
        conn.execute(update(tables.outbox).where(refused).values(status="dead"))
    assert audit_of(database).look() == ()


def test_a_channel_that_is_not_there_is_told_of_and_not_repaired(database: Database) -> None:
    """Nothing is owed to a pager that was taken out of the settings."""
    episode = an_open()
    keep(database, episode, "trigger")
    audit = audit_of(database, targets=frozenset({"slack"}))
    assert [finding.target for finding in audit.look()] == ["pagerduty"]
    assert "trigger" not in kinds(database, episode.id)


def test_two_processes_repair_once(database: Database) -> None:
    """Who comes second finds it owed by then: the episode is looked at again under its lock."""
    episode = an_open()
    keep(database, episode, "show")
    first, second = audit_of(database), audit_of(database)
    first.look()
    assert not second._repaired(Finding("slack", "message", episode.id, episode.opened), NOW)
    assert kinds(database, episode.id).count("show") == 1


# --- digests --------------------------------------------------------------------------------------------------------------


def test_a_digest_that_was_made_is_owed(database: Database) -> None:
    """While people still wait for it."""
    posted(database, DAY, before(600), owed=False)
    audit = audit_of(database)
    assert [finding.what for finding in audit.look()] == ["digest"]
    assert kinds(database, f"stand-up {DAY}") == ["digest"]
    assert audit.look() == ()


def test_an_old_digest_is_told_of_and_not_posted(database: Database) -> None:
    """Half a day later nobody wants this morning's; neither one that a newer has followed."""
    posted(database, DAY, before(6 * 3600), owed=False)
    posted(database, DAY - timedelta(days=1), before(20 * 3600), owed=False)
    audit = audit_of(database)
    assert [finding.what for finding in audit.look()] == ["digest", "digest"]
    assert kinds(database, f"stand-up {DAY}") == []


def test_a_digest_that_nobody_finishes_is_told_of(database: Database) -> None:
    """Claimed and not made for two minutes; making it is the next claim's business."""
    with database.begin() as conn:
        digests.claim(conn, "stand-up", DAY, before(130), "p1")
    assert [finding.what for finding in audit_of(database).look()] == ["unfinished digest"]


# --- telling --------------------------------------------------------------------------------------------------------------


def test_each_finding_is_a_line_in_the_log(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    """With the channel, what it is, and whether it is owed anew."""
    keep(database, an_open(), "show")
    with caplog.at_level(logging.WARNING):
        audit_of(database).look()
    (record,) = caplog.records
    assert (record.__dict__["target"], record.__dict__["what"], record.__dict__["owed_anew"]) == ("slack", "message", True)


def test_while_the_store_is_away_nothing_is_known(tmp_path: Path) -> None:
    """Not even that there is nothing."""
    database = Database(f"sqlite:///{tmp_path}/paybot.db")
    audit = audit_of(database)
    with pytest.raises(Exception, match="not open"):
        audit.look()
    assert audit.counts() is None


def test_a_repair_is_sent_once_though_it_was_there_already(database: Database) -> None:
    """The page of the same episode has the same deduplication key, so that an incident stays one."""
    episode = an_open()
    keep(database, episode, "trigger")
    audit_of(database).look()
    with database.begin() as conn:
        (page,) = [each for each in outbox.unsettled(conn, NOW) if each.target == "pagerduty"]
    assert page.payload["dedup_key"] == next(iter(_pages(episode))).payload["dedup_key"]


def _pages(episode: Episode) -> Iterator[Intent]:
    return Owing(NOW, {}).paged(episode)
