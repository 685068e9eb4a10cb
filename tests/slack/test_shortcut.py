"""The message shortcut: which time is meant, and where its answer goes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.manifest import SHORTCUT, manifest
from bot.people import Change, People, Settings
from bot.slack.desk import BUSY, Tools
from bot.slack.heard import Place, Shortcut
from bot.slack.shortcut import NO_TIME, THEN, TO_COME, TOO_OLD, ask_around, window_around
from commands.args import BadInput
from tests.fakes import NOW
from tests.slack.fake_chat import FakeChat
from tests.slack.test_desk import INCIDENT, URL, DirectPool, Office, words
from tests.slack.test_listeners import acked, listening
from tests.slack.wire import FakeDesk, interactive, shortcut


def ts_of(at: datetime) -> str:
    return f"{at.timestamp():.6f}"


HOUR_AGO = ts_of(NOW - timedelta(hours=1))


def use(office: Office, ts: str = HOUR_AGO, thread_ts: str = "", channel: str = INCIDENT) -> None:
    office.desk().shortcut(Shortcut(ts, "U1", "T1", Place(channel, thread_ts=thread_ts or ts), URL))


class Alone:
    """Everybody has set that answers are for them alone."""

    def load(self, team: str, user: str) -> Settings:
        return Settings(only_me=True)

    def change(self, team: str, user: str, change: Change) -> Settings:
        return self.load(team, user)


# --- the time ---


def test_it_looks_from_45_minutes_before_to_15_after() -> None:
    """The range is named by the minute of the message, and can be asked again by its text."""
    found = window_around(ts_of(NOW - timedelta(hours=2, seconds=-59)), NOW, "UTC")
    assert (found.end - found.start, found.end) == (timedelta(hours=1), NOW - timedelta(minutes=105))
    assert (found.words, found.text) == ("around 12:00", "2026-11-22 11:15..12:15")


def test_what_is_still_to_come_is_cut_off() -> None:
    """Of a message that was written just now there is only what came before it."""
    found = window_around(ts_of(NOW + timedelta(seconds=20)), NOW, "UTC")
    assert (found.start, found.end) == (NOW - timedelta(minutes=45), NOW)
    assert found.text == "2026-11-22 13:15..14:00"


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (timedelta(hours=1), "around 14:00"),
        (timedelta(days=1), "around Sat 21 Nov 15:00"),
        (timedelta(days=400), "around Sat 18 Oct 16:00, 2025"),
    ],
)
def test_the_time_is_the_asker_s_with_its_day_where_that_is_another(before: timedelta, said: str) -> None:
    """The hour on the asker's own clock, in summer time too."""
    assert window_around(ts_of(NOW - before), NOW, "Europe/Berlin").words == said


def test_in_the_hour_that_comes_twice_the_right_one_is_meant() -> None:
    """On the night of the change of clocks the range is still the hour around the message."""
    at = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)  # 02:30 in Berlin for the second time
    found = window_around(ts_of(at), NOW, "Europe/Berlin")
    assert (found.start, found.end) == (at - timedelta(minutes=45), at + timedelta(minutes=15))


@pytest.mark.parametrize(
    ("ts", "said"),
    [
        ("", NO_TIME),
        ("yesterday", NO_TIME),
        ("0.0", NO_TIME),
        ("1795000000", NO_TIME),
        ("١٧٩٥٠٠٠٠٠٠.000200", NO_TIME),
        ("12.5", TOO_OLD),
        (ts_of(NOW - timedelta(days=457)), TOO_OLD),
        (ts_of(NOW + timedelta(hours=1)), TO_COME),
        ("999999999999.999999", TO_COME),
    ],
)
def test_a_time_that_is_none_or_cannot_be_asked_about_is_a_sentence(ts: str, said: str) -> None:
    """Bad forms, 1970, the future and what no source keeps any more: the asker reads which it is, and nothing is posted."""
    office = Office()
    use(office, ts)
    assert [line.replace("\u00a0", " ") for line in words(office.chat.private)] == [said]
    assert office.chat.posted == []


@given(
    st.one_of(st.text(max_size=30), st.floats(0, 4e9).map(lambda at: f"{at:.6f}")), st.sampled_from(["UTC", "Asia/Kolkata", "?"])
)
def test_any_ts_gives_a_past_window_or_a_sentence(ts: str, zone: str) -> None:
    """At least 15 minutes, at most an hour, never in the future; anything else is BadInput."""
    found, said = None, ""
    try:
        found = window_around(ts, NOW, zone)
    except BadInput as error:
        said = str(error)
    assert found or said in {NO_TIME, TO_COME, TOO_OLD}
    assert found is None or (timedelta(minutes=15) <= found.length <= timedelta(hours=1) and found.end <= NOW)


def test_messages_of_one_minute_share_a_question() -> None:
    """Equal questions share one run, so those about messages of one minute are equal."""
    first, second = (ask_around(ts_of(NOW - timedelta(hours=1, seconds=-at)), NOW, "UTC", "prod") for at in (3, 58))
    assert first == second


# --- the answer ---


def test_the_answer_stands_in_the_message_s_thread() -> None:
    """The overview, once, in the channel of the message and nowhere else; its first line says around when."""
    office = Office()
    use(office)
    assert [(said.where, said.thread_ts) for said in office.chat.posted] == [(INCIDENT, HOUR_AGO)]
    assert words(office.chat.posted)[0].endswith("(around 13:00).")
    assert office.chat.private == []


def test_in_a_thread_it_stays_in_that_thread() -> None:
    """A message that is an answer itself begins no thread of its own."""
    office = Office()
    use(office, thread_ts="1795000000.000100")
    assert office.chat.posted[0].thread_ts == "1795000000.000100"


@pytest.mark.parametrize("code", ["not_in_channel", "channel_not_found", "is_archived"])
def test_where_the_bot_cannot_post_the_asker_reads_it_in_words(code: str) -> None:
    """By the shortcut's response_url, without the picture, and with why."""
    office = Office(FakeChat(refuses={INCIDENT: code}))
    use(office)
    (said,) = office.chat.private
    assert said.where == URL
    assert not said.pictures()
    shown = json.dumps(said.message.blocks, ensure_ascii=False)
    assert "channel" in shown
    assert "(around 13:00)" in said.text


def test_who_wants_answers_alone_gets_this_one_alone() -> None:
    """As App Home promises it to them: in the thread, and nobody else sees it."""
    office = Office(tools=Tools(people=People(Alone())))
    use(office)
    assert office.chat.posted == []
    assert [(said.where, said.user, said.thread_ts) for said in office.chat.private] == [(INCIDENT, "U1", HOUR_AGO)]


def test_a_full_pool_says_so() -> None:
    """The acknowledgement has no words, so the line comes by the response_url."""
    office = Office(pool=DirectPool(full=True))
    desk = office.desk()
    desk.shortcut(Shortcut(HOUR_AGO, "U1", "T1", Place(INCIDENT, thread_ts=HOUR_AGO), URL))
    desk.stop(5)
    assert (words(office.chat.private), office.chat.posted) == ([BUSY], [])


# --- the payload ---


def test_the_payload_reaches_the_desk_and_is_acknowledged_without_a_word() -> None:
    """Who, where, which message; Slack shows nothing for it."""
    desk = FakeDesk()
    assert acked(listening(desk), interactive(shortcut())) == {}
    place = Place("C0INC", "incident", "1795000000.000200")
    assert desk.heard == [Shortcut("1795000000.000200", "U0ANNA", "T0SHOP", place, "https://hooks.slack.com/app/T0SHOP/1/abc")]


def test_of_an_answer_in_a_thread_the_thread_is_heard() -> None:
    """The message's own thread_ts names it."""
    desk = FakeDesk()
    message = {"type": "message", "ts": "1795000000.000200", "thread_ts": "1794000000.000100", "text": "…"}
    acked(listening(desk), interactive(shortcut(message=message)))
    assert [heard.place.thread_ts for heard in desk.heard if isinstance(heard, Shortcut)] == ["1794000000.000100"]


def test_what_slack_brings_again_runs_once() -> None:
    """The same trigger a second time is acknowledged, and nothing else."""
    desk = FakeDesk()
    handle, body = listening(desk), interactive(shortcut())
    for _ in range(3):
        acked(handle, body)
    assert len(desk.heard) == 1


def test_other_shortcuts_are_nobody_s() -> None:
    """A callback that paybot does not have is acknowledged, and nothing happens."""
    desk = FakeDesk()
    assert acked(listening(desk), interactive(shortcut(callback_id="other"))) == {}
    assert desk.heard == []


def test_a_time_in_another_form_still_reaches_the_desk() -> None:
    """A person is told what is wrong with it, so it must not be lost on the way; its length is bounded."""
    desk = FakeDesk()
    acked(listening(desk), interactive(shortcut(message_ts="9" * 5_000, message={})))
    assert [(len(heard.ts), heard.place.thread_ts) for heard in desk.heard if isinstance(heard, Shortcut)] == [(40, "")]


def test_the_manifest_has_it_within_slack_s_limits() -> None:
    """A name of 24 characters at most, for messages, with the callback that is listened to."""
    made = yaml.safe_load(manifest())["features"]["shortcuts"]
    assert [(each["name"], each["type"], each["callback_id"]) for each in made] == [(SHORTCUT, "message", THEN)]
    assert len(SHORTCUT) <= 24
    assert len(made[0]["description"]) <= 150
