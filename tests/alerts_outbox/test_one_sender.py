"""Of several processes one sends through a channel; what another made at the same moment goes within a second."""

from __future__ import annotations

from contextlib import suppress

from bot.alerts.outbox import Dispatcher
from bot.ports import StoreError
from tests.alerts_outbox.stage import LEASE_S, Stage, intent, once_at, once_during


def test_nothing_is_sent_through_a_channel_that_is_anothers(stage: Stage) -> None:
    """Neither sent nor claimed nor looked up; as soon as it is this process's, it is sent."""
    stage.owe(intent(key="k"))
    ours: set[str] = set()
    made = Dispatcher(stage.database, {"slack": stage.slack}, stage.clock.now, owner="this", holds=ours.__contains__)
    assert not made.once("slack")
    assert (stage.slack.count("send"), stage.row("k").status) == (0, "new")
    ours.add("send slack")
    stage.run(made)
    assert stage.slack.seen() == ["k"]


def test_what_two_sent_at_once_stands_once_as_soon_as_one_is_settled(stage: Stage) -> None:
    """The late owner waits for the other, which may have found its message, and then removes its own at the next turn."""
    stage.owe(intent(key="k"))
    first, second = stage.dispatcher("first"), stage.dispatcher("second", once_at("after_send_before_mark", lambda: fail(stage)))

    def overtaken() -> None:
        stage.clock.advance(LEASE_S)
        with suppress(StoreError):
            second.once("slack")

    stage.slack.during = once_during(overtaken)
    first.once("slack")
    assert stage.slack.seen() == ["k", "k"]
    first.once("slack")
    assert stage.slack.seen() == ["k", "k"]
    second.once("slack")
    first.once("slack")
    assert [each.id for each in stage.slack.standing()] == [stage.row("k").remote_id]
    assert stage.tally.outcomes["repaired"] == 1


def fail(stage: Stage) -> None:
    """The next transaction is not taken."""
    stage.database.failures = 1
