"""What Slack is asked by `paybot check --connect`, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from bot.config import Slack
from bot.manifest import SCOPES
from bot.ports import ChatError
from bot.slack.probe import slack_probes

AUTH = {"ok": True, "user": "paybot", "team": "Acme"}
CHANNEL = {"name": "eng-commerce", "is_member": True, "is_archived": False}
HOME = {"ok": True, "channel": CHANNEL}


@contextmanager
def slack(answers: Mapping[str, Any], scopes: str = ",".join(SCOPES)) -> Iterator[Slack]:
    """A Slack that gives each method its answer; the settings to reach it."""

    class Api(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._answer(json.dumps(answers.get(self.path.rpartition("/")[2], {"ok": False, "error": "unknown_method"})))

        def _answer(self, body: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("X-OAuth-Scopes", scopes)
            self.end_headers()
            self.wfile.write(body.encode())

        do_GET = do_POST

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/api/"
    yield Slack(bot_token="xoxb-1", app_token="xapp-1", api_url=url, home_channel="C0123ABCD")
    server.shutdown()
    server.server_close()


def refused(answers: Mapping[str, Any], probe: str, scopes: str = "") -> ChatError:
    with slack(answers, scopes) as settings, pytest.raises(ChatError) as raised:
        slack_probes(settings)[probe](5)
    return raised.value


def test_a_good_token_says_who_it_is() -> None:
    """The bot, its workspace, and that nothing is lacking."""
    with slack({"auth.test": AUTH}) as settings:
        assert slack_probes(settings)["Slack"](5) == "paybot in Acme, with every scope"


def test_a_lacking_scope_is_named() -> None:
    """An app from an older manifest answers until it needs the scope: that is told before."""
    error = refused({"auth.test": AUTH}, "Slack", ",".join(set(SCOPES) - {"files:read"}))
    assert error.said == "did not grant files:read: install the app again from a new manifest"


def test_a_wrong_token_is_told_in_our_words() -> None:
    """With what to do about it."""
    assert (
        refused({"auth.test": {"ok": False, "error": "invalid_auth"}}, "Slack").said == "does not know the token: copy it again"
    )


@pytest.mark.parametrize(
    ("key", "value", "part"), [("is_member", False, "/invite @paybot"), ("is_archived", True, "is archived")]
)
def test_a_home_channel_that_cannot_be_posted_to_is_a_fault(key: str, value: bool, part: str) -> None:
    """Named as people know it."""
    error = refused({"conversations.info": {"ok": True, "channel": {**CHANNEL, key: value}}}, "Slack home channel")
    assert part in error.said
    assert "#eng-commerce" in error.said


def test_membership_and_app_token_are_good() -> None:
    """What is right is said, too."""
    with slack({"conversations.info": HOME, "apps.connections.open": {"ok": True, "url": "wss://127.0.0.1"}}) as settings:
        assert slack_probes(settings)["Slack home channel"](5) == "paybot is in #eng-commerce"
        assert slack_probes(settings)["Slack Socket Mode"](5) == "the app token may connect"


def test_the_probe_channel_is_asked_for_where_it_is_used() -> None:
    """A bot that was not invited there would hear nothing of its own."""
    with slack({"conversations.info": {"ok": True, "channel": {**CHANNEL, "is_member": False}}}) as settings:
        with pytest.raises(ChatError, match="/invite @paybot"):
            slack_probes(replace(settings, probe_channel="C0PROBE"))["Slack probe channel"](5)
        assert "Slack probe channel" not in slack_probes(settings)
        assert "Slack probe channel" not in slack_probes(replace(settings, probe_channel="C0PROBE", app_token=""))


def test_an_absent_slack_is_a_fault_and_no_exception_of_its_clients() -> None:
    """Nobody listens at the address."""
    settings = Slack(bot_token="xoxb-1", api_url="http://127.0.0.1:1/api/", home_channel="C0123ABCD")
    with pytest.raises(ChatError, match="could not be reached"):
        slack_probes(settings)["Slack"](5)
    assert "Slack Socket Mode" not in slack_probes(settings)
