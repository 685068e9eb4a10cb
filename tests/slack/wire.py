"""Slack's side of the wire: payloads as Slack forms and signs them, and a desk that keeps what it heard."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from bot.slack.guard import signed
from bot.slack.heard import Command, Mention, Press, Shortcut

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
NOW = 1_795_000_000.0
FORM = "application/x-www-form-urlencoded"
numbers = itertools.count(1)


def headers_of(body: bytes, at: float = NOW, secret: str = SECRET, content_type: str = FORM) -> dict[str, str]:
    timestamp = str(int(at))
    return {
        "content-type": content_type,
        "x-slack-request-timestamp": timestamp,
        "x-slack-signature": signed(body, timestamp, secret.encode()).decode(),
    }


def command(text: str = "checkout 6h", **changed: str) -> dict[str, str]:
    return {
        "token": "legacy",
        "team_id": "T0SHOP",
        "channel_id": "C0HOME",
        "channel_name": "eng-commerce",
        "user_id": "U0ANNA",
        "command": "/pay",
        "text": text,
        "response_url": "https://hooks.slack.com/commands/T0SHOP/1/abc",
        "trigger_id": f"{next(numbers)}.2.abc",
        **changed,
    }


def form(fields: dict[str, str]) -> bytes:
    return urlencode(fields).encode()


def mention(**changed: Any) -> dict[str, Any]:
    event = {
        "type": "app_mention",
        "user": "U0ANNA",
        "text": "<@U0PAYBOT> checkout 1h",
        "channel": "C0INC",
        "ts": "1.000200",
        **changed,
    }
    return {"type": "event_callback", "event_id": f"Ev{next(numbers)}", "team_id": "T0SHOP", "event": event}


def press(action: str = "answer.range.wider", **changed: Any) -> dict[str, Any]:
    return {
        "type": "block_actions",
        "trigger_id": f"{next(numbers)}.2.abc",
        "user": {"id": "U0ANNA", "team_id": "T0SHOP"},
        "team": {"id": "T0SHOP"},
        "channel": {"id": "C0HOME", "name": "eng-commerce"},
        "container": {"type": "message", "message_ts": "111.222", "channel_id": "C0HOME", "is_ephemeral": False},
        "response_url": "https://hooks.slack.com/actions/T0SHOP/1/abc",
        "actions": [{"type": "button", "action_id": action, "block_id": "b", "value": "checkout 24h"}],
        **changed,
    }


def shortcut(**changed: Any) -> dict[str, Any]:
    """A message shortcut, used on a message that stands in no thread."""
    return {
        "type": "message_action",
        "token": "legacy",
        "action_ts": "1795000000.000100",
        "team": {"id": "T0SHOP", "domain": "shop"},
        "user": {"id": "U0ANNA", "username": "anna", "team_id": "T0SHOP", "name": "anna"},
        "channel": {"id": "C0INC", "name": "incident"},
        "is_enterprise_install": False,
        "enterprise": None,
        "callback_id": "then",
        "trigger_id": f"{next(numbers)}.2.abc",
        "response_url": "https://hooks.slack.com/app/T0SHOP/1/abc",
        "message_ts": "1795000000.000200",
        "message": {"type": "message", "user": "U0BEN", "ts": "1795000000.000200", "text": "Is it down?", "team": "T0SHOP"},
        **changed,
    }


def interactive(payload: dict[str, Any]) -> bytes:
    return form({"payload": json.dumps(payload)})


def recorded(name: str) -> bytes:
    """One of the payloads that are kept beside the project; the test is skipped where they are not."""
    path = Path(__file__).parents[2] / "../shared/contracts/data" / name
    if not path.exists():
        pytest.skip("the recorded payloads in ../shared are not there")
    return path.read_bytes()


@dataclass
class FakeDesk:
    """Keeps what it hears; fails with `bug` where one is given."""

    bug: Exception | None = None
    heard: list[Command | Mention | Shortcut | Press] = field(default_factory=list)

    def command(self, heard: Command) -> str:
        self._keep(heard)
        return "Checking checkout, last 6 h …"

    def mention(self, heard: Mention) -> None:
        self._keep(heard)

    def shortcut(self, heard: Shortcut) -> None:
        self._keep(heard)

    def press(self, heard: Press) -> None:
        self._keep(heard)

    def _keep(self, heard: Command | Mention | Shortcut | Press) -> None:
        self.heard.append(heard)
        if self.bug:
            raise self.bug
