"""What several processes know of each other: who lives, who holds what, what was heard, and whose schema it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from sqlalchemy import create_engine, text

from bot.ports import StoreError
from bot.store import alerts, digests, inbox, leases, outbox, people, replicas, schema, tables
from bot.store.database import Database, parsed
from bot.store.people import Settings
from bot.store.replicas import Replica
from tests.store.values import NOW, after, an_intent

LASTS = timedelta(seconds=10)
LONG_AGO = timedelta(minutes=1)


def a_replica(owner: str) -> Replica:
    return Replica(owner=owner, host="machine", version="1", started=NOW, parts={"socket": "connected"})


def silence(database: Database, owner: str) -> None:
    """So that it was not heard for a minute."""
    with database.begin() as conn:
        replicas.beat(conn, a_replica(owner))
        seen = tables.replica.c.seen
        row = tables.replica.update().where(tables.replica.c.owner == owner)
        conn.execute(row.values(seen=conn.execute(seen.table.select()).first().seen - LONG_AGO))  # type: ignore[union-attr]


def test_a_process_lives_while_it_is_heard(database: Database) -> None:
    """By the database's clock, which all share."""
    with database.begin() as conn:
        replicas.beat(conn, a_replica("a"))
        replicas.beat(conn, a_replica("a"))
        (known,) = replicas.known(conn)
        assert (known.owner, known.lives, known.parts) == ("a", True, {"socket": "connected"})
    silence(database, "a")
    with database.begin() as conn:
        assert [each.lives for each in replicas.known(conn)] == [False]
        replicas.gone(conn, "a")
        assert replicas.known(conn) == ()


def test_a_lease_has_one_holder_and_a_fence_that_rises(database: Database) -> None:
    """Its holder renews it; the next one gets it when it was let go, and a higher fence."""
    with database.begin() as conn:
        assert leases.hold(conn, "slack", "a", LASTS) == 1
        assert leases.hold(conn, "slack", "a", LASTS) == 1
        assert leases.hold(conn, "slack", "b", LASTS) is None
        assert leases.hold(conn, "pagerduty", "b", LASTS) == 1
        assert leases.holders(conn) == {"slack": "a", "pagerduty": "b"}
        leases.let_go(conn, "a")
        assert leases.hold(conn, "slack", "b", LASTS) == 2


def test_the_lease_of_a_silent_process_is_free_before_it_ends(database: Database) -> None:
    """Whoever does not beat any more does not send any more."""
    with database.begin() as conn:
        assert leases.hold(conn, "slack", "a", timedelta(hours=1)) == 1
    silence(database, "a")
    with database.begin() as conn:
        assert leases.hold(conn, "slack", "b", LASTS) == 2


def test_a_lease_that_has_run_out_is_free(database: Database) -> None:
    """Whoever comes too late to renew it must take it anew."""
    with database.begin() as conn:
        assert leases.hold(conn, "slack", "a", timedelta(seconds=-1)) == 1
        assert leases.holders(conn) == {}
        assert leases.hold(conn, "slack", "b", LASTS) == 2


def test_of_many_that_want_a_lease_at_once_one_gets_it(database: Database) -> None:
    """Twenty threads, each as another process."""
    barrier = threading.Barrier(20)

    def want(number: int) -> bool:
        barrier.wait()
        with database.begin() as conn:
            return leases.hold(conn, "digest", f"p{number}", LASTS) is not None

    with ThreadPoolExecutor(20) as threads:
        won = list(threads.map(want, range(20)))
    assert sum(won) == 1


def test_what_a_silent_process_had_claimed_is_free(database: Database) -> None:
    """A tick, a digest, an intent: all at once, and none of a process that was heard."""
    with database.begin() as conn:
        outbox.add(conn, [an_intent()])
        assert outbox.claim(conn, "slack", "a", NOW, 3600)
        assert alerts.claim_tick(conn, 7, NOW, "a")
        assert digests.claim(conn, "stand-up", date(2026, 11, 23), NOW, "a")
        replicas.beat(conn, a_replica("a"))
        assert not outbox.claim(conn, "slack", "b", after(1), 15)
        assert not alerts.claim_tick(conn, 7, after(1), "b")
        assert not digests.claim(conn, "stand-up", date(2026, 11, 23), after(1), "b")
    silence(database, "a")
    with database.begin() as conn:
        assert outbox.claim(conn, "slack", "b", after(1), 15)
        assert alerts.claim_tick(conn, 7, after(1), "b")
        assert digests.claim(conn, "stand-up", date(2026, 11, 23), after(1), "b")


def test_a_key_is_new_once_for_all_processes_and_again_when_its_time_is_over(database: Database) -> None:
    """However many ask at once."""
    with ThreadPoolExecutor(8) as threads:

        def ask(_: int) -> bool:
            with database.begin() as conn:
                return inbox.first(conn, "signature", NOW, timedelta(minutes=5))

        assert sum(threads.map(ask, range(40))) == 1
    with database.begin() as conn:
        assert inbox.first(conn, "signature", NOW + timedelta(minutes=6), timedelta(minutes=5))
        inbox.forget(conn, NOW + timedelta(minutes=20))
        assert inbox.first(conn, "signature", NOW, timedelta(minutes=5))


def test_what_is_not_well_is_carried_over_until_it_is(database: Database) -> None:
    """With the date since when, and who took it; well again and then not, it begins anew."""
    days = [date(2026, 11, 20), date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 25)]
    with database.begin() as conn:
        digests.told(conn, "stand-up", days[0], NOW, {"checkout": "Checkout"})
        assert digests.take(conn, "stand-up", "checkout", "U1", NOW).taken_by == "U1"  # type: ignore[union-attr]
        assert digests.take(conn, "stand-up", "checkout", "U2", after(1)).taken_by == "U1"  # type: ignore[union-attr]
        both = digests.told(conn, "stand-up", days[1], NOW, {"checkout": "Checkout", "retries": "Retries"})
        assert [(each.name, each.since, each.taken_by) for each in both] == [
            ("checkout", days[0], "U1"),
            ("retries", days[1], ""),
        ]
        assert [each.name for each in digests.told(conn, "stand-up", days[2], NOW, {"retries": "Retries"})] == ["retries"]
        assert digests.take(conn, "stand-up", "checkout", "U3", NOW) is None
        again = digests.told(conn, "stand-up", days[3], NOW, {"checkout": "Checkout"})
        assert [(each.name, each.since, each.taken_by) for each in again] == [("checkout", days[3], "")]


def test_peoples_settings_are_their_own(database: Database) -> None:
    """By workspace and person; whoever set nothing has the usual ones."""
    with database.begin() as conn:
        people.keep(conn, "T1", "U1", Settings("Asia/Tokyo", "dark", only_me=True), NOW)
        people.keep(conn, "T1", "U1", Settings("Asia/Tokyo", "light", only_me=True), after(1))
        assert people.settings(conn, "T1", "U1") == Settings("Asia/Tokyo", "light", only_me=True)
        assert people.settings(conn, "T2", "U1") == people.settings(conn, "T1", "U2") == Settings()


def changed(url: str, *statements: str) -> None:
    """As another version of paybot leaves it."""
    engine = create_engine(parsed(url))
    with engine.begin() as conn:
        for each in statements:
            conn.execute(text(each))
    engine.dispose()


NEXT = f"{int(schema.NEWEST) + 1:04d}"


def test_code_of_the_version_before_goes_on_beside_a_newer_schema(url: str, opened: Callable[[str], Database]) -> None:
    """One step that only added something: it starts there, and what it does is kept."""
    opened(url).close()
    changed(url, "ALTER TABLE person ADD COLUMN newer TEXT", f"UPDATE alembic_version SET version_num = '{NEXT}'")
    try:
        database = opened(url)
        database.check_version()
        with database.begin() as conn:
            people.keep(conn, "T1", "U1", Settings(zone="Asia/Tokyo"), NOW)
            assert people.settings(conn, "T1", "U1").zone == "Asia/Tokyo"
    finally:
        changed(url, "ALTER TABLE person DROP COLUMN newer", f"UPDATE alembic_version SET version_num = '{schema.NEWEST}'")


def test_code_that_is_too_old_stops_with_a_clear_line(url: str, opened: Callable[[str], Database]) -> None:
    """Running already, or about to start: the step took something away, or there were two."""
    running = opened(url)
    try:
        for version, oldest in ((NEXT, NEXT), ("0099", schema.NEWEST)):
            changed(
                url, f"UPDATE alembic_version SET version_num = '{version}'", f"UPDATE oldest_schema SET version = '{oldest}'"
            )
            with pytest.raises(StoreError, match=rf"by a newer paybot \(schema {version}, this one knows up to") as error:
                running.check_version()
            assert not error.value.retriable
    finally:
        changed(
            url,
            f"UPDATE alembic_version SET version_num = '{schema.NEWEST}'",
            f"UPDATE oldest_schema SET version = '{schema.NEWEST}'",
        )


def test_the_databases_clock_is_the_time(database: Database) -> None:
    """In whole microseconds since 1970, as all times of the tables."""
    with database.begin() as conn:
        theirs = conn.execute(tables.Clock().select()).scalar_one()
    assert abs(theirs / 1e6 - time.time()) < 2
