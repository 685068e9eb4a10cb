"""What alerts' buttons carry, and that nobody else can make it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import Slack
from bot.slack.alert_value import CHOICES, Pointed, pointed, secret_of, value_of

SECRET = secret_of(Slack(bot_token="xoxb-test", signing_secret="s3cret", home_channel="C1"))
ID = "00c0ffee00c0ffee"


@pytest.mark.parametrize("choice", ["", *CHOICES])
def test_a_value_points_at_its_episode(choice: str) -> None:
    """What the bot wrote it reads again: the episode, the version that was seen, the choice."""
    assert pointed(SECRET, value_of(SECRET, ID, 7, choice)) == Pointed(ID, 7, choice)


def test_the_mark_is_the_one_that_is_agreed() -> None:
    """Sixteen digits of an HMAC over episode and version, whatever the choice."""
    assert value_of(b"key", ID, 1) == f"{ID}.1.7f7842287943c3a2"
    assert value_of(b"key", ID, 1, "1h") == f"{ID}.1.7f7842287943c3a2.1h"


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.replace(".7.", ".8."),
        lambda value: "11c0ffee00c0ffee" + value[16:],
        lambda value: value[:-1] + ("0" if value[-1] != "0" else "1"),
        lambda value: value.upper(),
        lambda value: value + ".forever",
        lambda value: value + "\n",
        lambda value: value.replace(".7.", ".07."),
        lambda value: value.replace(".7.", ".٧."),
    ],
)
def test_a_changed_value_points_at_nothing(change: object) -> None:
    """Another episode, another version or another choice than the bot offered is refused."""
    assert callable(change)
    assert pointed(SECRET, change(value_of(SECRET, ID, 7))) is None


@given(st.text())
def test_any_text_points_at_nothing(text: str) -> None:
    """Whatever comes back from Slack is read without harm."""
    assert pointed(SECRET, text) is None


def test_each_workspace_has_its_own_marks() -> None:
    """A value of another bot's is worthless here; in Socket Mode the token takes the signing secret's place."""
    socket = secret_of(Slack(bot_token="xoxb-test", app_token="xapp-1", home_channel="C1"))
    assert socket != SECRET
    assert pointed(socket, value_of(SECRET, ID, 7)) is None
