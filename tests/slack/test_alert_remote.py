"""How alerts reach Slack: over real HTTP, against a Slack that keeps its messages and fails as told."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from bot.alerts.episode import Episode
from bot.alerts.intent import Intent, Kind, SendError
from bot.config import Slack
from bot.slack.alert_remote import MOST_REDRAWN, Book, Forms, SlackAlerts, Ways
from bot.slack.delivery import Delivery
from tests.slack.fake_slack import NOT_READY, FakeSlack, Kept, Reply, error, fake_slack, slow_down
from tests.slack.test_alert_message import HOW, NOW, RATE

PNG = b"\x89PNG"
LOST = (
    Reply(drop=True, accepted=True),
    Reply(500, b"", accepted=True),
    Reply(200, {"ok": False, "error": "internal_error"}, accepted=True),
    Reply(200, {"ok": False, "error": "fatal_error"}, accepted=True),
    Reply(200, {"ok": False, "error": "service_unavailable"}, accepted=True),
)


@dataclass
class Shelf:
    """Episodes in a dictionary, changed as the remote says."""

    episodes: dict[str, Episode] = field(default_factory=lambda: {RATE.id: RATE})

    def change(self, known_as: str = RATE.id, **changes: Any) -> None:
        self.episodes[known_as] = replace(self.episodes[known_as], **changes)

    def bundle(self, known_as: str) -> tuple[Episode, ...]:
        return tuple(each for each in self.episodes.values() if each.extra.get("bundle") == known_as)

    def book(self) -> Book:
        return Book(
            episode_of=self.episodes.get,
            bundle_of=self.bundle,
            placed=lambda known_as, channel, ts: self.change(known_as, channel=channel, ts=ts),
            charted=lambda known_as, file: self.change(known_as, chart=file),
            open_now=lambda: tuple(each for each in self.episodes.values() if each.closed is None),
        )


@dataclass
class Rig:
    """A remote, its Slack, and what it knows and tells."""

    slack: FakeSlack
    shelf: Shelf
    remote: SlackAlerts
    token_bad: list[bool]

    def show(self, key: str = "k1", **changes: Any) -> str:
        return self.remote.send(intent(key=key, **changes))

    def standing(self) -> Kept:
        (only,) = [kept for kept in self.slack.messages if not kept.thread_ts]
        return only

    def failing(self, wanted: Intent) -> SendError:
        with pytest.raises(SendError) as caught:
            self.remote.send(wanted)
        return caught.value


def intent(kind: Kind = "show", key: str = "k1", **changes: Any) -> Intent:
    return replace(Intent(key=key, episode=RATE.id, seq=1, target="slack", kind=kind, created=NOW), **changes)


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with fake_slack() as running:
        running.second = int(NOW.timestamp())
        yield running


@pytest.fixture
def make(slack: FakeSlack) -> Callable[..., Rig]:
    def made(channel: str = "C1", now: Callable[[], datetime] = lambda: NOW, **ways: Any) -> Rig:
        shelf, token_bad = Shelf(), list[bool]()
        settings = Slack(bot_token="xoxb-test", api_url=slack.url, home_channel="CHOME")
        chat = Delivery(settings, now=slack.clock.now, sleep=slack.clock.sleep)
        forms = Forms(how=HOW, now=now, name={"U0DANA": "Dana Weber"}.__getitem__)
        timing: dict[str, Any] = {"seconds": slack.clock.now, "sleep": slack.clock.sleep, "token_bad": token_bad.append}
        return Rig(
            slack,
            shelf,
            SlackAlerts(chat, shelf.book(), forms, Ways(channel=channel, fallback="CHOME", **{**timing, **ways})),
            token_bad,
        )

    return made


@pytest.fixture
def rig(make: Callable[..., Rig]) -> Rig:
    return make()


# --- a message and its edits ------------------------------------------------------------------------------------------


def test_an_episode_is_posted_once_and_edited_where_it_stands(rig: Rig) -> None:
    """One message tells the whole life of an alert, and the store knows where it stands."""
    first = rig.show()
    rig.shelf.change(handling="acked", acked_by="U0DANA")
    assert rig.show("k2") == first == f"C1/{rig.standing().ts}"
    assert "acknowledged by Dana Weber" in rig.standing().text
    assert (rig.shelf.episodes[RATE.id].channel, rig.shelf.episodes[RATE.id].ts) == ("C1", rig.standing().ts)


def test_a_post_bears_its_intents_key_and_nothing_else(rig: Rig) -> None:
    """Metadata can be read by others: it holds the opaque key alone."""
    rig.show()
    assert rig.standing().fields["metadata"] == {"event_type": "paybot_alert", "event_payload": {"key": "k1"}}


@pytest.mark.parametrize("lost", LOST)
def test_a_post_whose_answer_is_lost_is_unknown_and_then_found(rig: Rig, lost: Reply) -> None:
    """What Slack took without saying so is looked up, adopted, and never posted twice."""
    rig.slack.script["chat.postMessage"] = [lost]
    assert rig.failing(intent()).outcome == "unknown"
    assert rig.remote.look(intent(status="unknown", first_try=NOW)) == (f"C1/{rig.standing().ts}",)
    assert rig.shelf.episodes[RATE.id].ts == rig.standing().ts
    assert len(rig.slack.made("chat.postMessage")) == 1


def test_what_never_arrived_is_not_found(rig: Rig) -> None:
    """An empty look-up is certain: then it may be sent."""
    rig.slack.script["chat.postMessage"] = [Reply(drop=True)]
    assert rig.failing(intent()).outcome == "unknown"
    assert rig.remote.look(intent(status="unknown", first_try=NOW)) == ()


@pytest.mark.parametrize("code", ["missing_scope", "not_in_channel", "internal_error", "ratelimited", "token_revoked"])
def test_a_look_up_that_is_refused_leaves_it_unknown(rig: Rig, code: str) -> None:
    """Who cannot look does not say that nothing is there."""
    rig.slack.script["conversations.history"] = [slow_down(Retry_After="9") if code == "ratelimited" else error(code)] * 2
    with pytest.raises(SendError) as caught:
        rig.remote.look(intent(status="unknown", first_try=NOW))
    assert (caught.value.outcome, caught.value.code) == ("unknown", code)
    assert round(caught.value.after_s) == {"ratelimited": 9, "token_revoked": 60}.get(code, 0)


def test_an_edit_that_is_lost_is_sent_again(rig: Rig) -> None:
    """Setting the same message twice does no harm, so nobody has to look."""
    rig.show()
    for lost in LOST:
        rig.slack.script["chat.update"] = [lost]
        assert rig.failing(intent(key="k2")).outcome == "later"
    rig.show("k2")
    assert rig.standing().edits == 6


def test_a_full_channel_comes_back_at_once(rig: Rig) -> None:
    """The outbox waits, not the thread: a 429 tells how long."""
    rig.slack.script["chat.postMessage"] = [slow_down(Retry_After="17")]
    start = rig.slack.clock.at
    failure = rig.failing(intent())
    assert (failure.outcome, round(failure.after_s), rig.slack.clock.at) == ("later", 17, start)


def test_the_usual_pace_is_kept_without_a_word(make: Callable[..., Rig]) -> None:
    """A second between messages is no failure that would be counted."""
    rig = make()
    for number in range(5):
        rig.shelf.change(ts="", channel="")
        rig.show(f"k{number}")
    assert len(rig.slack.messages) == 5


def test_a_repeat_says_that_it_may_be_one(rig: Rig) -> None:
    """What is urgent and cannot be looked up goes out again, marked."""
    rig.show(payload={"may_repeat": "1"})
    assert "This may be a repeat" in str(rig.standing().blocks)


def test_an_unknown_episode_is_refused(rig: Rig) -> None:
    """An alert that the store has forgotten has nothing to show."""
    assert rig.failing(intent(episode="f" * 16)).outcome == "refused"


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["not_in_channel", "channel_not_found", "is_archived", "restricted_action", "a_new_word"])
def test_what_the_channel_does_not_take_goes_to_the_fallback(rig: Rig, code: str) -> None:
    """The alert is not lost; it says why it stands there, and stays there."""
    rig.slack.refuses["C1"] = code
    assert rig.show().startswith("CHOME/")
    assert "This belongs in another channel, which did not take it" in str(rig.standing().blocks)
    rig.show("k2")
    assert rig.standing().edits == 1


def test_where_no_channel_takes_it_the_alert_is_given_up(rig: Rig) -> None:
    """Once to the fallback and no further: then the outbox shows it as dead."""
    rig.slack.refuses |= {"C1": "is_archived", "CHOME": "not_in_channel"}
    failure = rig.failing(intent())
    assert (failure.outcome, failure.code, len(rig.slack.calls)) == ("refused", "not_in_channel", 2)


def test_without_another_channel_it_is_given_up_at_once(make: Callable[..., Rig]) -> None:
    """The home channel is its own fallback."""
    rig = make(channel="CHOME")
    rig.slack.refuses["CHOME"] = "is_archived"
    assert rig.failing(intent()).outcome == "refused"
    assert len(rig.slack.calls) == 1


def test_a_channel_that_was_closed_since_loses_no_edit(rig: Rig) -> None:
    """The alert goes on in the fallback channel."""
    rig.show()
    rig.slack.refuses["C1"] = "is_archived"
    assert rig.show("k2").startswith("CHOME/")
    assert rig.shelf.episodes[RATE.id].channel == "CHOME"


@pytest.mark.parametrize("code", ["message_not_found", "cant_update_message", "edit_window_closed"])
def test_a_message_that_is_gone_is_replaced_once(rig: Rig, code: str) -> None:
    """Somebody deleted it: the same episode has a new message, which later edits change."""
    rig.show()
    rig.slack.script["chat.update"] = [error(code)]
    rig.slack.remove(rig.standing().ts)
    place = rig.show("k2")
    assert rig.show("k3") == place == f"C1/{rig.standing().ts}"
    assert len(rig.slack.made("chat.postMessage")) == 2


def test_a_replacement_that_was_lost_is_found(rig: Rig) -> None:
    """Its key tells that it is there: no loop of messages."""
    rig.show()
    rig.slack.remove(rig.standing().ts)
    rig.slack.script["chat.postMessage"] = [Reply(drop=True, accepted=True)]
    assert rig.failing(intent(key="k2")).outcome == "unknown"
    assert rig.remote.look(intent(key="k2", status="unknown", first_try=NOW)) == (f"C1/{rig.standing().ts}",)
    assert rig.shelf.episodes[RATE.id].ts == rig.standing().ts


@pytest.mark.parametrize("code", ["msg_too_long", "msg_blocks_too_long", "invalid_blocks"])
def test_a_form_that_slack_does_not_take_goes_out_as_text(rig: Rig, code: str) -> None:
    """The alert is still told, posted and edited."""
    rig.slack.script["chat.postMessage"] = [error(code)]
    rig.show()
    assert (rig.standing().blocks, rig.standing().text.splitlines()[0][:29]) == ([], "Checkout success rate: firing")
    rig.slack.script["chat.update"] = [error(code)]
    rig.show("k2")
    assert rig.standing().blocks == []


@pytest.mark.parametrize("code", ["invalid_auth", "token_revoked", "account_inactive"])
def test_a_bad_token_is_told_and_tried_again(rig: Rig, code: str) -> None:
    """Readiness turns red, and green again with the first call that a new token makes."""
    rig.slack.script["chat.postMessage"] = [error(code)]
    failure = rig.failing(intent())
    assert (failure.outcome, failure.after_s) == ("later", 60.0)
    rig.show()
    rig.slack.script["chat.update"] = [error(code)]
    rig.failing(intent(key="k2"))
    assert rig.token_bad == [True, False, True]


def test_a_slack_that_is_away_is_tried_later(make: Callable[..., Rig]) -> None:
    """Where no connection was made nothing arrived, and nobody has to look."""
    rig = make()
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/api/"
    rig.remote = SlackAlerts(
        Delivery(Slack(bot_token="xoxb-test", api_url=url, home_channel="C1"), sleep=lambda _: None),
        rig.shelf.book(),
        Forms(how=HOW, now=lambda: NOW),
        Ways(channel="C1", fallback="C1"),
    )
    failure = rig.failing(intent())
    assert (failure.outcome, failure.code) == ("later", "unreachable")


def test_a_slow_slack_does_not_outlive_the_lease(make: Callable[..., Rig]) -> None:
    """Where the first answer took too long no further call begins: the intent comes again."""
    times = iter([0.0, 7.0])
    rig = make(seconds=lambda: next(times))
    rig.slack.refuses["C1"] = "is_archived"
    assert rig.failing(intent()).outcome == "later"
    assert rig.slack.messages == []


# --- its thread -------------------------------------------------------------------------------------------------------


def test_a_note_goes_into_the_thread(rig: Rig) -> None:
    """Plain text in, escaped text out; it can be found again there."""
    rig.show()
    wanted = intent("note", "n1", payload={"text": "Resolved by <!channel> & co"})
    place = rig.remote.send(wanted)
    (note,) = [kept for kept in rig.slack.messages if kept.thread_ts]
    assert (note.thread_ts, note.text) == (rig.standing().ts, "Resolved by &lt;\u2060!channel&gt; &amp; co")
    assert rig.remote.look(wanted) == (place,) == (f"C1/{note.ts}",)


def test_a_note_without_a_message_is_refused(rig: Rig) -> None:
    """There is no thread that it could go into."""
    assert rig.failing(intent("note", payload={"text": "x"})).outcome == "refused"
    assert rig.remote.look(intent("note")) == ()


def test_a_thread_that_is_gone_holds_nothing(rig: Rig) -> None:
    """Nothing can stand where the first message was deleted."""
    rig.show()
    rig.slack.remove(rig.standing().ts)
    assert rig.remote.look(intent("note")) == ()


# --- its chart --------------------------------------------------------------------------------------------------------


def chart_of(rig: Rig) -> list[dict[str, Any]]:
    return [block for block in rig.standing().blocks if block["type"] == "image"]


def test_the_chart_follows_into_the_same_message(make: Callable[..., Rig]) -> None:
    """The text is out first; the picture is uploaded once and stays through later edits."""
    rig = make(draw=lambda episode: (PNG, "the rate fell"))
    rig.show()
    assert chart_of(rig) == []
    rig.remote.send(intent("chart", "c1"))
    rig.show("k2")
    assert (rig.shelf.episodes[RATE.id].chart, len(chart_of(rig)), len(rig.slack.made("upload"))) == ("F0123ABCDE", 1, 1)
    assert rig.remote.look(intent("chart", "c1")) == (f"C1/{rig.standing().ts}",)


def test_the_chart_waits_until_slack_can_show_it(make: Callable[..., Rig]) -> None:
    """A file that is not ready is tried again a moment later."""
    rig = make(draw=lambda episode: (PNG, ""))
    rig.show()
    rig.slack.script["chat.update"] = [NOT_READY, NOT_READY]
    rig.remote.send(intent("chart", "c1"))
    assert len(chart_of(rig)) == 1


def failing_draw(episode: Episode) -> tuple[bytes, str] | None:
    raise RuntimeError("no such font")


@pytest.mark.parametrize("draw", [lambda episode: None, failing_draw, lambda episode: (PNG, "")])
def test_a_chart_that_fails_is_no_failure_of_the_alert(make: Callable[..., Rig], draw: Any) -> None:
    """Not drawn, not uploaded, not shown: the message stands, and nothing is owed any more."""
    rig = make(draw=draw)
    rig.show()
    rig.slack.script["files.getUploadURLExternal"] = [error("storage_limit_reached")]
    assert rig.remote.send(intent("chart", "c1")) == f"C1/{rig.standing().ts}"
    assert chart_of(rig) == []


def test_nothing_waits_for_a_chart(make: Callable[..., Rig]) -> None:
    """Charts are drawn in the background, in their own time."""
    jobs: list[Callable[[], None]] = []
    rig = make(draw=lambda episode: (PNG, ""), background=jobs.append)
    rig.show()
    rig.remote.send(intent("chart", "c1"))
    assert (len(jobs), len(rig.slack.made("upload"))) == (1, 0)
    jobs[0]()
    assert len(chart_of(rig)) == 1


def test_a_start_draws_what_was_being_drawn(make: Callable[..., Rig]) -> None:
    """An open alert whose message stands without its chart has it soon after a start; one that has its chart is left alone."""
    ended = make(draw=lambda episode: (PNG, ""), background=lambda job: None)
    ended.show()
    ended.remote.send(intent("chart", "c1"))
    rig = make(draw=lambda episode: (PNG, ""))
    rig.shelf.episodes.update(ended.shelf.episodes)
    rig.remote.resume()
    assert (len(chart_of(rig)), len(rig.slack.made("upload"))) == (1, 1)
    rig.remote.resume()
    assert len(rig.slack.made("upload")) == 1


@pytest.mark.parametrize("changes", [{"extra": {"bundle": "b" * 16}}, {"ts": "", "channel": ""}, {"closed": NOW}])
def test_a_start_draws_nothing_that_has_no_place(make: Callable[..., Rig], changes: dict[str, Any]) -> None:
    """Neither for alerts that share a message, nor where no message stands yet, nor for what is over."""
    rig = make(draw=lambda episode: (PNG, ""))
    rig.show()
    rig.shelf.change(**changes)
    rig.remote.resume()
    assert rig.slack.made("upload") == []


def test_a_start_draws_a_bounded_number(make: Callable[..., Rig]) -> None:
    """After a bad night the newest alerts have their charts, and the sources are not asked for hundreds."""
    jobs: list[Callable[[], None]] = []
    rig = make(background=jobs.append)
    names = [f"{number:016x}" for number in range(50)]
    rig.shelf.episodes = {name: replace(RATE, id=name, channel="C1", ts="1.1") for name in names}
    rig.remote.resume()
    assert len(jobs) == MOST_REDRAWN


class Killed(BaseException):
    """The process ended."""


def killed(seconds: float) -> None:
    """Ends the process in the pause after the first try."""
    if seconds:
        raise Killed


def test_a_chart_that_was_uploaded_but_not_shown_is_drawn_again(make: Callable[..., Rig]) -> None:
    """The store hears of it once the message shows it."""
    ended = make(draw=lambda episode: (PNG, ""), sleep=killed)
    ended.show()
    ended.slack.script["chat.update"] = [NOT_READY]
    with pytest.raises(Killed):
        ended.remote.send(intent("chart", "c1"))
    rig = make(draw=lambda episode: (PNG, ""))
    rig.shelf.episodes.update(ended.shelf.episodes)
    rig.remote.resume()
    assert (len(chart_of(rig)), len(rig.slack.made("upload"))) == (1, 2)


def test_a_message_whose_chart_is_lost_is_edited_without_it(make: Callable[..., Rig]) -> None:
    """A file that somebody deleted costs the picture, not the news."""
    rig = make(draw=lambda episode: (PNG, ""))
    rig.show()
    rig.remote.send(intent("chart", "c1"))
    rig.slack.script["chat.update"] = [error("invalid_blocks")]
    rig.show("k2")
    assert (chart_of(rig), rig.standing().blocks != []) == ([], True)


# --- what was made twice ----------------------------------------------------------------------------------------------


def test_what_was_made_twice_is_withdrawn(rig: Rig) -> None:
    """One message stays, the episode stands there, and it shows the present state."""
    rig.show()
    rig.shelf.change(ts="", channel="")
    second = rig.show()
    rig.shelf.change(handling="acked", acked_by="U0DANA")
    found = rig.remote.look(intent(status="done", first_try=NOW))
    assert found[1] == second
    rig.remote.withdraw(intent(first_try=NOW), found[1])
    assert found[0] == f"C1/{rig.standing().ts}"
    assert rig.shelf.episodes[RATE.id].ts == rig.standing().ts
    assert "acknowledged by Dana Weber" in rig.standing().text
    rig.remote.withdraw(intent(first_try=NOW), found[1])


def test_the_only_message_is_never_withdrawn(rig: Rig) -> None:
    """Better twice than not at all."""
    rig.remote.withdraw(intent(), rig.show())
    assert rig.standing()


def test_a_note_is_withdrawn_as_it_is(rig: Rig) -> None:
    """Of two equal lines one goes."""
    rig.show()
    wanted = intent("note", "n1", payload={"text": "x"})
    rig.remote.send(wanted)
    rig.remote.withdraw(wanted, rig.remote.send(wanted))
    assert len(rig.remote.look(wanted)) == 1


# --- a storm ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def storm(rig: Rig) -> list[Intent]:
    """Twelve episodes that share a message, and what is owed for each."""
    names = [f"{number:016x}" for number in range(12)]
    rig.shelf.episodes = {name: replace(RATE, id=name, extra={"bundle": "b" * 16}) for name in names}
    return [intent(key=f"k{name}", episode=name, payload={"bundle": "b" * 16}) for name in names]


def test_a_storm_is_one_message_and_few_calls(rig: Rig, storm: list[Intent]) -> None:
    """Twelve alerts cost one post; those that change at once cost one edit."""
    assert len({rig.remote.send(each) for each in storm}) == 1
    assert (len(rig.slack.messages), len(rig.slack.made("chat.update"))) == (1, 0)
    for name in rig.shelf.episodes:
        rig.shelf.change(name, phase="closed", closed=NOW + timedelta(minutes=3))
    for each in storm:
        rig.remote.send(replace(each, key=each.key + "r"))
    assert (rig.standing().edits, "0 of them still go on" in str(rig.standing().blocks)) == (1, True)


def test_time_alone_edits_no_storm(rig: Rig, storm: list[Intent], make: Callable[..., Rig]) -> None:
    """However long it takes until each of its alerts has had its turn: a message that would only be older stays."""
    minutes = count()
    aging = make(now=lambda: NOW + timedelta(minutes=next(minutes)))
    aging.shelf.episodes = rig.shelf.episodes
    assert len({aging.remote.send(each) for each in storm}) == 1
    assert aging.slack.made("chat.update") == []


def test_a_storms_message_that_was_lost_is_found_by_all(rig: Rig, storm: list[Intent]) -> None:
    """Whichever of its episodes looks first adopts it for the others."""
    rig.slack.script["chat.postMessage"] = [Reply(drop=True, accepted=True)]
    assert rig.failing(storm[0]).outcome == "unknown"
    assert rig.remote.look(replace(storm[0], status="unknown", first_try=NOW)) == (f"C1/{rig.standing().ts}",)
    assert rig.remote.send(storm[1]) == f"C1/{rig.standing().ts}"
    assert len(rig.slack.messages) == 1


def test_another_replica_does_not_post_the_same_storm(rig: Rig, storm: list[Intent]) -> None:
    """What stands in the channel already is taken for their own, even before the store says so."""
    rig.remote.send(storm[0])
    for name in rig.shelf.episodes:
        rig.shelf.change(name, channel="", ts="")
    rig.remote.send(storm[1])
    assert len(rig.slack.messages) == 1


def test_notes_of_a_storm_are_in_its_message(rig: Rig, storm: list[Intent]) -> None:
    """Hundreds of lines in one thread would tell nothing that the message does not."""
    place = rig.remote.send(storm[0])
    assert rig.remote.send(replace(storm[1], kind="note", payload={"bundle": "b" * 16, "text": "x"})) == place
    assert len(rig.slack.messages) == 1
