"""Payloads become bounded values or are unreadable, never something in between."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.heard import Command, Mention, Place, Press, Submission
from bot.slack.payloads import MAX_TEXT, Unreadable, heard_command, heard_mention, heard_press, heard_submission, without
from tests.slack.wire import command, mention, press

NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*command(), *mention(), *press(), "id"]), inner),
    max_leaves=20,
)


def test_a_command_is_read_whole() -> None:
    """Every field that the desk needs comes from where Slack puts it."""
    heard = heard_command(command("checkout 6h"))
    assert heard == Command(
        text="checkout 6h",
        user="U0ANNA",
        team="T0SHOP",
        place=Place("C0HOME", "eng-commerce"),
        response_url="https://hooks.slack.com/commands/T0SHOP/1/abc",
    )


def test_a_mention_outside_threads_begins_one() -> None:
    """The answer hangs below the message that asked for it."""
    heard = heard_mention(mention(), "U0PAYBOT")
    assert heard is not None
    assert heard.place.thread_ts == mention()["event"]["ts"]


def test_a_mention_in_a_thread_keeps_its_thread() -> None:
    """The words come without the bot's name, the place with the thread."""
    heard = heard_mention(mention(thread_ts="1700000000.000100"), "U0PAYBOT")
    assert heard == Mention("checkout 1h", "U0ANNA", "T0SHOP", Place("C0INC", thread_ts="1700000000.000100"))


def test_a_press_is_read_from_its_message() -> None:
    """Action, value, message and whether only the presser sees it."""
    heard = heard_press(press(trigger_id="7.2.abc"))
    assert heard == Press(
        action="answer.range.wider",
        value="checkout 24h",
        user="U0ANNA",
        team="T0SHOP",
        place=Place("C0HOME", "eng-commerce"),
        ts="111.222",
        response_url="https://hooks.slack.com/actions/T0SHOP/1/abc",
        trigger="7.2.abc",
    )


def test_a_menu_s_choice_is_its_value() -> None:
    """A select menu gives its value in another place than a button."""
    chosen = {"type": "static_select", "action_id": "answer.range", "selected_option": {"value": "checkout 7d"}}
    assert heard_press(press(actions=[chosen])).value == "checkout 7d"


def test_a_press_on_a_private_line_says_so() -> None:
    """Only response_url can edit a message that one person sees."""
    container = {"message_ts": "1.2", "channel_id": "D0ANNA", "thread_ts": "1.1", "is_ephemeral": True}
    heard = heard_press(press(container=container))
    assert (heard.ephemeral, heard.place.thread_ts) == (True, "1.1")


@pytest.mark.parametrize("sign", [{"bot_id": "B0OTHER"}, {"edited": {"user": "U0ANNA"}}, {"subtype": "bot_message"}])
def test_bots_and_edits_are_not_answered(sign: dict[str, Any]) -> None:
    """A bot that names us starts no loop, and an edit asks nothing again."""
    assert heard_mention(mention(**sign), "U0PAYBOT") is None


@pytest.mark.parametrize(
    ("bot", "words", "left"),
    [
        ("U0PAYBOT", "<@U0PAYBOT> checkout 1h", "checkout 1h"),
        ("U0PAYBOT", "hey <@U0PAYBOT|paybot> checkout", "hey   checkout"),
        ("U0PAYBOT", "<@U0BEN> <@U0PAYBOT> checkout", "<@U0BEN>   checkout"),
        ("U0PAYBOT", "checkout for <@U0BEN>", "checkout for <@U0BEN>"),
        ("", "<@U0PAYBOT> checkout <@U0BEN>", "checkout <@U0BEN>"),
    ],
)
def test_only_the_bot_s_own_mention_is_taken_out(bot: str, words: str, left: str) -> None:
    """Other people's mentions stay in the text, for the parser to judge."""
    assert without(bot, words) == left


@pytest.mark.parametrize(
    "changed",
    [
        {"user_id": "U0<!channel>"},
        {"user_id": ""},
        {"channel_id": "../C0HOME"},
        {"team_id": "t0shop"},
        {"response_url": "file:///etc/passwd"},
        {"response_url": "https://hooks.slack.com/a b"},
        {"channel_id": "C" + "A" * 10_000},
    ],
)
def test_an_id_of_another_shape_makes_a_payload_unreadable(changed: dict[str, str]) -> None:
    """What goes into URLs and messages later has the shape of what it says it is."""
    with pytest.raises(Unreadable):
        heard_command(command(**changed))


def test_long_texts_are_cut() -> None:
    """100 kB of text do not travel through the bot."""
    heard = heard_command(command("x" * 100_000, channel_name="y" * 1_000))
    assert (len(heard.text), len(heard.place.name)) == (MAX_TEXT, 80)
    assert len(heard_press(press(actions=[{"action_id": "answer.csv", "value": "z" * 9_999}])).value) == 2_000


def test_a_form_is_read_with_what_was_kept_in_it() -> None:
    """Its only input, whatever its block is called; the workspace from the person where Slack names no other."""
    view = {"private_metadata": "kept", "state": {"values": {"b1": {"a1": {"value": "45m"}}}}}
    body = {"user": {"id": "U0ANNA", "team_id": "T0SHOP"}, "team": None, "view": view}
    assert heard_submission(body) == Submission("45m", "kept", "U0ANNA", "T0SHOP")


def test_an_empty_form_is_empty() -> None:
    """What is wrong with that is the desk's to say."""
    body = {"user": {"id": "U0ANNA", "team_id": "T0SHOP"}, "view": {"state": {"values": {"b1": {"a1": {"value": None}}}}}}
    assert heard_submission(body) == Submission("", "", "U0ANNA", "T0SHOP")


@given(st.dictionaries(st.sampled_from(["view", *command(), *mention(), *press()]), NESTED))
def test_no_json_makes_the_readers_fail_otherwise(body: dict[str, Any]) -> None:
    """Any JSON is a value, nothing, or unreadable."""
    for read in (heard_command, heard_press, heard_submission, lambda payload: heard_mention(payload, "U0PAYBOT")):
        try:
            read(body)
        except Unreadable:
            continue
