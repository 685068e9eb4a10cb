"""What took several attempts is looked at again, twice, and what stands twice is repaired."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.store import tables
from tests.alerts_outbox.stage import LEASE_S, Stage, intent


def tried_twice(stage: Stage) -> None:
    """From now on everything took two attempts."""
    with stage.database.begin() as conn:
        conn.execute(update(tables.outbox).values(attempts=2))


def test_a_message_that_arrives_late_is_withdrawn(stage: Stage) -> None:
    """An attempt that lands after the look-up is found by the sweeper, after twice the lease."""
    stage.slack.sends.append("arrives 5")
    stage.owe(intent(key="k"))
    dispatcher = stage.dispatcher()
    stage.run(dispatcher, 2 * LEASE_S - 1)
    assert stage.slack.seen() == ["k", "k"]
    stage.run(dispatcher, 3)
    assert [each.id for each in stage.slack.standing()] == [stage.row("k").remote_id]
    assert stage.tally.outcomes["repaired"] == 1


def test_a_message_that_arrives_after_minutes_is_withdrawn(stage: Stage) -> None:
    """A second look comes after 10 min, and then no more."""
    stage.slack.sends.append("arrives 300")
    stage.owe(intent(key="k"))
    dispatcher = stage.dispatcher()
    stage.run(dispatcher, 550, step_s=5)
    assert (stage.slack.seen(), stage.row("k").swept) == (["k", "k"], None)
    stage.run(dispatcher, 60, step_s=5)
    assert (len(stage.slack.seen()), stage.row("k").swept is None) == (1, False)
    calls = len(stage.slack.calls)
    stage.run(dispatcher, 3_600, step_s=60)
    assert len(stage.slack.calls) == calls


def test_what_took_one_attempt_is_not_looked_at(stage: Stage) -> None:
    """No question for what was never in doubt."""
    stage.owe(*(intent(f"e{number}") for number in range(5)))
    stage.run(stage.dispatcher(), 1_000, step_s=5)
    assert stage.slack.count("look") == 0


def test_the_one_that_the_store_names_stays(stage: Stage) -> None:
    """The episode's thread hangs on the message that the store knows: an earlier one that nobody knew of goes."""
    stage.owe(intent(key="k"))
    dispatcher = stage.dispatcher()
    stage.run(dispatcher)
    tried_twice(stage)
    known = stage.slack.made[0]
    stage.slack.made.append(replace(known, id="unknown", at=known.at - timedelta(seconds=1)))
    stage.run(dispatcher, 2 * LEASE_S + 1)
    assert stage.slack.standing() == [known]


def test_the_earliest_stays_where_the_known_one_is_gone(stage: Stage) -> None:
    """If a person removed the message that the store names, one of the others stays."""
    stage.slack.sends.extend(["arrives 5"])
    stage.owe(intent(key="k"))
    dispatcher = stage.dispatcher()
    stage.run(dispatcher, 10)
    stage.slack.withdraw(intent(key="k"), stage.row("k").remote_id)
    stage.run(dispatcher, 1_000, step_s=5)
    assert [each.id for each in stage.slack.standing()] == ["0000"]


@pytest.mark.parametrize("failure", ["lost", "down", "later 9", "odd"])
def test_a_sweep_that_fails_is_made_up_for(stage: Stage, failure: str) -> None:
    """Neither a failing look nor a failing removal leaves a message twice, and new ones need not wait for it."""
    stage.slack.sends.append("arrives 5")
    stage.owe(intent(key="k"))
    dispatcher = stage.dispatcher()
    stage.run(dispatcher, 10)
    stage.slack.looks.extend([failure, "well", failure])
    stage.slack.withdrawals.append(failure)
    stage.run(dispatcher, 120)
    assert (stage.slack.seen(), stage.slack.early) == (["k"], 0)


def test_a_channel_that_cannot_be_looked_at_is_not_hammered(stage: Stage) -> None:
    """The pauses between failing looks grow."""
    stage.owe(*(intent(f"e{number}") for number in range(20)))
    dispatcher = stage.dispatcher()
    stage.run(dispatcher)
    tried_twice(stage)
    stage.slack.always = "lost"
    stage.run(dispatcher, 120)
    assert stage.slack.count("look") < 30


def test_what_is_new_need_not_wait_for_repairs(stage: Stage) -> None:
    """However much there is to look at, something urgent goes out in between."""
    stage.owe(*(intent(f"e{number}") for number in range(20)))
    dispatcher = stage.dispatcher()
    stage.run(dispatcher)
    tried_twice(stage)
    stage.clock.advance(2 * LEASE_S)
    stage.owe(intent("new", priority=0, key="urgent"))
    dispatcher.once("slack")
    dispatcher.once("slack")
    assert "urgent" in stage.slack.seen()


def test_a_look_that_is_forbidden_is_counted(stage: Stage) -> None:
    """Who may not read the channel is not asked for ever, and an operator can see it."""
    stage.slack.sends.append("arrives 5")
    stage.owe(intent(key="k"))
    dispatcher = stage.dispatcher()
    stage.run(dispatcher, 10)
    stage.slack.looks.extend(["refused"] * 1_000)
    stage.run(dispatcher, 1_000, step_s=5)
    assert (stage.tally.outcomes["unrepaired"], stage.row("k").swept is None) == (2, False)


def test_one_that_cannot_be_looked_at_keeps_no_other_back(stage: Stage) -> None:
    """The sweeper goes on with the next."""
    stage.owe(intent("e1", key="bad"), intent("e2", key="k"))
    dispatcher = stage.dispatcher()
    stage.run(dispatcher)
    tried_twice(stage)
    stage.slack.made += [replace(each, id=f"{each.id} again") for each in stage.slack.made]
    stage.slack.failing = {"bad": "lost"}
    stage.run(dispatcher, 2 * LEASE_S + 15)
    assert sorted(stage.slack.seen()) == ["bad", "bad", "k"]


def test_repairs_have_their_share_of_a_busy_channel(stage: Stage) -> None:
    """Sweeping goes on though there is always something to send, and sending though there is much to sweep."""
    stage.slack.sends.extend(["arrives 5"] * 3)
    stage.owe(*(intent(f"e{number}") for number in range(3)))
    dispatcher = stage.dispatcher()
    stage.run(dispatcher, 40 - LEASE_S)
    for number in range(100, 160):
        stage.owe(intent(f"e{number}"))
        dispatcher.once("slack")
        stage.clock.advance(0.5)
    assert (stage.tally.outcomes["repaired"], len(stage.slack.standing()) > 50) == (3, True)


def test_more_than_a_page_is_swept(stage: Stage) -> None:
    """After a bad hour all is looked at after two leases, however much it is."""
    stage.owe(*(intent(f"e{number}") for number in range(250)))
    dispatcher = stage.dispatcher()
    stage.run(dispatcher)
    tried_twice(stage)
    stage.run(dispatcher, 2 * LEASE_S + 10, step_s=10)
    looked = {call.key for call in stage.slack.calls if call.method == "look"}
    assert len(looked) == 250
    stage.run(dispatcher, 700, step_s=10)
    assert all(row.swept for row in stage.rows())


def test_a_restart_sweeps_on(stage: Stage) -> None:
    """What one process left unswept, the next looks at."""
    stage.slack.sends.append("arrives 5")
    stage.owe(intent(key="k"))
    stage.run(stage.dispatcher(), 10)
    stage.clock.advance(3_600)
    stage.run(stage.dispatcher("second"), 5)
    assert (stage.slack.seen(), stage.row("k").swept is None) == (["k"], False)
