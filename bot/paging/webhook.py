"""What people did in PagerDuty, as its signed webhooks (version 3) bring it: checked, read, and handed on at once."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from bot.paging.words import line, link
from bot.slack.guard import MAX_BODY, Headers
from bot.slack.server import Reply, said

log = logging.getLogger(__name__)

What = Literal["triggered", "acknowledged", "unacknowledged", "resolved"]
KINDS: Final[dict[str, What]] = {
    "incident.triggered": "triggered",
    "incident.acknowledged": "acknowledged",
    "incident.unacknowledged": "unacknowledged",
    "incident.resolved": "resolved",
}
OURS: Final = re.compile(r"[0-9a-f]{32}")  # what bot.alerts.keys gives an episode
ID: Final = re.compile(r"[A-Za-z0-9]{1,40}")
SIGNATURE: Final = re.compile(r"v1=([0-9a-f]{64})")
SIGNATURES: Final = 10  # PagerDuty sends two while a secret is being changed
AGAIN: Final = timedelta(hours=49)  # for 48 hours PagerDuty sends again what it thinks was not heard
SEEN: Final = 20_000  # news whose identifiers are remembered


@dataclass(frozen=True, slots=True)
class PagerNews:
    """What became of an incident. `by` is a person's name, "" where no person did it (our own event that comes back).

    `dedup_key` is "" where PagerDuty does not give it: an incident that has alerts need not have a key of its own, see `keyed`.
    `incident` is its ID there and `incident_url` its page, "" where PagerDuty gave none that can be shown. `id` is the same each
    time that the same news is sent. News may come twice, late and in any order: `at` says when it happened.
    """

    dedup_key: str
    what: What
    by: str
    incident_url: str
    at: datetime
    incident: str
    id: str


class Unreadable(ValueError):
    """A signed body that is not an event of PagerDuty's."""


class PagerDutyWebhook:
    """A handler for `POST /webhooks/pagerduty`. `tell` must only queue; what it raises makes PagerDuty bring the news again.

    Whoever does not know the secret gets 401 or 413, whatever the bytes. Nothing of a body is ever logged. What is sent again is
    told once, as far as this process remembers; what is older than PagerDuty would send is not told at all.
    """

    def __init__(self, secret: str, tell: Callable[[PagerNews], None], now: Callable[[], datetime]) -> None:
        if not secret:
            raise ValueError("an empty webhook secret would let everybody in")
        self._secret = secret.encode()
        self._tell = tell
        self._now = now
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, body: bytes, headers: Headers) -> Reply:
        if len(body) > MAX_BODY:
            return self._refused(413, "too large", body)
        if not signed(body, headers.get("x-pagerduty-signature", ""), self._secret):
            return self._refused(401, "wrong signature", body)
        try:
            news = read(body)
        except Unreadable as error:
            return self._refused(400, str(error), body)
        if news is None:
            return said(202, {"heard": "nothing of ours"})
        return self._told(news)

    def _told(self, news: PagerNews) -> Reply:
        if abs(self._now() - news.at) > AGAIN:
            return said(202, {"heard": "too late"})
        with self._lock:
            if news.id in self._seen:
                return said(202, {"heard": "before"})
            try:
                self._tell(news)
            except Exception:
                log.exception("news from PagerDuty could not be taken on")
                return said(503, {"error": "not now"}, ("Retry-After", "5"))
            self._seen[news.id] = None
            if len(self._seen) > SEEN:
                self._seen.popitem(last=False)
        return said(202, {"heard": news.what})

    def _refused(self, status: int, reason: str, body: bytes) -> Reply:
        log.warning("refused a webhook: %s (body %s)", reason, hashlib.sha256(body).hexdigest()[:12])
        return said(status, {"error": reason})


def signed(body: bytes, header: str, secret: bytes) -> bool:
    """Whether one of the signatures, separated by commas, is the HMAC-SHA256 of the raw body. In constant time for each."""
    right = hmac.new(secret, body, hashlib.sha256).hexdigest()
    matches = [hmac.compare_digest(right, given) for given in _given(header)]  # all of them, whichever is right
    return any(matches)


def _given(header: str) -> Iterator[str]:
    """The signatures of version 1; others, of a version to come, are passed over."""
    for part in header[:2000].split(",")[:SIGNATURES]:
        found = SIGNATURE.fullmatch(part.strip())
        if found:
            yield found[1]


def read(body: bytes) -> PagerNews | None:
    """What a signed body says about an incident that may be ours; None for any other event. Raises Unreadable."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable("not JSON") from error
    match content:
        case {"event": {"event_type": str(kind), "id": str(own), "data": {"id": str(incident), **more}} as event} if (
            kind in KINDS
        ):
            dedup_key = more.get("incident_key") or ""
            if not isinstance(dedup_key, str) or not ID.fullmatch(incident) or (dedup_key and not OURS.fullmatch(dedup_key)):
                return None
            page = link(str(more.get("html_url") or ""))
            return PagerNews(dedup_key, KINDS[kind], by(event.get("agent")), page, at(event), incident, own[:100])
        case {"event": {"event_type": str()}}:
            return None  # another event, a test, a note
    raise Unreadable("not an event")


def keyed(news: PagerNews, keys_of: Callable[[str], tuple[str, ...]]) -> tuple[PagerNews, ...]:
    """The news once for each key of ours; `keys_of` gives those of an incident's alerts and is asked only where there is none."""
    if news.dedup_key:
        return (news,)
    return tuple(replace(news, dedup_key=found) for found in keys_of(news.incident) if OURS.fullmatch(found))


def by(agent: Any) -> str:
    """The name of the person who did it; whatever else may act (an integration, a service, a rule) has none."""
    match agent:
        case {"type": "user_reference" | "user", "summary": str(name)}:
            return line(name, 80, "")
    return ""


def at(event: dict[str, Any]) -> datetime:
    try:
        found = datetime.fromisoformat(event["occurred_at"])
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable("without a time") from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
