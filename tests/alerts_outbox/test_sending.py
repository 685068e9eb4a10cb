"""What is owed is sent, once, in order, and whatever the channel says of it is kept."""

from __future__ import annotations

import logging

import pytest

from tests.alerts_outbox.stage import Stage, intent


def test_what_is_owed_is_sent_once(stage: Stage) -> None:
    """A sent intent is done, keeps what it is called there, and is never sent again."""
    stage.owe(intent(key="k"))
    dispatcher = stage.dispatcher()
    assert dispatcher.once("slack")
    assert not dispatcher.once("slack")
    assert (stage.row("k").status, stage.row("k").remote_id, stage.slack.seen()) == ("done", "0000", ["k"])
    assert stage.tally.outcomes == {"sent": 1}


def test_a_first_attempt_asks_nothing(stage: Stage) -> None:
    """Only doubt is worth a question."""
    stage.owe(intent())
    stage.run(stage.dispatcher(), 1_000, step_s=10)
    assert stage.slack.count("look") == 0


def test_the_most_urgent_goes_first(stage: Stage) -> None:
    """Of what waits, priority 0 leads."""
    stage.owe(*(intent(f"e{number}", priority=number % 3, key=f"p{number % 3}.{number}") for number in range(6)))
    stage.run(stage.dispatcher())
    assert [key[:2] for key in stage.slack.seen()] == ["p0", "p0", "p1", "p1", "p2", "p2"]


def test_an_episode_is_told_in_order(stage: Stage) -> None:
    """Nothing of an episode overtakes what is owed before it, even if that has to wait."""
    stage.slack.sends.extend(["lost", "well", "later 3"])
    stage.owe(intent(seq=1, priority=2), intent(seq=2, priority=0), intent(seq=3, priority=1))
    stage.run(stage.dispatcher(), 60)
    assert [made.seq for made in stage.slack.standing()] == [1, 2, 3]


@pytest.mark.parametrize("failure", ["down", "lost", "later 2", "odd"])
def test_what_always_fails_keeps_nothing_else_back(stage: Stage, failure: str) -> None:
    """An intent that fails each time, urgent as it may be, lets the others through, and is still tried."""
    stage.slack.failing = {"bad": failure}
    stage.owe(intent("e0", priority=0, key="bad"), *(intent(f"e{number}") for number in range(1, 21)))
    stage.run(stage.dispatcher(), 60)
    assert (len(stage.slack.seen()), stage.row("bad").status in {"new", "unknown"}) == (20, True)
    assert stage.slack.calls[-1].key == "bad"


def test_a_refusal_is_final_and_seen(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """What a channel will never take is dead, in the channel's words, and an error in the logs; the rest goes on at once."""
    stage.slack.sends.append("refused")
    stage.owe(intent(seq=1, key="k"), intent(seq=2, key="next"))
    with caplog.at_level(logging.ERROR):
        stage.run(stage.dispatcher())
    assert (stage.row("k").status, stage.row("k").said) == ("dead", "it was refused")
    assert (stage.slack.seen(), "could not be delivered" in caplog.text) == (["next"], True)


def test_what_a_channel_must_not_raise_is_doubt(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """A fault of a channel's own code is kept as its type alone, with its traceback in the logs, and the intent is not lost."""
    stage.slack.sends.append("odd")
    stage.owe(intent(key="k"))
    stage.dispatcher().once("slack")
    assert (stage.row("k").status, stage.row("k").said) == ("unknown", "Slack could not be used (KeyError, logged)")
    assert "Traceback" in caplog.text
    stage.run(stage.dispatcher("second"), 30)
    assert stage.slack.seen() == ["k"]


def test_one_message_says_all_that_was_owed_before_it(stage: Stage) -> None:
    """Shows of an episode that waited behind one that is sent need no sending: it is rendered as the episode stands."""
    stage.owe(intent(seq=1, kind="show"), intent(seq=2, kind="chart"), intent(seq=3, kind="show"), intent(seq=4, kind="note"))
    stage.owe(intent("e2", kind="show"))
    stage.run(stage.dispatcher())
    assert sorted(stage.slack.seen()) == ["slack.e1.1", "slack.e1.2", "slack.e1.4", "slack.e2.1"]
    assert (stage.statuses(), stage.tally.outcomes) == ({"done"}, {"sent": 4, "covered": 1})


def test_a_covered_show_is_where_the_message_is(stage: Stage) -> None:
    """A show that needed no sending points at the message that says it."""
    stage.owe(intent(seq=1, kind="show", key="a"), intent(seq=2, kind="show", key="b"))
    stage.run(stage.dispatcher())
    assert stage.row("a").remote_id == stage.row("b").remote_id == "0000"


def test_what_changes_while_a_message_is_made_is_shown(stage: Stage) -> None:
    """A change that comes after rendering began is sent, though both have the same time."""
    stage.slack.during = lambda sent: stage.owe(intent(seq=2, kind="show")) if sent.seq == 1 else None
    stage.owe(intent(seq=1, kind="show"))
    stage.run(stage.dispatcher())
    assert [made.seq for made in stage.slack.standing()] == [1, 2]


def test_a_show_that_failed_covers_nothing(stage: Stage) -> None:
    """What may not have been said is not taken as said."""
    stage.slack.sends.append("refused")
    stage.owe(intent(seq=1, kind="show"), intent(seq=2, kind="show"))
    stage.run(stage.dispatcher(), 5)
    assert [made.seq for made in stage.slack.standing()] == [2]


def test_a_message_found_covers_nothing(stage: Stage) -> None:
    """A message that an earlier attempt made shows the episode as it stood then: what changed since is sent."""
    stage.slack.sends.append("accepted")
    stage.owe(intent(seq=1, kind="show"))
    dispatcher = stage.dispatcher()
    stage.run(dispatcher)
    stage.owe(intent(seq=2, kind="show"))
    stage.run(dispatcher, 5)
    assert [(made.seq, made.shows) for made in stage.slack.standing()] == [(1, 1), (2, 2)]
