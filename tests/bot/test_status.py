"""`/pay status`: what each process and source does, in words that say so where something is not known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from bot.alerts.counts import Readings, ReadNow
from bot.alerts.unsent import Audit, Finding
from bot.config import Config
from bot.digest import runner
from bot.digest.plan import plan_of
from bot.health import Budget, Health, Seen
from bot.observe import Metrics
from bot.selfwatch import Parts, SelfWatch
from bot.slack.desk import Tools
from bot.slack.messages import Message
from bot.slack.tables import MESSAGE, weight
from bot.status import Now, SourceNow, behind_by, digest_outcome, next_due, status_message
from bot.store import alerts, leases, outbox, replicas
from bot.store.database import Database
from bot.store.digests import Run
from bot.store.pulse import Pulse, Tick, Waiting, pulse
from bot.store.replicas import Replica
from commands import SECTIONS
from commands.args import Status, parse
from commands.help import usage
from tests.slack.fake_chat import FakeChat
from tests.slack.test_desk import Office, words
from tests.store import postgres
from tests.store.values import an_intent

AT = datetime(2026, 11, 25, 14, 3, 20, tzinfo=UTC)
TICK = timedelta(minutes=1)
NUMBER = int(AT.timestamp() // 60)


def a_replica(owner: str = "1-a", **changed: Any) -> Replica:
    values: dict[str, Any] = {
        "host": "host-a",
        "version": "0.1.0",
        "started": AT - timedelta(hours=6),
        "parts": {"store": "open"},
    }
    return Replica(owner=owner, **values | {"seen": AT - timedelta(seconds=2)} | changed)


def now(**changed: Any) -> Now:
    """All is well, but for what is changed."""
    tick = Tick(number=NUMBER, owner="1-a", finished=AT - timedelta(seconds=19))
    values: dict[str, Any] = {
        "at": AT,
        "env": "prod",
        "tick": TICK,
        "ready": {"store": True},
        "me": a_replica(),
        "pulse": Pulse(tick=tick),
        "unsent": (),
        "sources": (SourceNow(title="Datadog", seen=Seen(answered=AT - timedelta(seconds=12), took_s=0.31, calls=240)),),
        "digest_at": datetime(2026, 11, 26, 8, 15, tzinfo=UTC),
    }
    return Now(**values | changed)


def text(message: Message) -> str:
    return "\n".join(str(block["text"]["text"]) for block in message.blocks).replace("\u00a0", " ")


def said(zone: str = "Europe/Berlin", **changed: Any) -> str:
    return text(status_message(now(**changed), zone))


def test_when_all_is_well_one_line_says_so() -> None:
    """And the times are the asker's."""
    shown = said()
    assert "All is well." in shown
    assert "Last tick: 15:03:01, 1 s after it was due." in shown
    assert "Next stand-up digest: Thu 26 Nov 09:15" in shown


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"ready": {"store": True, "socket": False}}, "Not all is well: socket is not ready."),
        ({"unsent": None}, "what is unsent was not looked at yet"),
        ({"pulse": None}, "what is unsent is not known"),
        ({"pulse": Pulse()}, "No tick was done yet."),
        ({"digest_at": None}, "Next stand-up digest: none"),
        ({"sources": (SourceNow(title="Amazon SQS", seen=Seen()),)}, "• Amazon SQS: not asked yet"),
        ({"sources": (SourceNow(title="Segment", seen=None),)}, "• not configured: Segment"),
    ],
)
def test_what_is_not_well_or_not_known_is_said(changed: dict[str, Any], line: str) -> None:
    """In the asker's words, never as a zero."""
    assert line in said(**changed)


def test_a_source_tells_its_answer_its_failures_and_what_is_left() -> None:
    """When it answered, how long it took, how many calls failed, and the vendor's limit."""
    seen = Seen(answered=AT - timedelta(seconds=12), took_s=0.31, calls=240, failed=3)
    shown = said(sources=(SourceNow(title="Datadog", seen=seen, budget=(Budget("metrics", 431, 600),)),))
    assert (
        "• Datadog: answered 12 s ago in 310 ms; 3 of 240 calls of the last hour failed; 431 of 600 requests left (metrics)"
        in shown
    )


def test_a_source_that_is_down_says_since_when_and_why() -> None:
    """And the first line counts it."""
    seen = Seen(failed_at=AT, down_since=AT - timedelta(minutes=20), fault="refused our keys (403)", calls=9, failed=9)
    shown = said(sources=(SourceNow(title="Elasticsearch", seen=seen),))
    assert "• Elasticsearch: *no answer since 14:43*, it refused our keys (403); 9 of 9 calls" in shown
    assert "Not all is well: Elasticsearch does not answer." in shown


def test_what_waits_and_what_was_given_up_stands_by_channel() -> None:
    """With the age of the oldest, and each unsent thing."""
    known = Pulse(
        tick=Tick(number=NUMBER, owner="1-a", finished=AT),
        waiting={"slack": Waiting(many=3, oldest=AT - timedelta(minutes=4))},
        dead={"pagerduty": 2},
    )
    finding = Finding("slack", "late", "e1", AT - timedelta(minutes=4))
    shown = said(pulse=known, unsent=(finding,), channels=("slack", "pagerduty"))
    assert "• Slack: 3 waiting, the oldest for 4 min; 0 given up" in shown
    assert "• PagerDuty: nothing waits; 2 given up" in shown
    assert "• *Unsent* to Slack since 14:59: late of e1" in shown


def test_every_process_is_told_with_what_it_holds() -> None:
    """Which one answers, which is silent, and who sends."""
    silent = a_replica("2-b", host="host-b", seen=AT - timedelta(minutes=3), lives=False, parts={"socket": "not connected"})
    known = Pulse(replicas=(a_replica(), silent), held={"send slack": "1-a"})
    shown = said(pulse=known)
    assert "*Processes* · 1 lives" in shown
    assert "• host-a (1-a) · 0.1.0 · since Wed 25 Nov 09:03 · this one" in shown
    assert "holds: send slack" in shown
    assert "• host-b (2-b) · 0.1.0 · since Wed 25 Nov 09:03 · heard 3 min ago · *silent*" in shown
    assert "socket: not connected" in shown


def test_a_hostile_host_name_does_nothing() -> None:
    """Nothing of another process's row is live."""
    shown = said(pulse=Pulse(replicas=(a_replica("3-c", host="<!channel> <https://x.example|pay>"),)))
    assert "<!" not in shown
    assert "<https" not in shown


def test_a_hundred_processes_fit_one_message() -> None:
    """Slack's limits hold, whatever the rows."""
    many = tuple(a_replica(f"{number}-x", parts={"socket": "connected " * 20}) for number in range(100))
    message = status_message(now(pulse=Pulse(replicas=many)), "UTC")
    assert weight(message.blocks) < MESSAGE


# --- the arithmetic -------------------------------------------------------------------------------------------------------


def test_a_tick_is_behind_once_the_next_one_is_overdue() -> None:
    """Zero while it is not due yet."""
    assert behind_by(NUMBER, TICK, AT) == timedelta(0)
    assert behind_by(NUMBER - 3, TICK, AT) == timedelta(minutes=2, seconds=20)


def test_the_next_digest_is_the_first_that_is_still_to_come() -> None:
    """Today's until it is due, then tomorrow's, over a weekend Monday's."""
    plan = plan_of(Config(timezone="Europe/Berlin"))
    assert next_due(plan, datetime(2026, 11, 25, 8, 14, tzinfo=UTC)) == datetime(2026, 11, 25, 8, 15, tzinfo=UTC)
    assert next_due(plan, datetime(2026, 11, 27, 8, 15, tzinfo=UTC)) == datetime(2026, 11, 30, 8, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({"finished": datetime(2026, 11, 25, 8, 15, 20, tzinfo=UTC), "content": {"a": 1}, "ts": "1.0"}, "posted"),
        ({"finished": datetime(2026, 11, 25, 9, 40, tzinfo=UTC), "content": {"a": 1}, "ts": "1.0"}, "late"),
        ({"finished": datetime(2026, 11, 25, 8, 15, 20, tzinfo=UTC), "content": {"a": 1}}, "made"),
        ({"finished": datetime(2026, 11, 25, 14, 0, tzinfo=UTC), "said": "paybot was down when it was due"}, "missed"),
        ({"finished": datetime(2026, 11, 25, 14, 0, tzinfo=UTC), "said": "paybot was not there yet"}, "none"),
        ({}, "waiting"),
    ],
)
def test_what_became_of_a_digest(changed: dict[str, Any], outcome: str) -> None:
    """By its row alone."""
    run = Run(digest="stand-up", local_date=date(2026, 11, 25), claimed=AT, owner="1-a", **changed)
    assert digest_outcome(run, plan_of(Config(timezone="Europe/Berlin"))) == outcome


# --- put together ---------------------------------------------------------------------------------------------------------


def a_watch(database: Database, **changed: Any) -> SelfWatch:
    audit = Audit(
        database,
        lambda: AT,
        targets=frozenset({"slack"}),
        owe_digest=lambda conn, run, at: runner.owed(conn, run.digest, run.local_date, at),
    )
    values: dict[str, Any] = {
        "config": Config(timezone="Europe/Berlin"),
        "database": database,
        "sources": {},
        "health": Health(lambda: AT),
        "audit": audit,
        "metrics": Metrics(),
        "now": lambda: AT,
        "me": a_replica,
        "ended": lambda: "",
    }
    return SelfWatch(Parts(**values | changed))


@pytest.fixture
def database(tmp_path: Path) -> Any:
    made = Database(f"sqlite:///{tmp_path}/paybot.db")
    made.open()
    yield made
    made.close()


def ticked(database: Database, at: datetime) -> None:
    with database.begin() as conn:
        number = int(at.timestamp() // 60)
        alerts.claim_tick(conn, number, at, "1-a")
        alerts.finish_tick(conn, number, at)


def test_all_is_well_with_a_fresh_tick(database: Database) -> None:
    """Then beats go out."""
    ticked(database, AT - timedelta(seconds=20))
    assert a_watch(database).wrong() == ""


@pytest.mark.parametrize(("age_s", "wrong"), [(149, ""), (151, "no tick was done lately")])
def test_an_old_tick_is_not_well(database: Database, age_s: float, wrong: str) -> None:
    """Two ticks and half a minute."""
    ticked(database, AT - timedelta(seconds=age_s))
    assert a_watch(database).wrong() == wrong


def test_what_else_is_not_well(database: Database) -> None:
    """No tick yet; a channel whose thread has ended; a part that is not ready; a store that is away."""
    assert a_watch(database).wrong() == "no tick was done yet"
    ticked(database, AT)
    assert a_watch(database, ended=lambda: "pagerduty").wrong() == "nothing is sent to pagerduty"
    watch = a_watch(database)
    watch._ready = lambda: {"store": True, "socket": False}
    assert watch.wrong() == "not ready: socket"
    database.close()
    assert a_watch(database).wrong() == "the store cannot be asked"


def test_a_look_at_the_rows_serves_for_a_moment(database: Database) -> None:
    """A scrape, a beat and a status that come together ask the store once."""
    watch = a_watch(database)
    first = watch.pulse()
    ticked(database, AT)
    assert watch.pulse() is first


def test_the_status_of_a_real_store(database: Database) -> None:
    """What waits there, whose tick it was, and this process as the only one."""
    ticked(database, AT - timedelta(seconds=20))
    with database.begin() as conn:
        outbox.add(conn, [an_intent("e1", created=AT - timedelta(minutes=5))])
    watch = a_watch(database)
    watch.also("socket", lambda: "connected, 1 connections, heard 2 s ago")
    watch._parts.audit._now = lambda: AT
    watch._parts.audit.look()
    shown = text(watch.status("UTC"))
    assert "1 unsent" in shown
    assert "• Slack: 1 waiting, the oldest for 5 min; 0 given up" in shown
    assert "holds: everything" in shown
    assert "socket: connected, 1 connections, heard 2 s ago; store: open; tick: on time; dispatcher: runs" in shown
    assert "• not configured: Datadog, Datadog events, Elasticsearch" in shown


def test_the_rows_of_several_processes_on_a_shared_store() -> None:
    """Who lives and who holds what, read in one look."""
    if reason := postgres.why_not():
        pytest.skip(reason)
    with postgres.running() as server:
        shared = Database(server.clean())
        shared.open()
        with shared.begin() as conn:
            replicas.beat(conn, a_replica("1-a"))
            replicas.beat(conn, a_replica("2-b"))
            leases.hold(conn, "send slack", "2-b", timedelta(seconds=30))
            found = pulse(conn, "stand-up")
        shared.close()
    assert [(each.owner, each.lives) for each in found.replicas] == [("1-a", True), ("2-b", True)]
    assert found.held == {"send slack": "2-b"}


def test_metrics_say_what_is_known_and_no_number_for_the_rest(database: Database) -> None:
    """Missing is not zero: no tick has no age, and a source that was never asked is not down."""
    health = Health(lambda: AT)
    health.failed("elastic", "was away")
    watch = a_watch(database, health=health, sources={"elastic": None, "datadog": None})
    shown = samples(watch._parts.metrics.text())
    assert (shown["paybot_source_up elastic"], shown["paybot_replicas"]) == (0, 1)
    assert not shown.keys() & {"paybot_source_up datadog", "paybot_tick_behind_seconds", "paybot_unsent slack"}


def test_every_reading_is_a_gauge() -> None:
    """With its label, and the newest digest as one of three."""
    registry = CollectorRegistry()
    found = Readings(
        ready={"store": True, "socket": False},
        ticked=AT,
        behind_s=4.0,
        replicas=2,
        held=("send slack",),
        oldest_s={"slack": 9.0},
        unsent={"slack": 0},
        digest="late",
        sources={"datadog": True},
    )
    registry.register(ReadNow(lambda: found))
    assert samples(generate_latest(registry)) == {
        "paybot_ready store": 1,
        "paybot_ready socket": 0,
        "paybot_tick_finished_timestamp_seconds": AT.timestamp(),
        "paybot_tick_behind_seconds": 4,
        "paybot_replicas": 2,
        "paybot_lease_held send slack": 1,
        "paybot_intents_oldest_seconds slack": 9,
        "paybot_unsent slack": 0,
        "paybot_digest posted": 0,
        "paybot_digest late": 1,
        "paybot_digest missed": 0,
        "paybot_source_up datadog": 1,
    }


def samples(shown: bytes) -> dict[str, float]:
    """Each value by its name and label."""
    families = text_string_to_metric_families(shown.decode())
    found = (sample for family in families for sample in family.samples)
    return {" ".join((sample.name, *sample.labels.values())): sample.value for sample in found}


# --- asked in Slack -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["status", "Status", "paybot status", "health"])
def test_status_is_a_word_of_its_own(typed: str) -> None:
    """However it is written."""
    asked = parse(typed, now=AT, zone="UTC", env="prod", sections=tuple(SECTIONS), default_section="overview")
    assert asked == Status()


def test_help_names_it() -> None:
    """Else nobody finds it."""
    assert "`/pay status`" in usage(SECTIONS)


def test_the_asker_alone_is_told_in_their_zone() -> None:
    """First that it is looked up, then how paybot does, in the same private line."""
    office = Office(
        FakeChat(zones={"U1": "Asia/Tokyo"}), tools=Tools(status=lambda zone: status_message(now(me=replace(a_replica())), zone))
    )
    assert office.command("status").startswith("Looking up how paybot does")
    assert words(office.chat.private)[-1].startswith("paybot status: All is well.")
    assert office.chat.posted == []


def test_without_a_running_bot_the_words_say_where_it_is_shown() -> None:
    """On the command line, and in a test's office."""
    office = Office()
    office.command("status")
    assert "`/pay status`" in words(office.chat.private)[-1]
