"""An owner that was paused past its lease finds out, and removes only what it made itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.alerts.outbox import Dispatcher
from tests.alerts_outbox.stage import LEASE_S, Killed, Stage, intent, once_at, once_during


def killed() -> None:
    """The process ends."""
    raise Killed


def overtaken(stage: Stage, by: Dispatcher) -> Callable[[], None]:
    """The lease runs out, and another does the work."""

    def act() -> None:
        stage.clock.advance(LEASE_S)
        stage.run(by)

    return act


def test_who_sent_too_late_withdraws_its_own(stage: Stage) -> None:
    """A message that was sent after another's was settled goes; the other's stays."""
    stage.owe(intent(key="k"))
    stage.slack.during = once_during(overtaken(stage, stage.dispatcher("second")))
    stage.run(stage.dispatcher("first"))
    assert (stage.slack.seen(), stage.row("k").owner) == (["k"], "second")
    assert (stage.row("k").remote_id, stage.tally.outcomes["late"], stage.tally.outcomes["repaired"]) == ("0000", 1, 1)


def test_a_late_owner_whose_message_counts_leaves_it(stage: Stage) -> None:
    """If the other found the late owner's message, that is the one."""
    stage.owe(intent(key="k"))
    pause = once_at("after_send_before_mark", overtaken(stage, stage.dispatcher("second")))
    stage.run(stage.dispatcher("first", pause), 1_000, step_s=5)
    assert (stage.slack.seen(), stage.row("k").remote_id, stage.tally.outcomes["repaired"]) == (["k"], "0000", 0)


def test_an_owner_that_lost_its_claim_sends_nothing(stage: Stage) -> None:
    """Before sending, a lease with too little left is renewed; if another has the claim, nothing is sent."""
    stage.owe(intent(key="k"))
    stage.run(stage.dispatcher("first", once_at("after_claim", overtaken(stage, stage.dispatcher("second")))))
    assert (stage.slack.count("send"), stage.row("k").owner, stage.tally.outcomes["late"]) == (1, "second", 1)


def test_a_short_lease_is_renewed_before_sending(stage: Stage) -> None:
    """Sending never begins with less of the lease left than it may take."""
    stage.owe(intent(key="k"))
    left = []
    stage.slack.during = lambda _: left.append((stage.row("k").lease_until - stage.clock.now()).total_seconds())
    stage.run(stage.dispatcher(failpoint=once_at("after_claim", lambda: stage.clock.advance(LEASE_S - 1))))
    assert (left, stage.slack.seen()) == ([LEASE_S], ["k"])


def test_a_slow_call_is_covered_by_its_lease(stage: Stage) -> None:
    """A channel that may take longer than the lease gets a longer one."""
    stage.slack.limit_s = 60.0
    stage.owe(intent(key="k"))
    left = []
    stage.slack.during = lambda _: left.append((stage.row("k").lease_until - stage.clock.now()).total_seconds())
    stage.run(stage.dispatcher())
    assert left == [61.0]


def test_while_the_other_is_at_it_nothing_is_withdrawn(stage: Stage) -> None:
    """A late owner's message may be the one that the other finds: it stays until that is settled, and once in the end."""
    stage.owe(intent(key="k"))
    second = stage.dispatcher("second")

    def claimed_by_another() -> None:
        stage.clock.advance(LEASE_S)
        stage.slack.looks.append("lost")
        second.once("slack")

    stage.run(stage.dispatcher("first", once_at("after_send_before_mark", claimed_by_another)))
    assert (stage.row("k").status, stage.slack.seen()) == ("unknown", ["k"])
    stage.run(second, 1_000, step_s=5)
    assert (stage.row("k").status, stage.slack.seen()) == ("done", ["k"])


def test_a_late_withdrawal_and_a_sweep_never_remove_both(stage: Stage) -> None:
    """Whoever comes first, the late owner or the sweeper, the message that the store names stays."""
    stage.owe(intent(key="k"))
    second = stage.dispatcher("second")

    def overtaken_and_swept() -> None:
        stage.clock.advance(LEASE_S)
        stage.run(second, 60)

    stage.slack.during = once_during(overtaken(stage, second))
    stage.run(stage.dispatcher("first", once_at("before_withdraw", overtaken_and_swept)), 1_000, step_s=5)
    assert [each.id for each in stage.slack.standing()] == [stage.row("k").remote_id]


def test_a_failed_removal_is_made_up_for(stage: Stage) -> None:
    """A late owner that cannot withdraw its message at once does so when the channel lets it."""
    stage.owe(intent(key="k"))
    stage.slack.during = once_during(overtaken(stage, stage.dispatcher("second")))
    stage.slack.withdrawals.extend(["later 3", "lost"])
    stage.run(stage.dispatcher("first"), LEASE_S + 10)
    assert (stage.slack.seen(), stage.slack.early) == (["k"], 0)


def test_a_covered_show_that_another_began_is_looked_up(stage: Stage) -> None:
    """What needs no sending may have been sent all the same, by an owner that did not know: that is found, and not forgotten."""
    stage.owe(intent(seq=1, kind="show"), intent(seq=2, kind="show", key="k"))
    first = stage.dispatcher("first")
    first.once("slack")
    second = stage.dispatcher("second", once_at("after_send_before_mark", killed))
    with pytest.raises(Killed):
        second.once("slack")
    stage.clock.advance(LEASE_S)
    stage.run(first)
    assert (stage.tally.outcomes["found"], stage.row("k").remote_id) == (1, "0001")


def test_a_late_pager_is_left_alone(stage: Stage) -> None:
    """What is the same however often it is sent needs no removal."""
    stage.owe(intent(key="k", target="pagerduty", kind="trigger"))
    second = stage.dispatcher("second")

    def act() -> None:
        stage.clock.advance(LEASE_S)
        stage.run(second, target="pagerduty")

    stage.pager.during = once_during(act)
    stage.run(stage.dispatcher("first"), target="pagerduty")
    assert (stage.pager.incidents(), stage.pager.count("withdraw")) == (["k"], 0)


@pytest.mark.parametrize("killed_at_once", [False, True])
def test_a_page_that_comes_after_its_end_is_ended_again(stage: Stage, killed_at_once: bool) -> None:
    """A trigger after the resolve begins the incident anew: its late owner says so at once, and without it the sweeper does."""
    resolve = replace(intent(key="r", target="pagerduty", kind="resolve"), seq=2)
    stage.owe(intent(key="t", target="pagerduty", kind="trigger"), resolve)
    second = stage.dispatcher("second")

    def act() -> None:
        stage.clock.advance(LEASE_S)
        stage.run(second, target="pagerduty")

    stage.pager.during = once_during(act)
    first = stage.dispatcher("first", once_at("after_send_before_mark", killed if killed_at_once else lambda: None))
    if killed_at_once:
        with pytest.raises(Killed):
            first.once("pagerduty")
        assert stage.pager.seen()[-1] == "t"
        stage.run(second, 3 * LEASE_S, target="pagerduty")
    else:
        stage.run(first, target="pagerduty")
    assert stage.pager.seen()[-1] == "r"
    assert stage.pager.incidents() == ["t", "r"]
