"""Somebody who sends signed slash commands to a running bot and watches the channel for the answers."""

from __future__ import annotations

import itertools
import json
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlencode

from bot.slack.guard import signed
from tests.stage import SECRET, TOKEN

numbers = itertools.count(1)
GIVE_UP_S = 20.0


class Asker:
    def __init__(self, url: str, channel: str, api_url: str = "") -> None:
        self._url = url
        self._channel = channel
        self._api_url = api_url

    def acknowledged(self, text: str) -> bool:
        """Whether the command got its 200; False too while nobody listens."""
        number = next(numbers)
        fields = {
            "team_id": "T0BENCH001",
            "channel_id": self._channel,
            "user_id": "U0DANAWEBER",
            "command": "/pay",
            "text": text,
            "response_url": f"http://127.0.0.1:9/{number}",
            "trigger_id": f"{number}.{time.time_ns()}",
        }
        body, timestamp = urlencode(fields).encode(), str(int(time.time()))
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signed(body, timestamp, SECRET.encode()).decode(),
        }
        try:
            with urllib.request.urlopen(urllib.request.Request(self._url, body, headers), timeout=5) as reply:
                return bool(reply.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def answered(self, text: str) -> float:
        """Seconds from the command to its message: until Slack took it, as the message's own timestamp says."""
        before, start = self._newest(), time.time()
        if not self.acknowledged(text):
            raise SystemExit("a command was not acknowledged")
        while (newest := self._newest()) == before:
            if time.time() - start > GIVE_UP_S:
                raise SystemExit(f"no answer to {text!r} in {GIVE_UP_S:g} s")
            time.sleep(0.02)
        time.sleep(1.2)  # Slack takes one message a second in a channel
        return float(newest) - start

    def _newest(self) -> str:
        fields = urlencode({"channel": self._channel, "limit": 1}).encode()
        request = urllib.request.Request(f"{self._api_url}conversations.history", fields, {"Authorization": f"Bearer {TOKEN}"})
        with urllib.request.urlopen(request, timeout=5) as reply:
            found: dict[str, Any] = json.load(reply)
        return str(found["messages"][0]["ts"]) if found.get("messages") else ""
