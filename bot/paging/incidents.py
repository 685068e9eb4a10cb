"""Which incident is whose, by PagerDuty's REST API: its page by an episode's key, and the keys of its alerts."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

from bot.paging import pd
from bot.paging.words import link

log = logging.getLogger(__name__)

API_URL = "https://api.pagerduty.com"
LIMITS_S = (2.0, 3.0)  # for the connection, and for the answer
KEPT = 1_000  # answers that are remembered
AGAIN_S = 5.0  # PagerDuty opens incidents a moment after it has taken the event: what is not there yet may be there soon


class Incidents:
    """Finds incidents by deduplication key and keys by incident. Threads may share it; `clock` is monotonic seconds."""

    def __init__(self, *, api_key: str, api_url: str = API_URL, clock: Callable[[], float] = time.monotonic) -> None:
        self._api_key = api_key
        self._url = api_url
        self._clock = clock
        self._session: Any = None
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[tuple[str, ...], float]] = OrderedDict()  # by path: what was found, and when

    def incident_of(self, dedup_key: str) -> str:
        """The page of the newest incident with this key; "" where there is none yet or PagerDuty does not say. Never raises.

        Over within five seconds. A page is remembered; that there is none is asked again after a few seconds.
        """
        query = urlencode({"incident_key": dedup_key, "sort_by": "created_at:desc", "limit": 5})
        return next(iter(self._found(f"/incidents?{query}", lambda answer: pages(answer, dedup_key))), "")

    def keys_of(self, incident: str) -> tuple[str, ...]:
        """The deduplication keys of the alerts of the incident with this ID, likewise."""
        return self._found(f"/incidents/{quote(incident, safe='')}/alerts?limit=100", alert_keys)

    def _found(self, path: str, read: Callable[[Any], tuple[str, ...]]) -> tuple[str, ...]:
        with self._lock:
            found, asked = self._known.get(path, ((), float("-inf")))
            if found or self._clock() - asked < AGAIN_S:
                return found
            try:
                found = read(self._asked(path))
            except Exception as error:  # noqa: BLE001 - a link is an extra: nothing may fail for want of it
                log.info("PagerDuty did not say where an incident is: %s", type(error).__name__)
            self._known[path] = (found, self._clock())
            self._known.move_to_end(path)
            if len(self._known) > KEPT:
                self._known.popitem(last=False)
            return found

    def _asked(self, path: str) -> Any:
        if self._session is None:
            self._session = pd.rest(self._api_key, self._url)
        self._session.timeout = LIMITS_S
        answer = self._session.get(path)
        if answer.status_code != 200:
            log.info("PagerDuty answered %d when asked for an incident", answer.status_code)
            return None
        return answer.json()


def pages(answer: Any, dedup_key: str) -> tuple[str, ...]:
    """The pages of the listed incidents. One that has alerts need not have a key: PagerDuty has looked at its alerts' keys."""
    match answer:
        case {"incidents": [*listed]}:
            ours = (each for each in listed if isinstance(each, dict) and each.get("incident_key") in (None, "", dedup_key))
            return tuple(filter(None, (link(str(each.get("html_url", ""))) for each in ours)))
    return ()


def alert_keys(answer: Any) -> tuple[str, ...]:
    match answer:
        case {"alerts": [*listed]}:
            return tuple(str(each["alert_key"]) for each in listed if isinstance(each, dict) and each.get("alert_key"))
    return ()
