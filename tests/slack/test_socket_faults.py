"""What goes wrong between Slack and the bot in Socket Mode, over real sockets: envelopes twice and in any order, deafness."""

from __future__ import annotations

import json
import logging
import math
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.server import ServerConnection

from bot.app import build
from bot.config import Config, Slack
from bot.slack.alert_buttons import ACKNOWLEDGE, UNDO
from bot.slack.delivery import Delivery
from bot.slack.echo import Echo
from bot.slack.heard import Command, Mention, Press, Submission
from bot.slack.line import Times
from bot.slack.modal import LENGTH
from bot.slack.server import Front, Server
from tests.alerts_actions.making import a_scene, episode
from tests.fakes import FakeRenderer
from tests.slack.alert_office import Office, value
from tests.slack.fake_chat import FakeChat
from tests.slack.socket_slack import HELLO, QUICK, FakeSlack, Proxy, at_slack, envelope, hearing, within
from tests.slack.test_server import serving
from tests.slack.wire import FakeDesk, command, mention, press

ECHOING = replace(QUICK, echo=0.05, deaf=0.4)
PATIENT = replace(QUICK, longest_pause=30)


@dataclass
class FakeAlerts:
    """Keeps what it hears."""

    heard: list[Press | Submission] = field(default_factory=list)

    def press(self, heard: Press) -> None:
        self.heard.append(heard)

    def submitted(self, heard: Submission) -> str:
        self.heard.append(heard)
        return ""


def echo_to(api_url: str) -> Callable[[], bool]:
    """The echo as it is in production."""
    return Echo(Delivery(Slack(bot_token="xoxb-planted", home_channel="C0HOME", api_url=api_url)), "C0PROBE")


def answers(slack: FakeSlack, connection: ServerConnection, number: str = "e1") -> bool:
    """Whether a command on this connection is acknowledged."""
    connection.send(envelope("slash_commands", command(), number))
    while True:  # echoes are acknowledged, too
        if slack.acknowledgement()["envelope_id"] == number:
            return True


def submission() -> dict[str, Any]:
    block = press()
    return {
        "type": "view_submission",
        "trigger_id": block["trigger_id"],
        "user": block["user"],
        "team": block["team"],
        "view": {
            "type": "modal",
            "callback_id": LENGTH,
            "private_metadata": "kept",
            "state": {"values": {"b": {"i": {"value": "45m"}}}},
        },
    }


def test_whatever_the_order_and_however_often_each_is_done_once() -> None:
    """Commands, presses, forms and mentions, up to four times, in the same envelope or a new one: all are acknowledged."""
    slack, desk, alerts, chance = FakeSlack(), FakeDesk(), FakeAlerts(), random.Random(43)
    kinds: list[tuple[str, Callable[[], dict[str, Any]]]] = [
        ("slash_commands", command),
        ("events_api", mention),
        ("interactive", press),
        ("interactive", lambda: press(ACKNOWLEDGE)),
        ("interactive", submission),
    ]
    sent = []
    for number in range(10):
        for kind, payload in kinds:
            same = payload()
            for copy in range(chance.randint(1, 4)):
                fresh = chance.random() < 0.5
                sent.append(envelope(kind, same, f"{kind}{same.get('trigger_id', number)}{copy if fresh else ''}"))
    chance.shuffle(sent)
    with hearing(slack, desk, alerts=alerts):
        connection = slack.connection()
        for one in sent:
            connection.send(one)
        told = Counter(slack.acknowledgement()["envelope_id"] for _ in sent)
    assert told == Counter(json.loads(one)["envelope_id"] for one in sent)
    assert Counter(type(heard) for heard in desk.heard) == {Command: 10, Mention: 10, Press: 10}
    assert Counter(type(heard) for heard in alerts.heard) == {Press: 10, Submission: 10}


def test_an_envelope_without_an_id_of_its_occasion_is_known_by_its_own() -> None:
    """Slack's payload may lack what tells occasions apart; its envelope does not."""
    slack, desk = FakeSlack(), FakeDesk()
    with hearing(slack, desk):
        connection, payload = slack.connection(), {**mention(), "event_id": None}
        for _ in range(4):
            connection.send(envelope("events_api", payload))
        assert [slack.acknowledgement()["envelope_id"] for _ in range(4)] == ["e1"] * 4
    assert len(desk.heard) == 1


def test_what_is_no_payload_is_acknowledged_too() -> None:
    """Slack would bring it again, and it would be no better then."""
    slack = FakeSlack()
    with hearing(slack, FakeDesk()):
        slack.connection().send(envelope("interactive", {"type": "view_submission", "view": {}}))
        assert slack.acknowledgement() == {"envelope_id": "e1"}


def test_an_envelope_that_comes_again_on_the_next_connection_is_done_once() -> None:
    """Slack brings it there when the first connection broke before its acknowledgement."""
    slack, desk, same = FakeSlack(), FakeDesk(), mention()
    with hearing(slack, desk):
        first = slack.connection()
        first.send(envelope("events_api", same, "e1"))
        slack.acknowledgement()
        first.close()
        slack.connection().send(envelope("events_api", {**same, "event_id": None}, "e1"))
        slack.acknowledgement()
    assert len(desk.heard) == 1


def test_an_older_press_after_a_newer_one_is_refused_politely(tmp_path: Path) -> None:
    """It points at a version that is gone: nothing changes, the presser reads so, and the audit has it."""
    with a_scene(tmp_path) as scene:
        scene.has(episode())
        office = Office(scene.actions())
        slack = FakeSlack()
        with hearing(slack, FakeDesk(), alerts=office.desk()):
            connection = slack.connection()
            for number, (action, version) in enumerate([(ACKNOWLEDGE, 1), (UNDO, 2), (ACKNOWLEDGE, 1)]):
                button = {"type": "button", "action_id": action, "block_id": "b", "value": value(version=version)}
                connection.send(envelope("interactive", press(actions=[button]), f"e{number}"))
                assert slack.acknowledgement()["envelope_id"] == f"e{number}"
        assert office.told.lines[-1][1].startswith("Nothing was changed: meanwhile you took the acknowledgement back")
        assert scene.found().handling == "open"
        assert [outcome for _, _, outcome in scene.audited()] == ["done", "done", "nothing"]


def test_a_half_open_connection_is_noticed_and_replaced() -> None:
    """Bytes that vanish on their way, either way, with the connection up: red, then heard anew."""
    slack, proxy, why = FakeSlack(), Proxy(), list[str]()
    slack.through = proxy.address
    times = replace(QUICK, ping=0.1, silent=0.4)
    with hearing(slack, FakeDesk(), times=times, on_reconnect=why.append) as bot:
        slack.connection()
        assert within(5, bot.connected)
        time_of_hole = time.monotonic()
        proxy.swallow()
        assert within(3, lambda: not bot.connected())
        assert answers(slack, slack.connection())
        assert within(5, bot.connected)
        assert time.monotonic() - time_of_hole < 3
    assert why == ["silent"]


def test_a_connection_that_is_a_black_hole_from_its_first_byte_is_replaced() -> None:
    """Neither hello nor a pong ever came."""
    slack, proxy, why = FakeSlack(), Proxy(), list[str]()
    slack.through = proxy.address
    slack.hello = {"type": "noise"}
    with hearing(slack, FakeDesk(), times=replace(QUICK, opening=0.8), on_reconnect=why.append) as bot:
        slack.connection()
        proxy.swallow()
        slack.hello = HELLO
        slack.connection()
        assert within(5, bot.connected)
    assert why == ["no_hello"]


def test_a_connection_with_pongs_and_no_envelopes_is_noticed_by_the_echo() -> None:
    """Red while deaf, replaced, and green only once an envelope was heard."""
    slack, why = FakeSlack(), list[str]()
    with hearing(slack, FakeDesk(), times=ECHOING, echo=echo_to, on_reconnect=why.append) as bot:
        slack.connection()
        assert within(5, lambda: bot.connected() and bot.last_heard_s(envelope=True) < 1)
        slack.deaf = True
        assert within(3, lambda: not bot.connected())
        slack.connection()
        assert not within(0.3, bot.connected)
        slack.deaf = False
        assert within(3, bot.connected)
    assert set(why) == {"deaf"}


def test_echoes_that_come_keep_a_connection() -> None:
    """Nobody writes for a long time, and nothing is replaced."""
    slack, why = FakeSlack(), list[str]()
    with hearing(slack, FakeDesk(), times=replace(ECHOING, quiet=0.1), echo=echo_to, on_reconnect=why.append) as bot:
        slack.connection()
        assert not within(1, lambda: bool(why))
        assert bot.connected()


def test_an_echo_that_slack_refuses_says_nothing_about_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    """A channel that is gone is told once; the connection stays."""
    slack, why, chat = FakeSlack(), list[str](), FakeChat(refuses={"C0GONE": "channel_not_found"})
    with hearing(slack, FakeDesk(), times=ECHOING, echo=lambda _: Echo(chat, "C0GONE"), on_reconnect=why.append) as bot:
        slack.connection()
        assert not within(0.8, lambda: bool(why))
        assert bot.connected()
    assert caplog.text.count("does not take the bot's echo") == 1


def test_without_an_echo_a_quiet_connection_is_replaced_and_nobody_notices() -> None:
    """The new one is open and greeted before the old is closed, which hears until then; there are never three."""
    slack, why = FakeSlack(), list[str]()
    with hearing(slack, FakeDesk(), times=replace(QUICK, quiet=0.5), on_reconnect=why.append) as bot:
        first = slack.connection()
        assert within(5, bot.connected)
        second = slack.connection()
        assert bot.connected()
        assert answers(slack, first, "old")
        assert answers(slack, second, "new")
        assert within(3, lambda: len(slack.open) == 1)
        assert bot.connected()
    assert slack.most_open == 2
    assert why[0] == "quiet"
    assert slack.goodbyes  # told, and not only cut: Slack forgets it at once


def test_an_old_connection_hears_until_the_new_one_is_greeted() -> None:
    """Slack says some seconds ahead that it will close: what comes meanwhile is answered."""
    slack = FakeSlack()
    with hearing(slack, FakeDesk()) as bot:
        first = slack.connection()
        assert within(5, bot.connected)
        slack.away = True
        first.send(json.dumps({"type": "disconnect", "reason": "warning"}))
        assert answers(slack, first)
        assert bot.connected()
        slack.away = False
        slack.connection()
        assert within(5, lambda: len(slack.open) == 1)
    assert slack.most_open <= 2


def test_a_slack_that_turns_connections_away_is_not_stormed(caplog: pytest.LogCaptureFixture) -> None:
    """The pauses grow, the reason is told, and once Slack lets it in the bot is heard."""
    slack = FakeSlack()
    slack.hello = {"type": "disconnect", "reason": "too_many_websockets"}
    with hearing(slack, FakeDesk(), times=PATIENT) as bot:
        assert not within(1.2, lambda: len(slack.asked) > 3)
        assert not bot.connected()
        slack.hello = HELLO
        assert within(5, bot.connected)
    assert slack.most_open <= 2
    assert "too_many_websockets" in caplog.text


def test_a_slack_that_dismisses_every_connection_at_once_is_not_stormed() -> None:
    """Hello and "refresh_requested" in one breath, again and again: later each time, and two connections at most."""
    slack = FakeSlack()
    with hearing(slack, FakeDesk(), times=PATIENT):
        end = time.monotonic() + 1.2
        while time.monotonic() < end:
            if not slack.connections.empty():
                slack.connection().send(json.dumps({"type": "disconnect", "reason": "refresh_requested"}))
            time.sleep(0.01)
        assert 1 < len(slack.asked) <= 3
    assert slack.most_open <= 2


def test_a_slack_that_stalls_over_an_address_holds_up_nothing() -> None:
    """The next attempt comes in its time, while the first one still waits for its answer."""
    slack = FakeSlack()
    slack.stalls = 1
    with hearing(slack, FakeDesk(), times=replace(QUICK, opening=0.5)) as bot:
        assert within(3, bot.connected)
        assert len(slack.asked) == 2


def test_a_429_over_an_address_is_honoured_and_the_stop_does_not_wait_for_it() -> None:
    """Not a moment before Slack's time."""
    slack = FakeSlack()
    slack.busy_s = 1
    with hearing(slack, FakeDesk()) as bot:
        assert within(5, bot.connected)
        assert slack.asked_at[1] - slack.asked_at[0] >= 1
    slack.busy_s = 60
    with hearing(slack, FakeDesk()) as bot:
        assert within(5, lambda: bool(slack.asked_at[2:]))
        begun = time.monotonic()
        bot.stop(3.0)
        assert time.monotonic() - begun < 1


def test_more_connections_than_expected_are_told(caplog: pytest.LogCaptureFixture) -> None:
    """One process has one connection; a second one in Slack's count is a forgotten one, and swallows half of all presses."""
    slack = FakeSlack()
    slack.hello = {**HELLO, "num_connections": 2}
    with caplog.at_level(logging.WARNING), hearing(slack, FakeDesk(), expected=1) as bot:
        assert within(5, lambda: "connections: 2" in caplog.text)
        assert bot.connections() == 2


def test_replaced_connections_leave_nothing_behind() -> None:
    """A quiet month is thousands of replacements: no thread and no file of theirs outlives them."""
    slack = FakeSlack()
    with hearing(slack, FakeDesk(), times=replace(QUICK, quiet=0.1, drain=0.05)) as bot:
        assert answers(slack, slack.connection())
        before = threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(3):
            slack.connection()
        bot.stop(5)
        assert within(3, lambda: threading.active_count() < before[0] and len(list(Path("/proc/self/fd").iterdir())) < before[1])


def test_the_connection_that_is_being_replaced_is_not_counted() -> None:
    """Slack's hello counts both, and the old one is about to go."""
    slack = FakeSlack()
    with hearing(slack, FakeDesk(), times=replace(QUICK, quiet=0.3), expected=1) as bot:
        slack.connection()
        slack.hello = {**HELLO, "num_connections": 2}
        slack.connection()
        assert within(3, lambda: len(slack.open) == 1)
        assert bot.connections() == 1


def test_before_slack_is_heard_there_is_no_age() -> None:
    """Missing is not zero."""
    slack = FakeSlack()
    slack.away = True
    with hearing(slack, FakeDesk()) as bot:
        assert math.isnan(bot.last_heard_s(envelope=False))
        assert math.isnan(bot.last_heard_s(envelope=True))
        assert bot.connections() == 0


def test_deafness_is_noticed_in_60_s_and_healed_in_120_s() -> None:
    """By the figures that are used when nobody names others; without an echo the same holds for the replacement."""
    times = Times()
    assert times.detected <= 60
    assert times.healed <= 120
    assert times.quiet + times.opening + times.watch <= 120
    assert times.silent > 3 * times.ping  # three pings unanswered, not one that was late
    assert times.deaf > 4 * times.echo  # three echoes taken by then, each of them slow


def test_a_keeper_outlives_its_own_faults(caplog: pytest.LogCaptureFixture) -> None:
    """A bug on the way is logged, and the next look is another chance."""
    slack = FakeSlack()

    def broken(_: str) -> None:
        raise KeyError("4242")

    with hearing(slack, FakeDesk(), on_reconnect=broken) as bot:
        slack.connection().close()
        slack.connection()
        assert within(5, bot.connected)
    assert "the keeper of the connection to Slack failed" in caplog.text


def asked_of(server: Server, path: str) -> str:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        return b"".join(iter(lambda: connection.recv(65_536), b"")).decode()


def test_readiness_and_metrics_tell_of_the_socket() -> None:
    """The whole bot: red before hello, green after it, and what Slack counts and when it was heard can be watched."""
    slack = FakeSlack()
    slack.away = True
    front = Front()
    with at_slack(slack) as api_url, serving(front) as server:
        settings = Slack(bot_token="xoxb-1", app_token="xapp-1", api_url=api_url, home_channel="C0HOME", probe_channel="C0PROBE")
        bot = build(Config(slack=settings), sources={}, renderer=FakeRenderer(), chat=FakeChat())
        bot.start(front)
        try:
            assert '"socket": false' in asked_of(server, "/readyz")
            assert within(5, lambda: 'paybot_socket_reconnects_total{reason="lost"} 1.0' in asked_of(server, "/metrics"))
            slack.away = False
            assert within(10, lambda: "200 OK" in asked_of(server, "/readyz"))
            metrics = asked_of(server, "/metrics")
        finally:
            bot.stop(4)
    assert "paybot_socket_connections 1.0" in metrics
    assert 'paybot_socket_last_heard_seconds{what="envelope"} NaN' in metrics
    assert 'paybot_socket_last_heard_seconds{what="anything"} 0.' in metrics
