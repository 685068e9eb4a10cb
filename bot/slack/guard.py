"""The checks that a request to `/slack/events` passes before anything else looks at it.

Bolt's own check answers 500 to a garbled header, writes the body of a forged request into the log and runs a replayed one again;
this one answers 4xx, keeps bodies to itself and lets each signature through once.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from bot.inbox import Inbox

log = logging.getLogger(__name__)

MAX_BODY = 256 * 1024  # bytes; the largest real ones, presses on a message of 50 blocks, are far smaller
MAX_AGE_S = 300  # what Slack asks for
TIMESTAMP = re.compile(r"[0-9]{1,11}")
SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")  # lower case only: another spelling of a seen signature would pass for a new one
CONTENT_TYPES = ("application/x-www-form-urlencoded", "application/json")

Headers = Mapping[str, str]  # names in lower case, values as Latin-1; a header sent twice is one value with a comma


class Refusal(NamedTuple):
    """Why a request goes no further: an HTTP status (4xx) and a reason that tells the sender nothing new."""

    status: int
    reason: str


def refusal(headers: Headers, body: bytes, secret: bytes, now: float, inbox: Inbox) -> Refusal | None:
    """What is wrong with a request, or None when it is Slack's and comes for the first time. `now` is in Unix seconds.

    Never raises, whatever the bytes.
    """
    if len(body) > MAX_BODY:
        return Refusal(413, "too large")
    doubt = forged(headers, body, secret, now)
    if doubt:
        return Refusal(401, doubt)
    if not readable(headers, body):
        return Refusal(400, "neither a form nor JSON in UTF-8")
    if not inbox.first(f"signature:{headers['x-slack-signature']}"):
        return Refusal(401, "seen before")
    return None


def forged(headers: Headers, body: bytes, secret: bytes, now: float) -> str:
    """Why this need not be from Slack, or "" when only Slack can have sent it within the last minutes."""
    timestamp, signature = headers.get("x-slack-request-timestamp", ""), headers.get("x-slack-signature", "")
    if not TIMESTAMP.fullmatch(timestamp) or not SIGNATURE.fullmatch(signature):
        return "signature headers are missing or malformed"
    if abs(now - int(timestamp)) > MAX_AGE_S:
        return "too old or from the future"
    if not hmac.compare_digest(signed(body, timestamp, secret), signature.encode()):
        return "wrong signature"
    return ""


def signed(body: bytes, timestamp: str, secret: bytes) -> bytes:
    """Slack's signature: `v0=` and the HMAC-SHA256 of `v0:{timestamp}:{raw body}` in hexadecimal digits."""
    return b"v0=" + hmac.new(secret, b"v0:%b:%b" % (timestamp.encode(), body), hashlib.sha256).hexdigest().encode()


def readable(headers: Headers, body: bytes) -> bool:
    if headers.get("content-type", "").partition(";")[0].strip().lower() not in CONTENT_TYPES:
        return False
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


class Guard:
    """`refusal` with its secret and its clock; what it refuses is logged as a reason and a short hash, never as a body."""

    def __init__(self, signing_secret: str, inbox: Inbox, now: Callable[[], float] = time.time) -> None:
        if not signing_secret:
            raise ValueError("an empty signing secret would let everybody in")
        self._secret = signing_secret.encode()
        self._inbox = inbox
        self._now = now

    def __call__(self, headers: Headers, body: bytes) -> Refusal | None:
        refused = refusal(headers, body, self._secret, self._now(), self._inbox)
        if refused:
            log.warning("refused a request: %s (body %s)", refused.reason, hashlib.sha256(body).hexdigest()[:12])
        return refused
