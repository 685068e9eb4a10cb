"""PagerDuty as a channel: events that open, acknowledge and resolve an incident (Events API, version 2)."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Mapping
from datetime import datetime
from secrets import token_hex
from typing import Any

from bot.alerts.intent import Intent, SendError
from bot.paging import pd
from bot.paging.faults import refusal, unanswered
from bot.paging.words import details, key, line, link, severity
from bot.slack.text import masked

log = logging.getLogger(__name__)

EVENTS_URL = "https://events.pagerduty.com"
SUMMARY, SOURCE, COMPONENT = 1024, 255, 255  # characters
INTEGRATION = re.compile(r"[0-9A-Za-z]{32}")
ACTIONS = ("trigger", "acknowledge", "resolve")


class PagerDutyEvents:
    """Implements `Remote`. Every call is over within five seconds and sends one request: the outbox sends again.

    Sending again is free: the deduplication key makes all triggers of an episode one incident, and an acknowledgement or an end
    that comes twice changes nothing. So there is nothing to look for and nothing to take back.
    """

    idempotent = True
    limit_s = pd.CONNECT_S + pd.READ_S

    def __init__(self, *, routing_key: str, events_url: str = EVENTS_URL) -> None:
        self._routing_key = routing_key
        self._url = events_url
        self._session: Any = None
        self._lock = threading.Lock()

    def send(self, intent: Intent) -> str:
        """Sends the event; gives its deduplication key once PagerDuty has taken it (which does not say that it woke somebody)."""
        if intent.kind not in ACTIONS:
            raise SendError("PagerDuty cannot be told this", "refused", code="kind")
        own = key(intent)
        self._sent(intent.kind, own, event(intent.payload) if intent.kind == "trigger" else {})
        return own

    def probe(self, timeout_s: float) -> str:
        """Whether the Events API takes our key, by the end of an incident that never was: nobody is paged. Raises SendError.

        It answers before it looks who is behind a key: that a page reaches somebody only a drill shows.
        """
        if not INTEGRATION.fullmatch(self._routing_key):
            raise SendError(
                "is no integration key of 32 letters and digits: copy PAGERDUTY_ROUTING_KEY again", "refused", code="key"
            )
        start = time.perf_counter()
        self._sent("resolve", f"paybot-check-{token_hex(8)}", {})
        return f"answers in {1000 * (time.perf_counter() - start):.0f} ms, and took an event that pages nobody"

    def _sent(self, kind: str, own: str, more: Mapping[str, Any]) -> None:
        try:
            self._connected().send_event(kind, dedup_key=own, **more)
        except Exception as error:
            failed = pd.failure(error)
            if failed is None:
                raise SendError("the event could not be written down for PagerDuty", "refused", code="bug") from error
            if failed.status != 202:  # with 202 it was taken, whatever became of the answer's text
                raise refused(failed) from error

    def look(self, intent: Intent) -> tuple[str, ...]:
        """Nothing, without asking: whatever it has made, sending it again makes no second one."""
        return ()

    def withdraw(self, intent: Intent, remote_id: str) -> None:
        """Nothing: an episode has one incident, whoever triggered it."""

    def _connected(self) -> Any:
        with self._lock:
            if self._session is None:
                self._session = pd.events(self._routing_key, self._url)
            return self._session


def event(payload: Mapping[str, str]) -> dict[str, Any]:
    """The rest of a trigger. PagerDuty refuses it without summary, source and one of four severities."""
    links = [
        {"href": url, "text": text}
        for text, url in (
            ("Message in Slack", link(payload.get("message_url", ""))),
            ("Runbook", link(payload.get("runbook_url", ""))),
        )
        if url
    ]
    told: dict[str, Any] = {
        "summary": line(payload.get("summary", ""), SUMMARY, "An alert of paybot"),
        "source": line(payload.get("source", ""), SOURCE, "paybot"),
        "severity": severity(payload),
        "component": line(payload.get("rule", ""), COMPONENT, "paybot"),
        "custom_details": details(payload),
    }
    if stamp := stamped(payload.get("since", "")):
        told["timestamp"] = stamp
    if group := line(payload.get("section", ""), COMPONENT, ""):
        told["group"] = group
    client = {"client": "paybot", **({"client_url": links[0]["href"]} if links else {})}
    return {"payload": told, "links": links, **client}


def stamped(text: str) -> str:
    """The time as PagerDuty takes it, or "" where the text is none."""
    try:
        return datetime.fromisoformat(text).isoformat(timespec="milliseconds")
    except ValueError:
        return ""


def refused(failed: pd.Failure) -> SendError:
    """What became of an event that was not taken. PagerDuty's own words go into the log alone, masked."""
    if failed.status is None:
        return unanswered("PagerDuty", late=failed.late)
    log.warning("PagerDuty answered %d: %s", failed.status, masked(failed.response.text[:2000])[:500])
    headers = failed.response.headers
    return refusal("PagerDuty", failed.status, headers.get("retry-after") or headers.get("ratelimit-reset"))
