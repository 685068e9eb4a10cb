"""Opsgenie as a channel: alerts by alias, over plain HTTP. Jira Service Management takes the same requests under another address.

Opsgenie's own API ends on 2027-04-05, so nothing here knows a host: its address is a setting.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from bot.alerts.intent import Intent, Kind, SendError
from bot.paging.faults import refusal, unanswered
from bot.paging.words import details, key, line, link, severity
from bot.slack.text import masked, plain

log = logging.getLogger(__name__)

API_URL = "https://api.opsgenie.com"
MESSAGE, DESCRIPTION, TAG, TAGS = 130, 15_000, 50, 20
LIMITS_S = (2.0, 3.0)  # for the connection and the answer of what is sent
LOOK_S = (1.0, 1.0)  # for those of a question
PAUSES_S = (0.1, 0.2, 0.4, 0.8, 1.5)  # before each look at whether a request has been processed: 3 s in all
WHOLE_S = 8.0  # no look begins later than this: two more may follow, of the last status and of the alert itself
PRIORITIES = {"critical": "P1", "error": "P2", "warning": "P3", "info": "P5"}
UNSEEN = ("401", "402", "403")  # for a question alone: a key may have the right to create and not that to read
KEYLESS = "Opsgenie cannot be asked: OPSGENIE_API_KEY holds a character that no header may hold"
ACTIONS: Mapping[Kind, str] = {"create": "", "acknowledge": "/acknowledge", "close": "/close"}
# Its words for a request that asks for what is so already: the first is documented, and for the rest we ask the alert itself.
DONE: Mapping[Kind, re.Pattern[str]] = {
    "create": re.compile(r"duplicat|already (?:exist|open)", re.IGNORECASE),
    "acknowledge": re.compile(r"does not exist|already", re.IGNORECASE),
    "close": re.compile(r"does not exist|already", re.IGNORECASE),
}


class Opsgenie:
    """Implements `Remote`. Sending again is free: while an alert is open, its alias makes every other one a count of the first.

    `sleep` waits for so many seconds, `clock` is monotonic.
    """

    idempotent = True
    limit_s = WHOLE_S + 2 * sum(LOOK_S)

    def __init__(
        self,
        *,
        api_key: str,
        api_url: str = API_URL,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api_key = api_key
        self._alerts = f"{api_url.rstrip('/')}/v2/alerts"
        self._sleep = sleep
        self._clock = clock
        self._session: Any = None
        self._lock = threading.Lock()

    def send(self, intent: Intent) -> str:
        """Sends it and waits until it has been processed, for `limit_s` in all at most; gives the alias."""
        if intent.kind not in ACTIONS:
            raise SendError("Opsgenie cannot be told this", "refused", code="kind")
        alias = key(intent)
        end = self._clock() + WHOLE_S
        answer = self._asked("POST", self._path(intent.kind, alias), body(intent, alias))
        match accepted(answer):
            case {"requestId": str(request)} if request:
                self._settled(intent.kind, alias, request, end)
                return alias
        raise SendError("Opsgenie sent an answer that paybot cannot read", "later", 30.0, code="unreadable")

    def look(self, intent: Intent) -> tuple[str, ...]:
        """Nothing, without asking: whatever it has made, sending it again makes no second one."""
        return ()

    def withdraw(self, intent: Intent, remote_id: str) -> None:
        """Nothing: an episode has one alert, whoever created it."""

    def probe(self, timeout_s: float) -> str:
        """Whether the key is good and may see what became of a request; one that never was is asked for. Raises SendError."""
        start = self._clock()
        answer = self._asked("GET", f"/requests/{uuid4()}")
        took_ms = 1000 * (self._clock() - start)
        if answer.status_code == 403:
            raise SendError("lets our key read nothing (403): nobody would see what became of a page", "refused", code="403")
        if answer.status_code != 404:
            accepted(answer)
        if "requestId" not in content(answer):
            raise SendError("did not answer as Opsgenie does: is OPSGENIE_API_URL right?", "refused", code="unreadable")
        return f"answers in {took_ms:.0f} ms, and takes our key"

    def _path(self, kind: Kind, alias: str) -> str:
        return f"/{quote(alias, safe='')}{ACTIONS[kind]}?identifierType=alias" if ACTIONS[kind] else ""

    def _settled(self, kind: Kind, alias: str, request: str, end: float) -> None:
        """Returns once it is so as it was asked for. Raises SendError where it is not, or is not yet."""
        match self._processed(request, end):
            case {"isSuccess": True}:
                return
            case {"isSuccess": False, **more}:
                words = str(more.get("status", ""))
                if DONE[kind].search(words) or self._is_so(kind, alias):
                    return
                log.warning("Opsgenie did not take a request to %s: %s", kind, masked(words[:2000])[:500])
                raise SendError(f"Opsgenie took the request to {kind} an alert and then did not do it", "refused", code="failed")
        raise SendError("Opsgenie sent an answer that paybot cannot read", "later", 30.0, code="unreadable")

    def _processed(self, request: str, end: float) -> Any:
        """What became of a request: 404 means not yet. One that we may not ask about counts as done, for it was accepted."""
        for wait_s in PAUSES_S:
            if self._clock() + wait_s > end:
                break
            self._sleep(wait_s)
            try:
                answer = self._asked("GET", f"/requests/{quote(request, safe='')}")
                if answer.status_code != 404:
                    return accepted(answer).get("data")
            except SendError as error:
                if error.code in UNSEEN:
                    log.warning("Opsgenie lets nobody see what became of a request (%s): give the key read access", error.code)
                    return {"isSuccess": True}
        raise SendError("Opsgenie has not processed the request yet", "later", code="pending")

    def _is_so(self, kind: Kind, alias: str) -> bool:
        """Whether the alert is already as it was asked to be."""
        try:
            answer = self._asked("GET", f"/{quote(alias, safe='')}?identifierType=alias")
            alert = accepted(answer).get("data") if answer.status_code != 404 else {"status": "closed"}
        except SendError as error:
            if error.outcome == "later":
                raise
            return False
        match alert:
            case {"status": "closed"}:
                return kind != "create"
            case {"status": "open", **more}:
                return kind == "create" or (kind == "acknowledge" and more.get("acknowledged") is True)
        return False

    def _asked(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The answer of any status to one request, whole and within its time. Raises SendError where there is none."""
        import requests  # noqa: PLC0415

        try:
            return self._connected().request(
                method,
                self._alerts + path,
                json=body,
                timeout=LOOK_S if body is None else LIMITS_S,
                allow_redirects=False,
            )
        except requests.exceptions.Timeout as error:
            raise unanswered("Opsgenie", late=True) from error
        except ValueError as error:  # an InvalidHeader, too, is a RequestException
            raise SendError(KEYLESS, "refused", code="key") from error
        except requests.exceptions.RequestException as error:
            raise unanswered("Opsgenie", late=False) from error

    def _connected(self) -> Any:
        import requests  # noqa: PLC0415 - takes a tenth of a second

        from bot.paging.bounded import Bounded  # noqa: PLC0415

        with self._lock:
            if self._session is None:
                session = requests.Session()
                session.auth = self._signed  # an entry in a .netrc would take the place of a mere header
                session.mount("https://", Bounded())
                session.mount("http://", Bounded())
                self._session = session
            return self._session

    def _signed(self, request: Any) -> Any:
        request.headers["Authorization"] = f"GenieKey {self._api_key}"
        return request


def body(intent: Intent, alias: str) -> dict[str, Any]:
    """What a request says: all of it for a new alert, and who asks for the others."""
    source = {"source": line(intent.payload.get("source", ""), 100, "paybot"), "user": "paybot"}
    if intent.kind != "create":
        return source
    payload = intent.payload
    tags = (f"{name}:{payload[name]}" for name in ("env", "rule", "section") if payload.get(name, "").strip())
    return {
        **source,
        "message": line(payload.get("summary", ""), MESSAGE, "An alert of paybot"),
        "alias": alias,
        "description": plain(description(payload), DESCRIPTION),
        "priority": PRIORITIES[severity(payload)],
        "tags": [line(tag, TAG, "paybot") for tag in ("paybot", *tags)][:TAGS],
        "details": {**details(payload), **links(payload)},
    }


def links(payload: Mapping[str, str]) -> dict[str, str]:
    found = {"slack": link(payload.get("message_url", "")), "runbook": link(payload.get("runbook_url", ""))}
    return {name: url for name, url in found.items() if url}


def description(payload: Mapping[str, str]) -> str:
    """The whole summary, as its line has room for 130 characters only, and who owns it."""
    owner = payload.get("owner", "").strip()
    return "\n".join((payload.get("summary", ""), *((f"Owner: {owner}",) if owner else ())))


def accepted(answer: Any) -> Mapping[str, Any]:
    """What a good answer says. Raises SendError for any other; Opsgenie's own words go into the log alone, masked."""
    status = answer.status_code
    if status in (200, 202):
        return content(answer)
    log.warning("Opsgenie answered %d: %s", status, masked(answer.text[:2000])[:500])
    raise refusal("Opsgenie", status, answer.headers.get("retry-after") or answer.headers.get("x-ratelimit-period-in-sec"))


def content(answer: Any) -> Mapping[str, Any]:
    """The JSON object of an answer, empty where it has none."""
    try:
        said = answer.json()
    except (ValueError, RecursionError):
        said = None
    return said if isinstance(said, dict) else {}
