"""What is kept comes back as it was: instances, episodes, ticks, and what came in."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy.exc import StatementError

from bot.alerts.episode import Episode
from bot.ports import StoreError
from bot.store import alerts, inbox, outbox
from bot.store.database import Database
from tests.store.values import AWKWARD, NOW, after, an_episode, an_instance, an_intent, plain


def test_an_instance_comes_back_as_it_was(database: Database) -> None:
    """Every value, to the last microsecond and digit."""
    with database.begin() as conn:
        alerts.keep_instance(conn, an_instance())
    with database.begin() as conn:
        assert alerts.instances(conn) == {("checkout-success", AWKWARD): an_instance()}


def test_the_newest_of_an_instance_is_kept(database: Database) -> None:
    """One row for each, whatever was there before, also nothing at all."""
    bare = an_instance(signal="ok", since=None, value=None, end=None, failed_since=None, fired=())
    later = an_instance(end=after(60), signal="firing", number=8)
    with database.begin() as conn:
        for each in (bare, an_instance(), later, later):
            alerts.keep_instance(conn, each)
        assert list(alerts.instances(conn).values()) == [later]


def test_an_older_judgement_does_not_replace_a_newer_one(database: Database) -> None:
    """A process that stood still takes nothing back, and its whole transaction has not happened."""
    with database.begin() as conn:
        alerts.keep_instance(conn, an_instance(end=after(60)))
    with pytest.raises(StoreError) as refused, database.begin() as conn:  # noqa: PT012 - one transaction
        alerts.add_episode(conn, an_episode())
        alerts.keep_instance(conn, an_instance(end=NOW))
    with database.begin() as conn:
        assert (refused.value.retriable, alerts.open_episodes(conn)) == (True, ())


def test_an_episode_comes_back_as_it_was(database: Database) -> None:
    """All its columns, each with a value of its own here; nothing is invented for one that is not there."""
    defaults = {each.name: each.default for each in fields(Episode)}
    assert [name for name, value in defaults.items() if getattr(an_episode(), name) == value] == [
        *("closed", "reason", "phase", "handling", "drill")
    ]
    other = an_episode("f" * 16, number=2, phase="closed", handling="snoozed", closed=after(9), reason="recovered", drill=True)
    with database.begin() as conn:
        alerts.add_episode(conn, an_episode())
        alerts.add_episode(conn, other)
        assert [alerts.episode(conn, known_as) for known_as in ("e" * 16, "f" * 16, "0")] == [an_episode(), other, None]


def test_open_episodes_are_those_without_an_end(database: Database) -> None:
    """The oldest first."""
    with database.begin() as conn:
        for number, closed in enumerate([None, NOW, None]):
            alerts.add_episode(conn, plain(f"e{number}", opened=after(-number), closed=closed))
        assert [each.id for each in alerts.open_episodes(conn)] == ["e2", "e0"]


def test_recent_episodes_were_open_since_then(database: Database) -> None:
    """Also those that began before; the newest first, and no more than were asked for."""
    with database.begin() as conn:
        alerts.add_episode(conn, plain("old", opened=after(-900), closed=after(-301)))
        alerts.add_episode(conn, plain("over", opened=after(-900), closed=after(-300)))
        alerts.add_episode(conn, plain("open", opened=after(-800)))
        alerts.add_episode(conn, plain("new", opened=after(-10), closed=NOW))
        assert [each.id for each in alerts.recent_episodes(conn, after(-300), 9)] == ["new", "open", "over"]
        assert [each.id for each in alerts.recent_episodes(conn, after(-300), 2)] == ["new", "open"]


def test_episodes_of_a_bundle_are_found_together(database: Database) -> None:
    """Those that share a message, and no others."""
    with database.begin() as conn:
        for number, extra in enumerate([{"bundle": "b1"}, {}, {"bundle": "b1"}, {"bundle": "b2"}]):
            alerts.add_episode(conn, plain(f"e{number}", opened=after(-number), extra=extra))
        assert [each.id for each in alerts.bundle(conn, "b1")] == ["e2", "e0"]


def test_a_change_names_the_version_that_it_was_made_for(database: Database) -> None:
    """It raises the version; a second one for the same version changes nothing."""
    with database.begin() as conn:
        alerts.add_episode(conn, an_episode(version=3))
        changed = alerts.change_episode(conn, "e" * 16, 3, handling="acked", routes=("slack",), extra={"act": "acknowledge"})
        assert alerts.change_episode(conn, "e" * 16, 3, handling="snoozed") is None
        assert alerts.episode(conn, "e" * 16) == changed
    assert changed == an_episode(version=4, handling="acked", routes=("slack",), extra={"act": "acknowledge"})


def test_a_change_may_be_for_any_version(database: Database) -> None:
    """None: whatever the version is; but there must be one."""
    with database.begin() as conn:
        alerts.add_episode(conn, an_episode(version=3))
        changed = alerts.change_episode(conn, "e" * 16, None, blind="")
        assert (changed and changed.version, alerts.change_episode(conn, "0", None, blind="")) == (4, None)


def test_what_no_presser_must_know_leaves_the_version(database: Database) -> None:
    """The number of the moment, the message's place: buttons that stand in Slack stay good. A version given is taken."""
    with database.begin() as conn:
        alerts.add_episode(conn, an_episode(version=3))
        alerts.keep_episode(conn, "e" * 16, {"value": 90.0, "ts": "2.0"})
        alerts.keep_episode(conn, "e" * 16, {})
        assert alerts.episode(conn, "e" * 16) == an_episode(version=3, value=90.0, ts="2.0")
        alerts.keep_episode(conn, "e" * 16, {"version": 9})
        assert alerts.episode(conn, "e" * 16) == an_episode(version=9, value=90.0, ts="2.0")


@pytest.mark.parametrize("name", ["id", "version", "nonsense"])
def test_some_columns_cannot_be_changed(database: Database, name: str) -> None:
    """A wrong name is a fault of paybot's, and not left out silently."""
    with pytest.raises(ValueError, match=name), database.begin() as conn:
        alerts.change_episode(conn, "e" * 16, None, **{name: "1"})


def test_two_processes_open_one_episode_for_one_breach(database: Database) -> None:
    """The second of the same number is refused, with all that came with it; a drill has no number of its own to lose."""
    with database.begin() as conn:
        alerts.add_episode(conn, an_episode("a"))
        alerts.add_episode(conn, an_episode("drill", drill=True))
    with pytest.raises(StoreError, match="at the same time") as refused, database.begin() as conn:  # noqa: PT012
        outbox.add(conn, [an_intent("b")])
        alerts.add_episode(conn, an_episode("b"))
    with database.begin() as conn:
        assert (refused.value.retriable, outbox.depth(conn)) == (True, {})


def test_closed_episodes_are_kept_for_as_long_as_is_said(database: Database) -> None:
    """What was closed before goes, with what was sent for it; what is open stays, however old."""
    with database.begin() as conn:
        alerts.add_episode(conn, plain("open", opened=after(-9e6)))
        alerts.add_episode(conn, plain("gone", closed=after(-1)))
        alerts.add_episode(conn, plain("kept", closed=NOW))
        outbox.add(conn, [an_intent(known_as) for known_as in ("open", "gone", "kept")])
        alerts.forget_episodes(conn, NOW)
        assert {each.id for each in alerts.recent_episodes(conn, after(-1e7), 9)} == {"open", "kept"}
        assert set(outbox.newest_seq(conn)) == {("open", "slack"), ("kept", "slack")}


def test_words_that_a_database_cannot_keep_do_no_harm(database: Database) -> None:
    """A source may name its series with anything: nothing of a tick fails for it."""
    odd = "a\0b\ud800c"
    with database.begin() as conn:
        alerts.add_episode(conn, an_episode(title=odd))
        alerts.keep_instance(conn, an_instance(series=odd))
        alerts.keep_instance(conn, an_instance(series=odd, end=after(60)))
        kept = alerts.episode(conn, "e" * 16)
        assert (kept and kept.title, [series for _, series in alerts.instances(conn)]) == ("a?b?c", ["a?b?c"])


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    """It could be any."""
    with pytest.raises(StatementError), database.begin() as conn:
        alerts.add_episode(conn, an_episode(opened=datetime(2026, 1, 1)))  # noqa: DTZ001


# Ticks.


def test_a_tick_is_claimed_once(database: Database) -> None:
    """The second owner does not get it, before and after it is done."""
    with database.begin() as conn:
        assert [alerts.claim_tick(conn, 7, NOW, owner) for owner in ("a", "b")] == [True, False]
        alerts.finish_tick(conn, 7, after(1))
        assert [alerts.claim_tick(conn, 7, after(2), owner) for owner in ("a", "b")] == [False, False]
        assert alerts.claim_tick(conn, 8, after(60), "b")


def test_a_tick_that_could_not_be_written_is_its_owners_still(database: Database) -> None:
    """A store that was away for a moment costs no tick."""
    with database.begin() as conn:
        assert [alerts.claim_tick(conn, 7, after(seconds), "a") for seconds in (0, 1, 50)] == [True, True, True]


def test_a_tick_of_an_owner_that_ended_is_free_again(database: Database) -> None:
    """After its lease; and if the owner had only stood still, what it writes then does not count."""
    with database.begin() as conn:
        claims = [("a", 0), ("b", 25), ("b", 25.1)]
        assert [alerts.claim_tick(conn, 7, after(seconds), owner) for owner, seconds in claims] == [True, False, True]
        alerts.finish_tick(conn, 7, after(26))
    with pytest.raises(StoreError) as late, database.begin() as conn:  # noqa: PT012
        alerts.keep_instance(conn, an_instance())
        alerts.finish_tick(conn, 7, after(27))
    with database.begin() as conn:
        assert (late.value.retriable, alerts.instances(conn)) == (True, {})


def test_the_last_tick_is_the_newest_that_was_done(database: Database) -> None:
    """None before the first; a claim alone does not count. Old ones are forgotten."""
    with database.begin() as conn:
        assert alerts.last_tick(conn) is None
        for number in (7, 8, 20_000):
            alerts.claim_tick(conn, number, NOW, "a")
        alerts.finish_tick(conn, 7, NOW)
        assert alerts.last_tick(conn) == 7
        alerts.finish_tick(conn, 20_000, NOW)
        assert alerts.last_tick(conn) == 20_000
        assert alerts.claim_tick(conn, 8, NOW, "b")


# What came in.


def test_what_came_in_is_first_once(database: Database) -> None:
    """Within its time; afterwards it may come again."""
    minute = timedelta(minutes=1)
    with database.begin() as conn:
        assert [inbox.first(conn, key, NOW, minute) for key in ("a", "b", "a")] == [True, True, False]
        assert [inbox.first(conn, "a", after(seconds), minute) for seconds in (59.999, 60, 61)] == [False, True, False]


def test_everything_of_a_transaction_that_fails_is_gone(database: Database) -> None:
    """All or nothing, also where paybot itself is at fault."""
    with pytest.raises(ZeroDivisionError), database.begin() as conn:  # noqa: PT012
        alerts.add_episode(conn, an_episode())
        outbox.add(conn, [an_intent()])
        assert 1 / 0
    with database.begin() as conn:
        assert (alerts.open_episodes(conn), outbox.depth(conn)) == ((), {})
        alerts.add_episode(conn, replace(an_episode(), version=1))
