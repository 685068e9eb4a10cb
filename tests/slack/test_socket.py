"""Socket Mode against a Slack on loopback: real HTTP for the address, a real WebSocket for the envelopes."""

from __future__ import annotations

import json
import logging

import pytest

from bot.slack.heard import Command, Mention
from bot.slack.socket import pause_s
from tests.slack.socket_slack import HELLO, FakeSlack, envelope, hearing, within
from tests.slack.wire import FakeDesk, command, mention, recorded


def test_a_command_is_acknowledged_with_the_desk_s_line() -> None:
    """The envelope's answer carries what the asker sees."""
    slack, desk = FakeSlack(), FakeDesk()
    with hearing(slack, desk):
        slack.connection().send(envelope("slash_commands", command()))
        told = slack.acknowledgement()
    assert told == {"envelope_id": "e1", "payload": {"response_type": "ephemeral", "text": "Checking checkout, last 6 h …"}}
    assert [type(heard) for heard in desk.heard] == [Command]
    assert slack.asked == ["Bearer xapp-planted"]


def test_an_envelope_that_comes_twice_is_done_once() -> None:
    """Both are acknowledged."""
    slack, desk = FakeSlack(), FakeDesk()
    with hearing(slack, desk):
        connection, payload = slack.connection(), mention()
        for number in ("e1", "e2"):
            connection.send(envelope("events_api", payload, number))
        assert {slack.acknowledgement()["envelope_id"] for _ in range(2)} == {"e1", "e2"}
    assert [type(heard) for heard in desk.heard] == [Mention]


def test_a_connection_is_good_once_slack_has_said_hello() -> None:
    """Readiness follows the connection: no hello, no connection."""
    slack = FakeSlack()
    slack.hello = {"type": "noise"}
    with hearing(slack, FakeDesk()) as bot:
        connection = slack.connection()
        assert not bot.connected()
        connection.send(json.dumps(HELLO))
        assert within(5, bot.connected)


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
def test_slack_s_call_to_reconnect_is_followed(reason: str) -> None:
    """After "disconnect" there is a new connection, and commands come through it."""
    slack, desk = FakeSlack(), FakeDesk()
    with hearing(slack, desk) as bot:
        slack.connection().send(json.dumps({"type": "disconnect", "reason": reason}))
        slack.connection().send(envelope("slash_commands", command()))
        assert slack.acknowledgement()["envelope_id"] == "e1"
        assert within(5, bot.connected)


def test_a_connection_that_breaks_is_made_anew() -> None:
    """Slack closing without a word costs a second or two."""
    slack = FakeSlack()
    with hearing(slack, FakeDesk()) as bot:
        slack.connection().close()
        slack.connection()
        assert within(5, bot.connected)


def test_slack_may_be_away_at_the_start(caplog: pytest.LogCaptureFixture) -> None:
    """The start does not wait, the bot connects when Slack is back, and no token gets into the log."""
    slack = FakeSlack()
    slack.away = True
    with caplog.at_level(logging.INFO), hearing(slack, FakeDesk()) as bot:
        assert within(5, lambda: len(slack.asked) == 1)
        assert not bot.connected()
        slack.away = False
        slack.connection()
        assert within(5, bot.connected)
    assert "no connection to Slack" in caplog.text
    assert "xapp-planted" not in caplog.text


def test_after_a_stop_nothing_reconnects() -> None:
    """A stopped socket is closed and stays so."""
    slack = FakeSlack()
    with hearing(slack, FakeDesk()) as bot:
        slack.connection()
        bot.stop(5.0)
        asked = len(slack.asked)
        assert not bot.connected()
    assert len(slack.asked) == asked


def test_crowded_connections_are_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """Forgotten connections of an app swallow presses: the log says how many there are."""
    slack = FakeSlack()
    slack.hello = {**HELLO, "num_connections": 9}
    with caplog.at_level(logging.WARNING), hearing(slack, FakeDesk()) as bot:
        assert within(5, lambda: "connections: 9" in caplog.text)
        assert bot.connections() == 9


def test_slack_s_recorded_envelopes_are_acknowledged() -> None:
    """Whatever Slack's own tests send gets its acknowledgement, wanted or not."""
    slack = FakeSlack()
    envelopes = json.loads(recorded("slack_socket_envelopes.json"))["envelopes"]
    with hearing(slack, FakeDesk()):
        connection = slack.connection()
        for one in envelopes:
            connection.send(json.dumps(one))
        told = {slack.acknowledgement()["envelope_id"] for _ in envelopes}
    assert told == {one["envelope_id"] for one in envelopes}


def test_pauses_grow_to_a_bound_and_differ() -> None:
    """Replicas that lost Slack together do not come back together, and an outage of days is no other case."""
    assert all(pause_s(failures) <= 30 for failures in (*range(200), 10_000))
    assert len({pause_s(5) for _ in range(20)}) > 1
