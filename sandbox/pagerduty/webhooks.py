"""The way from PagerDuty to the bot: signed webhooks (version 3), sent again until they are heard."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import queue
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

LIMIT_S = 5.0
PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # PagerDuty itself goes on for 48 hours
WAITING = 1_000


def signature(secret: str, body: bytes) -> str:
    """What stands in X-PagerDuty-Signature."""
    return "v1=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class Webhooks:
    """A subscription. Nothing is sent while it has no `url`; with several `secrets` there are as many signatures.

    `answered` is told the status of each attempt's answer, 0 where there was none.
    """

    def __init__(
        self,
        *secrets: str,
        url: str = "",
        pauses_s: tuple[float, ...] = PAUSES_S,
        answered: Callable[[int], None] = lambda status: None,
    ) -> None:
        self.url = url
        self._answered = answered
        self._secrets = secrets
        self._pauses_s = pauses_s
        self._queue: queue.Queue[bytes | None] = queue.Queue(WAITING)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pagerduty-webhooks", daemon=True)
        self._thread.start()

    def send(self, event: Mapping[str, Any]) -> None:
        """Takes an event on its way; it never waits."""
        if self.url and not self._over.is_set():
            with suppress(queue.Full):  # a bot that has been away for so long hears no more of it
                self._queue.put_nowait(json.dumps({"event": event}).encode())

    def stop(self) -> None:
        """Ends the thread; what is still on its way is lost."""
        self._over.set()
        with suppress(queue.Full):
            self._queue.put_nowait(None)
        self._thread.join(LIMIT_S + 1)

    def _run(self) -> None:
        while (body := self._queue.get()) is not None and not self._over.is_set():
            for pause_s in (*self._pauses_s, 0.0):
                if not self._again(body) or self._over.wait(pause_s):
                    break

    def _again(self, body: bytes) -> bool:
        """Sends it once; whether it is to be sent again: after no answer, a 429 or a 5xx."""
        status = self._posted(body)
        self._answered(status)
        return status in (0, 429) or status >= 500

    def _posted(self, body: bytes) -> int:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "PagerDuty-Webhook/V3.0",
            "X-PagerDuty-Signature": ",".join(signature(secret, body) for secret in self._secrets),
        }
        request = urllib.request.Request(self.url, body, headers, method="POST")  # noqa: S310 - the bot on this machine
        straight = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with straight.open(request, timeout=LIMIT_S) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except (OSError, http.client.HTTPException):
            return 0
