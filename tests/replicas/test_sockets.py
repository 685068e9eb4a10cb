"""Two `paybot serve` in Socket Mode: Slack gives each payload to one of them, and what it gives to both runs once."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.promises.serving import started, until
from tests.replicas.pair import READY_S
from tests.slack import wire
from tests.slack.socket_slack import FakeSlack, at_slack, envelope
from tests.stage import free_port
from tests.store import postgres


@pytest.mark.timeout(120)
def test_two_processes_in_socket_mode_are_as_one(tmp_path: Path) -> None:
    """Both are ready; a command is answered by whoever hears it; one that Slack brings to the other as well is not."""
    if reason := postgres.why_not():
        pytest.skip(reason)
    slack = FakeSlack()
    with postgres.running() as server, at_slack(slack) as api, ExitStack() as stack:
        env = {
            "SLACK_API_URL": api,
            "SLACK_BOT_TOKEN": "xoxb-sockets",
            "SLACK_APP_TOKEN": "xapp-sockets",
            "PAYBOT_HOME_CHANNEL": "C0HOME00001",
            "DATABASE_URL": server.clean(),
        }
        bots = [stack.enter_context(started(free_port(), env, tmp_path)) for _ in range(2)]
        for bot in bots:
            until(bot.ready, READY_S)
        lines = [slack.connection() for _ in bots]

        def answer(line: int, number: str, payload: dict[str, Any]) -> str:
            lines[line].send(envelope("slash_commands", payload, number))
            said = slack.acknowledgement()
            assert said["envelope_id"] == number
            return json.dumps(said.get("payload", {}))

        first, second = wire.command("help"), wire.command("help")
        assert "checkout" in answer(0, "e1", first)
        assert "checkout" not in answer(1, "e2", first)
        assert "checkout" in answer(1, "e3", second)
        assert "checkout" not in answer(0, "e4", second)
