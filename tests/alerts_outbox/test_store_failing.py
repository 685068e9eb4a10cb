"""A store that fails pauses what is sent, and loses nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.alerts.intent import Intent
from bot.ports import StoreError
from tests.alerts_outbox.stage import LEASE_S, Stage, intent, once_during


def away(stage: Stage, times: int) -> Callable[[Intent], None]:
    """The store goes away while the first message is on its way."""

    def act() -> None:
        stage.database.failures = times

    return once_during(act)


def test_nothing_is_sent_that_could_not_be_claimed(stage: Stage) -> None:
    """Without a claim there is no sending; afterwards all goes on by itself."""
    stage.owe(intent(key="k"))
    dispatcher = stage.dispatcher()
    stage.database.failures = 1
    with pytest.raises(StoreError):
        dispatcher.once("slack")
    assert stage.slack.calls == []
    stage.run(dispatcher)
    assert stage.slack.seen() == ["k"]


@pytest.mark.parametrize("times", [1, 7])
def test_an_outcome_that_could_not_be_written_is_written_later(stage: Stage, times: int) -> None:
    """What was sent is settled as soon as the store is back, with no look-up and no second message."""
    stage.owe(intent(key="k"))
    dispatcher = stage.dispatcher()
    stage.slack.during = away(stage, times)
    for _ in range(times):
        with pytest.raises(StoreError):
            dispatcher.once("slack")
    stage.run(dispatcher, 100)
    assert [call.method for call in stage.slack.calls] == ["send"]
    assert (stage.row("k").status, stage.row("k").remote_id) == ("done", "0000")


def test_an_outcome_is_written_though_the_channel_is_blocked(stage: Stage) -> None:
    """Writing what was sent does not wait for the channel."""
    stage.slack.sends.append("later 100")
    stage.owe(intent(key="k"))
    dispatcher = stage.dispatcher()
    stage.slack.during = away(stage, 1)
    with pytest.raises(StoreError):
        dispatcher.once("slack")
    assert stage.row("k").status == "sending"
    dispatcher.once("slack")
    assert stage.row("k").status == "new"


def test_a_store_away_for_longer_than_the_lease_makes_no_second_message(stage: Stage) -> None:
    """If another took over meanwhile, the outcome that comes too late changes nothing, and the message stands once."""
    stage.owe(intent(key="k"))
    first = stage.dispatcher("first")
    stage.slack.during = away(stage, 1)
    with pytest.raises(StoreError):
        first.once("slack")
    stage.clock.advance(LEASE_S)
    stage.run(stage.dispatcher("second"))
    stage.run(first, 60)
    assert (stage.slack.seen(), stage.row("k").owner) == (["k"], "second")


def test_an_outcome_that_is_never_taken_keeps_nothing_back(stage: Stage) -> None:
    """An outcome that the store refuses for good is dropped: its intent is looked up after the lease, and all else goes on."""
    stage.owe(intent("e1", key="bad"), intent("e2", key="k"))
    dispatcher = stage.dispatcher()
    stage.database.retriable = False
    stage.slack.during = away(stage, 1)
    with pytest.raises(StoreError):
        dispatcher.once("slack")
    stage.run(dispatcher)
    assert (stage.row("bad").status, stage.row("k").status) == ("sending", "done")
    stage.run(dispatcher, LEASE_S)
    assert (stage.statuses(), stage.slack.seen(), stage.slack.count("send")) == ({"done"}, ["bad", "k"], 2)
