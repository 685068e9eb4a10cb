"""Requests to the bot, signed as Slack signs them, each with Slack's limit of three seconds."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import urllib3

LIMIT_S = 3.0
AT_ONCE = 32  # requests on their way


@dataclass(frozen=True, slots=True)
class Reply:
    """What the bot answered. `fault` is Slack's word for a request that failed: "operation_timeout" or "dispatch_failed"."""

    fault: str = ""
    reason: str = ""  # the word for it in X-Slack-Retry-Reason
    body: bytes = b""
    no_retry: bool = False

    def json(self) -> dict[str, Any]:
        """The body as an object; a plain text stands as its `text`, as Slack takes it."""
        try:
            body = json.loads(self.body)
        except ValueError:
            return {"text": self.body.decode("utf-8", "replace").strip()}
        return body if isinstance(body, dict) else {}


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Slack's v0 signature of a request."""
    return "v0=" + hmac.new(secret.encode(), f"v0:{timestamp}:".encode() + body, hashlib.sha256).hexdigest()


class Wire:
    """The way to the bot's `/slack/events`. `now` tells the time that is signed; `limit_s` is Slack's patience.

    With several `urls` they take turns; of one that cannot be reached the next gets the request, as behind a load balancer.
    """

    def __init__(self, secret: str, now: Callable[[], datetime], limit_s: float = LIMIT_S) -> None:
        self._secret = secret
        self._now = now
        self._limit_s = limit_s
        self._http = urllib3.PoolManager(num_pools=2, maxsize=AT_ONCE, retries=False)
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="to-bot")
        self._turns = itertools.count()
        self.urls: Sequence[str] = ()

    async def send(self, body: bytes, content_type: str, more: Mapping[str, str] | None = None) -> Reply:
        """Delivers one request; a bot that is away or late is a Reply with its fault."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._send, body, content_type, dict(more or {}))

    def close(self) -> None:
        """Lets go of the connections; requests on their way end by their own limit."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._http.clear()

    def _send(self, body: bytes, content_type: str, more: dict[str, str]) -> Reply:
        timestamp = str(int(self._now().timestamp()))
        headers = {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(self._secret, timestamp, body),
            **more,
        }
        urls, turn = self.urls, next(self._turns)
        replies = (self._asked(urls[(turn + number) % len(urls)], body, headers) for number in range(len(urls)))
        return next((reply for reply in replies if reply), Reply("dispatch_failed", "connection_failed"))

    def _asked(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply | None:
        """What came of it; None where nobody was there to hear it."""
        try:
            timeout = urllib3.Timeout(total=self._limit_s)
            answer = self._http.request("POST", url, body=body, headers=headers, timeout=timeout, redirect=False)
        except urllib3.exceptions.NewConnectionError:  # to urllib3 it is a kind of timeout, too
            return None
        except urllib3.exceptions.TimeoutError:
            return Reply("operation_timeout", "http_timeout")
        except urllib3.exceptions.HTTPError:
            return Reply("dispatch_failed", "connection_failed")
        no_retry = answer.headers.get("X-Slack-No-Retry") == "1"
        if answer.status != 200:
            return Reply("dispatch_failed", "http_error", no_retry=no_retry)
        return Reply(body=answer.data, no_retry=no_retry)
