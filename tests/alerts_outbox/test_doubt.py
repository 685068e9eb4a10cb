"""An attempt whose outcome is not known is looked up before anything is sent again, and how long that may take is bounded."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.alerts.intent import BEGUN, Intent
from tests.alerts_outbox.stage import LEASE_S, START, Killed, Made, Stage, intent


def made(number: int, key: str) -> Made:
    return Made(f"{number:04}", key, "e1", 1, START, 0, repeated=False)


def told_before(begun: datetime, **more: Any) -> Intent:
    """What a store that was lost since may have told."""
    return replace(intent(key="k", **more), status="unknown", payload={BEGUN: begun.isoformat()})


def test_a_lost_reply_does_not_make_a_second_message(stage: Stage) -> None:
    """The message that was taken although no reply came is found, and is the one that counts."""
    stage.slack.sends.append("accepted")
    stage.owe(intent(key="k"))
    stage.run(stage.dispatcher(), 10)
    assert (stage.slack.seen(), stage.slack.count("send")) == (["k"], 1)
    assert (stage.row("k").status, stage.row("k").remote_id, stage.tally.outcomes["found"]) == ("done", "0000", 1)


def test_what_was_not_taken_is_sent_again(stage: Stage) -> None:
    """When it is certain that nothing arrived, it is sent."""
    stage.slack.sends.append("lost")
    stage.owe(intent(key="k"))
    stage.run(stage.dispatcher(), 10)
    assert [call.method for call in stage.slack.calls] == ["send", "look", "send"]
    assert not stage.slack.standing()[0].repeated


def test_of_several_the_earliest_stays(stage: Stage) -> None:
    """If attempts made more than one message, the first is kept, the others are withdrawn and counted."""
    stage.owe(intent(key="k"))
    stage.slack.sends.append("lost")
    stage.slack.made = [made(number, "k") for number in range(3)]
    stage.run(stage.dispatcher(), 10)
    assert ([each.id for each in stage.slack.standing()], stage.row("k").remote_id) == (["0000"], "0000")
    assert stage.tally.outcomes["repaired"] == 2


def test_what_could_not_be_withdrawn_is_tried_again(stage: Stage) -> None:
    """A second message goes as soon as the channel lets us remove it."""
    stage.owe(intent(key="k"))
    stage.slack.sends.append("lost")
    stage.slack.made = [made(number, "k") for number in range(2)]
    stage.slack.withdrawals.extend(["later 5", "lost"])
    stage.run(stage.dispatcher(), 20)
    assert (stage.slack.seen(), stage.slack.early) == (["k"], 0)


def test_what_must_not_be_withdrawn_is_counted(stage: Stage) -> None:
    """A refused removal is not tried for ever, and an operator can see it."""
    stage.owe(intent(key="k"))
    stage.slack.sends.append("lost")
    stage.slack.made = [made(number, "k") for number in range(2)]
    stage.slack.withdrawals.append("refused")
    stage.run(stage.dispatcher(), 10)
    assert (stage.slack.seen(), stage.tally.outcomes["unrepaired"]) == (["k", "k"], 1)


@pytest.mark.parametrize("denial", ["lost", "refused", "down", "odd"])
def test_the_critical_is_repeated_only_after_its_budget(stage: Stage, denial: str) -> None:
    """Without a look-up nothing is sent again for 20 s; then what is critical is, and says that it may be a repeat."""
    stage.slack.sends.append("lost")
    stage.slack.looks.extend([denial] * 1_000)
    stage.owe(intent(key="k", priority=0))
    dispatcher = stage.dispatcher()
    stage.run(dispatcher, 19)
    assert (stage.slack.count("send"), stage.row("k").status) == (1, "unknown")
    stage.run(dispatcher, 3)
    assert [(each.key, each.repeated) for each in stage.slack.standing()] == [("k", True)]
    assert (stage.row("k").status, stage.tally.outcomes["repeated"]) == ("done", 1)


def test_what_only_a_restored_store_has_forgotten_is_found(stage: Stage) -> None:
    """It stands from before; it is edited to what the store knows, and no second one is made."""
    before = START - timedelta(hours=1)
    stage.slack.made = [Made("0000", "k", "e1", 1, before, 0, repeated=False)]
    stage.owe(told_before(before, kind="show"))
    stage.run(stage.dispatcher(), 10)
    assert ([call.method for call in stage.slack.calls], stage.row("k").status) == (["look", "send"], "done")


def test_of_several_from_before_only_the_first_stays(stage: Stage) -> None:
    """The store names the first; the others go as soon as it is shown."""
    stage.slack.made = [made(number, "k") for number in range(3)]
    stage.owe(told_before(START, kind="show"))
    stage.run(stage.dispatcher(), 10)
    assert ({"0001", "0002"} & {each.id for each in stage.slack.standing()}, stage.tally.outcomes["repaired"]) == (set(), 2)


@pytest.mark.parametrize("priority", [0, 2])
def test_what_may_have_been_told_before_is_rather_told_twice_than_never(stage: Stage, priority: int) -> None:
    """Nobody knows of any attempt: where it cannot be looked up, it is sent and says that it may be a repeat."""
    stage.slack.looks.extend(["refused"] * 1_000)
    stage.owe(told_before(START, kind="show", priority=priority))
    stage.run(stage.dispatcher(), 180)
    assert [(each.key, each.repeated) for each in stage.slack.standing()] == [("k", True)]
    assert stage.row("k").status == "done"


def test_the_pauses_between_look_ups_grow(stage: Stage) -> None:
    """A channel that cannot be asked is not hammered."""
    stage.slack.sends.append("lost")
    stage.slack.looks.extend(["lost"] * 1_000)
    stage.owe(intent(key="k"))
    stage.run(stage.dispatcher(), 100, step_s=0.1)
    assert 10 <= stage.slack.count("look") <= 40


def test_the_critical_goes_out_though_look_ups_are_always_slowed_down(stage: Stage) -> None:
    """A channel that answers each look-up with a 429 is called no earlier than it wants, and then not asked but told."""
    stage.slack.sends.append("lost")
    stage.slack.looks.extend(["later 7"] * 1_000)
    stage.owe(intent(key="k", priority=0))
    stage.run(stage.dispatcher(), 40)
    assert ([each.repeated for each in stage.slack.standing()], stage.slack.early) == ([True], 0)


@pytest.mark.parametrize("denial", ["refused", "later 7"])
def test_what_is_not_critical_is_given_up_in_words(stage: Stage, denial: str, caplog: pytest.LogCaptureFixture) -> None:
    """A working channel that cannot say whether it took something within 2 min gets no second one: it is dead, and seen."""
    stage.slack.sends.append("accepted")
    stage.slack.looks.extend([denial] * 1_000)
    stage.owe(intent(key="k"))
    dispatcher = stage.dispatcher()
    stage.run(dispatcher, 119)
    assert stage.row("k").status == "unknown"
    with caplog.at_level(logging.ERROR):
        stage.run(dispatcher, 15)
    assert (stage.row("k").status, stage.slack.count("send")) == ("dead", 1)
    assert stage.row("k").said.startswith("It may have arrived: Slack could not be asked")
    assert "could not be delivered" in caplog.text


def test_what_is_given_up_keeps_nothing_back(stage: Stage) -> None:
    """The rest of its episode goes on."""
    stage.slack.sends.append("lost")
    stage.slack.looks.extend(["refused"] * 1_000)
    stage.owe(intent(seq=1), intent(seq=2))
    stage.run(stage.dispatcher(), 130)
    assert [each.seq for each in stage.slack.standing()] == [2]


@pytest.mark.parametrize("silence", ["lost", "down"])
@pytest.mark.parametrize("priority", [0, 2])
def test_nothing_is_given_up_because_the_channel_is_down(stage: Stage, silence: str, priority: int) -> None:
    """Slack is away for 20 min just as a message is sent: it is there once, at the latest 10 s after Slack is."""
    stage.slack.sends.append("accepted")
    stage.slack.always = silence
    stage.owe(intent("e1", priority=priority), intent("e2"))
    dispatcher = stage.dispatcher()
    stage.run(dispatcher, 1_200, step_s=1)
    stage.slack.always = "well"
    stage.run(dispatcher, 10)
    assert sorted(stage.slack.seen()) == ["slack.e1.1", "slack.e2.1"]
    assert stage.statuses() == {"done"}


def test_the_budget_counts_from_the_attempt_that_is_in_doubt(stage: Stage) -> None:
    """Time in which the channel surely took nothing is none in which a message is in doubt."""
    stage.slack.always = "down"
    stage.owe(intent(key="k", priority=0))
    dispatcher = stage.dispatcher()
    stage.run(dispatcher, 600)
    stage.slack.always, stage.slack.sends, stage.slack.looks = (
        "well",
        type(stage.slack.sends)(["accepted"]),
        type(stage.slack.looks)(["lost"]),
    )
    stage.run(dispatcher, 30)
    assert (stage.slack.seen(), stage.tally.outcomes["repeated"]) == (["k"], 0)


def test_a_repeat_that_is_put_off_is_still_in_doubt(stage: Stage) -> None:
    """An earlier attempt does not become certain by a later one that was surely not taken."""
    stage.slack.sends.extend(["accepted", "later 5"])
    stage.slack.looks.extend(["refused"] * 6)
    stage.owe(intent(key="k", priority=0))
    stage.run(stage.dispatcher(), 120)
    assert stage.slack.seen() == ["k"]


def test_a_successor_looks_first(stage: Stage) -> None:
    """A process that died while sending leaves doubt to the next, which starts when the lease is over."""

    def killed(name: str) -> None:
        if name == "after_send_before_mark":
            raise Killed(name)

    stage.owe(intent(key="k"))
    with pytest.raises(Killed):
        stage.dispatcher(failpoint=killed).once("slack")
    successor = stage.dispatcher("second")
    stage.clock.advance(LEASE_S - 1)
    assert not successor.once("slack")
    stage.clock.advance(1)
    stage.run(successor)
    assert [call.method for call in stage.slack.calls] == ["send", "look"]
    assert (stage.slack.seen(), stage.row("k").owner) == (["k"], "second")


def test_what_can_be_sent_twice_is_not_looked_up(stage: Stage) -> None:
    """A pager knows its own keys: it is told again until it takes it, and never asked, swept or given up."""
    stage.pager.sends.extend(["accepted", "lost", "odd", "later 2", "down", "accepted"])
    stage.owe(intent(key="k", target="pagerduty", kind="trigger"))
    stage.run(stage.dispatcher(), 2_000, target="pagerduty", step_s=5)
    assert (stage.pager.incidents(), stage.row("k").status) == (["k"], "done")
    assert {call.method for call in stage.pager.calls} == {"send"}
