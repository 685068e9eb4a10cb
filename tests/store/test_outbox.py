"""The outbox: who may send what, and when."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TypeVar

import pytest

from bot.alerts.intent import Intent, Status
from bot.ports import StoreError
from bot.store import outbox
from bot.store.database import Database
from tests.store.values import AWKWARD, NOW, after, an_intent

LEASE_S = 15.0
PATIENCE_S = 40.0

T = TypeVar("T")


def claim(database: Database, owner: str, at: float = 0.0, limit: int = 1) -> list[Intent]:
    with database.begin() as conn:
        return list(outbox.claim(conn, "slack", owner, after(at), LEASE_S, limit))


def settle(database: Database, intent: Intent, status: Status, at: float = 0.0, **more: object) -> bool:
    with database.begin() as conn:
        return outbox.settle(conn, intent, status, after(at), **more)  # type: ignore[arg-type]


def owe(database: Database, *intents: Intent) -> None:
    with database.begin() as conn:
        outbox.add(conn, intents)


def keys(intents: object) -> list[str]:
    return [each.key for each in intents]  # type: ignore[attr-defined]


def test_an_intent_comes_back_as_it_was(database: Database) -> None:
    """All its values; nothing is owed where nothing is added."""
    full = an_intent(
        payload={"text": AWKWARD}, priority=0, status="unknown", attempts=2, owner="a", fence=3, first_try=after(-9),
        not_before=after(-1), remote_id="1.0", said="did not answer",
    )  # fmt: skip
    with database.begin() as conn:
        outbox.add(conn, [])
        assert (outbox.depth(conn), outbox.intent(conn, full.key)) == ({}, None)
        outbox.add(conn, [full])
        assert outbox.intent(conn, full.key) == full


def test_a_claim_carries_who_has_it_and_how_it_stood(database: Database) -> None:
    """Owner, fence and attempts are those of the claim, the status that of before, so that a doubt is seen."""
    owe(database, an_intent())
    (first,) = claim(database, "a")
    assert first == replace(an_intent(), owner="a", fence=1, attempts=1, first_try=NOW)
    (second,) = claim(database, "b", LEASE_S)
    assert second == replace(first, status="sending", owner="b", fence=2, attempts=2)


def test_a_claim_lasts_for_its_lease(database: Database) -> None:
    """Nobody else gets it before, not even its owner once more; at its end anybody does."""
    owe(database, an_intent())
    assert [len(claim(database, owner, at)) for owner, at in (("a", 0), ("b", 14.9), ("a", 14.9), ("b", 15))] == [1, 0, 0, 1]


def test_a_claim_can_be_renewed_by_its_owner_alone(database: Database) -> None:
    """While it has it; who was replaced hears so."""
    owe(database, an_intent())
    (mine,) = claim(database, "a")
    with database.begin() as conn:
        assert outbox.renew(conn, mine, after(14), LEASE_S)
    assert claim(database, "b", 28.9) == []
    (theirs,) = claim(database, "b", 29)
    with database.begin() as conn:
        assert [outbox.renew(conn, each, after(30), LEASE_S) for each in (mine, theirs)] == [False, True]


def test_the_most_urgent_goes_first_then_the_oldest(database: Database) -> None:
    """However they were added."""
    owe(
        database,
        an_intent("young", priority=0, created=after(1)),
        an_intent("mild", priority=3, created=after(-99)),
        an_intent("old", priority=0),
    )
    assert keys(claim(database, "a", 2, limit=9)) == ["old.slack.1", "young.slack.1", "mild.slack.1"]


def test_a_target_has_only_its_own(database: Database) -> None:
    """PagerDuty never waits behind Slack."""
    owe(database, an_intent(), an_intent(target="pagerduty"))
    assert keys(claim(database, "a", limit=9)) == ["e1.slack.1"]
    with database.begin() as conn:
        assert keys(outbox.claim(conn, "pagerduty", "a", NOW, LEASE_S)) == ["e1.pagerduty.1"]


@pytest.mark.parametrize("status", ["sending", "unknown", "new"])
def test_a_later_one_waits_for_an_earlier_one_of_its_episode(database: Database, status: Status) -> None:
    """However urgent it is, and whatever the earlier one waits for: an end never overtakes its beginning."""
    owe(database, an_intent(seq=1, priority=3, not_before=after(60), status=status), an_intent(seq=2, priority=0))
    assert claim(database, "a", 59, limit=9) == []
    assert keys(claim(database, "a", 60, limit=9)) == ["e1.slack.1"]
    assert claim(database, "a", 60, limit=9) == []


@pytest.mark.parametrize("status", ["done", "dead"])
def test_the_next_one_goes_once_the_earlier_is_over(database: Database, status: Status) -> None:
    """Sent or given up."""
    owe(database, an_intent(seq=1), an_intent(seq=2))
    (first,) = claim(database, "a")
    assert settle(database, first, status)
    assert keys(claim(database, "a")) == ["e1.slack.2"]


def test_an_intent_waits_until_it_may_go(database: Database) -> None:
    """As long as the channel has asked for."""
    owe(database, an_intent())
    (mine,) = claim(database, "a")
    assert settle(database, mine, "new", said="was told to wait", not_before=after(30))
    assert claim(database, "a", 29.9) == []
    (again,) = claim(database, "a", 30)
    assert (again.attempts, again.fence, again.said, again.first_try) == (2, 2, "was told to wait", NOW)


def test_what_came_of_a_claim_is_kept(database: Database) -> None:
    """Its status, what the channel calls it, and what was said."""
    owe(database, an_intent())
    (mine,) = claim(database, "a")
    assert settle(database, mine, "unknown", remote_id="1.0", said="did not answer", not_before=after(2))
    with database.begin() as conn:
        assert outbox.intent(conn, mine.key) == replace(
            mine, status="unknown", remote_id="1.0", said="did not answer", not_before=after(2)
        )
    (again,) = claim(database, "a", 2)
    assert settle(database, again, "done", 3)
    with database.begin() as conn:
        stands = outbox.intent(conn, mine.key)
    assert stands == replace(again, status="done", said="", not_before=None)


def test_a_late_owner_writes_nothing(database: Database) -> None:
    """Its lease was over and another has it: whatever it says, the other's word stands."""
    owe(database, an_intent())
    (late,) = claim(database, "a")
    (mine,) = claim(database, "b", 16)
    assert [settle(database, late, status, 17) for status in ("done", "new", "unknown", "dead")] == [False] * 4
    assert settle(database, mine, "done", 18, remote_id="2.0")
    assert not settle(database, late, "done", 19, remote_id="1.0")
    with database.begin() as conn:
        stands = outbox.intent(conn, mine.key)
    assert (stands and stands.remote_id, stands and stands.owner) == ("2.0", "b")


def test_one_owner_twice_is_two_owners(database: Database) -> None:
    """The fence tells its claims apart."""
    owe(database, an_intent())
    (late,), (mine,) = claim(database, "a"), claim(database, "a", 16)
    assert [settle(database, each, "done", 17) for each in (late, mine)] == [False, True]


def test_an_outcome_may_be_written_twice(database: Database) -> None:
    """Whoever does not know whether the commit was heard writes it again; what is over does not open again."""
    owe(database, an_intent())
    (mine,) = claim(database, "a")
    assert [settle(database, mine, "done", 1, remote_id="1.0") for _ in range(2)] == [True, True]
    assert [settle(database, mine, status, 2) for status in ("new", "unknown", "dead")] == [False] * 3
    assert claim(database, "a", 60) == []


def test_a_number_is_used_once(database: Database) -> None:
    """Two processes that count on from the same number: the second transaction has not happened, and is tried again."""
    owe(database, an_intent(seq=4))
    with pytest.raises(StoreError) as refused:
        owe(database, an_intent("other"), an_intent(seq=4, key="another"))
    with database.begin() as conn:
        assert (refused.value.retriable, outbox.newest_seq(conn)) == (True, {("e1", "slack"): 4})


def test_the_newest_numbers_are_known_by_episode_and_target(database: Database) -> None:
    """Also of what is long done."""
    owe(
        database, an_intent(seq=1, status="done"), an_intent(seq=2, status="dead"), an_intent(target="pagerduty"), an_intent("e2")
    )
    with database.begin() as conn:
        assert outbox.newest_seq(conn) == {("e1", "slack"): 2, ("e1", "pagerduty"): 1, ("e2", "slack"): 1}


def test_what_is_open_is_counted_by_target(database: Database) -> None:
    """Waiting, being sent and in doubt; not what is over."""
    every: tuple[Status, ...] = ("new", "sending", "unknown", "done", "dead")
    owe(database, *(an_intent(seq=seq, status=status) for seq, status in enumerate(every)), an_intent(target="pagerduty"))
    with database.begin() as conn:
        assert outbox.depth(conn) == {"slack": 3, "pagerduty": 1}
        assert [each.status for each in outbox.undone(conn, "e1", "slack")] == ["new", "sending", "unknown"]
        assert outbox.undone(conn, "e2", "slack") == ()


def test_what_was_given_up_can_be_seen(database: Database) -> None:
    """The newest first, with the reason."""
    owe(database, *(an_intent(f"e{number}") for number in range(3)))
    for number, mine in enumerate(claim(database, "a", limit=2)):
        settle(database, mine, "dead", number, said="is not in the channel")
    with database.begin() as conn:
        assert [(each.episode, each.said) for each in outbox.dead(conn)] == [
            ("e1", "is not in the channel"),
            ("e0", "is not in the channel"),
        ]


def test_what_took_several_attempts_is_swept_once(database: Database) -> None:
    """Once it has been done for long enough, the oldest first; not what went at once, or is not done."""
    owe(database, *(an_intent(name, attempts=1) for name in ("late", "early", "given up", "under way")))
    owe(database, an_intent("at once"))
    had = {each.episode: each for each in claim(database, "a", limit=9)}
    for name, at in (("early", 1), ("given up", 2), ("late", 3), ("at once", 4)):
        assert settle(database, had[name], "dead" if name == "given up" else "done", at)
    with database.begin() as conn:
        due = [keys(outbox.to_sweep(conn, "slack", after(at))) for at in (0.9, 1, 99)]
        assert due == [[], ["early.slack.1"], ["early.slack.1", "late.slack.1"]]
        assert outbox.to_sweep(conn, "pagerduty", after(99)) == ()
        outbox.swept(conn, "early.slack.1", after(50))
        assert keys(outbox.to_sweep(conn, "slack", after(99))) == ["late.slack.1"]


def again_while_busy(act: Callable[[], T], end: float) -> T:
    """As the dispatcher does: SQLite gives turns to nobody in particular, and who waited too long for one asks again."""
    while True:
        try:
            return act()
        except StoreError as error:
            if not error.retriable or time.monotonic() > end:
                raise


def test_no_intent_is_given_to_two(url: str, opened: Callable[[str], Database]) -> None:
    """Two threads, and on PostgreSQL two processes' connections, claim as fast as they can: each intent goes to one."""
    stores = [opened(url)] * 2 if url.startswith("sqlite") else [opened(url), opened(url)]
    total, ready = 200, threading.Barrier(2)
    owe(stores[0], *(an_intent(f"e{number % 50}", number) for number in range(total)))

    def work(owner: int) -> list[str]:
        ready.wait()
        had: list[str] = []
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            found, left = again_while_busy(partial(claimed, stores[owner], owner), end)
            if not left:
                break
            had += keys(found)
            assert all(again_while_busy(partial(settle, stores[owner], each, "done"), end) for each in found)
        return had

    def claimed(store: Database, owner: int) -> tuple[tuple[Intent, ...], int]:
        """What it gets, and how many were open then."""
        with store.begin() as conn:
            return outbox.claim(conn, "slack", f"owner {owner}", NOW, LEASE_S, 2), outbox.depth(conn).get("slack", 0)

    with ThreadPoolExecutor(2) as threads:
        one, two = threads.map(work, range(2))
    assert sorted(one + two) == sorted(f"e{number % 50}.slack.{number}" for number in range(total))


@pytest.mark.parametrize("seed", range(3))
def test_any_course_of_things_keeps_order_and_owners(database: Database, seed: int) -> None:
    """Owners that come, go and come late: one at a time may settle, and each episode's intents are over in their order."""
    chance, at, numbers = random.Random(seed), 0.0, dict.fromkeys("abc", 0)
    held: dict[str, Intent] = {}  # by key: the newest claim, the only one that counts
    claims: list[Intent] = []
    over: dict[str, list[int]] = {name: [] for name in numbers}
    for _ in range(250):
        at += chance.choice([0, 1, 1, 20])
        match chance.choice(["owe", "claim", "claim", "settle", "settle"]):
            case "owe":
                name = chance.choice("abc")
                numbers[name] += 1
                owe(database, an_intent(name, numbers[name], priority=chance.randrange(4), created=after(at)))
            case "claim":
                found = claim(database, "a", at, limit=2)
                claims += found
                held.update({each.key: each for each in found})
            case "settle" if claims:
                mine = claims.pop(-chance.randint(1, min(3, len(claims))))
                status = chance.choice(["done", "dead", "new", "unknown"])
                ours = settle(database, mine, status, at)  # type: ignore[arg-type]
                assert ours == (held[mine.key] is mine)
                if ours and status in {"done", "dead"}:
                    over[mine.episode].append(mine.seq)
    assert all(seqs == list(range(1, len(seqs) + 1)) for seqs in over.values())
    assert sum(map(len, over.values())) > 10
