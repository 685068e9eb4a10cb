"""PagerDuty's REST API as a source: who is on call. The deadline of the ask bounds all attempts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Self

from bot.config import Config, PagerDuty
from bot.paging import pd
from bot.ports import Answers, Link, SourceError
from bot.sources.faults import RateLimited, refusal, unreadable
from bot.sources.retry import Deadline, patiently
from charts.data import Column, Table, Value
from commands.args import Ask, Window
from commands.panel import Query

KEPT_S = 60.0
CONNECT_S, READ_S = 3.0, 5.0
LIMIT = 100
COLUMNS = (Column("Level", "count"), Column("Person"), Column("Until"), Column("Schedule"))


class OnCall:
    """Query text `oncall`: a Table of Level, Person, Until (epoch s, None: always) and Schedule; kept for a minute."""

    title = "PagerDuty"
    needs = "needs PAGERDUTY_API_KEY"

    def __init__(self, settings: PagerDuty, now: Callable[[], datetime], clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._now = now
        self._clock = clock
        self._lock = threading.Lock()
        self._session: Any = None
        self._kept: tuple[float, Table] | None = None

    @classmethod
    def of(cls, config: Config, now: Callable[[], datetime]) -> Self | None:
        """The source, where its key is set."""
        return cls(config.pagerduty, now) if config.pagerduty and config.pagerduty.api_key else None

    def warm(self) -> None:
        """Imports what the first fetch would otherwise wait for."""
        with self._lock:
            self._connected()

    def stop(self) -> None:
        """Nothing: it starts nothing that outlives a question."""

    def fetch(self, queries: Mapping[str, Query], window: Window, env: str, timeout_s: float) -> Answers:
        """Who is on call now, whatever the window. Those who ask at once share one answer."""
        deadline = Deadline(timeout_s)
        if not self._lock.acquire(timeout=timeout_s):
            deadline.left()
        try:
            return dict.fromkeys(queries, self._on_call(deadline))
        finally:
            self._lock.release()

    def link(self, queries: Mapping[str, Query], ask: Ask) -> Link | None:
        """None: whoever needs PagerDuty has its app."""
        return None

    def probe(self, timeout_s: float) -> str:
        start = time.perf_counter()
        with self._lock:
            self._kept = None
            found = self._on_call(Deadline(timeout_s))
        took_ms = 1000 * (time.perf_counter() - start)
        many = sum(1 for row in found.rows if row[0] == 1)
        return f"answers in {took_ms:.0f} ms; {many or 'nobody'} on call for {self._settings.service}"

    def _on_call(self, deadline: Deadline) -> Table:
        if self._kept and self._clock() - self._kept[0] < KEPT_S:
            return self._kept[1]
        policy = self._policy(deadline)
        params = {"escalation_policy_ids[]": [policy], "earliest": "true", "include[]": ["users"], "limit": LIMIT}
        match self._get("/oncalls", params, deadline):
            case {"oncalls": list(listed)}:
                found = Table(COLUMNS, tuple(sorted((row(each) for each in listed), key=lambda one: (one[0] or 0, str(one[1])))))
                self._kept = (self._clock(), found)
                return found
        raise unreadable()

    def _policy(self, deadline: Deadline) -> str:
        """The escalation policy of the service of that very name: a search also finds those that only begin so."""
        name = self._settings.service
        match self._get("/services", {"query": name, "limit": LIMIT}, deadline):
            case {"services": list(listed)}:
                for service in listed:
                    match service:
                        case {"name": str(found), "escalation_policy": {"id": str(policy)}} if found == name:
                            return policy
                raise SourceError(f"has no service called {name}", "bad_request")
        raise unreadable()

    def _get(self, path: str, params: Mapping[str, Any], deadline: Deadline) -> Any:
        return patiently(lambda: self._attempt(path, params, deadline), deadline)

    def _attempt(self, path: str, params: Mapping[str, Any], deadline: Deadline) -> Any:
        left = deadline.left()
        with translated():
            session = self._connected()
            session.timeout = (min(CONNECT_S, left), min(READ_S, left))
            response = session.get(path, params=params)
            if response.status_code == 429:
                reset = response.headers.get("ratelimit-reset", "")
                raise RateLimited(float(reset) if reset.isascii() and reset.isdigit() else None)
            if response.status_code != 200:
                raise refusal(response.status_code)
            return response.json()

    def _connected(self) -> Any:
        if self._session is None:
            self._session = pd.rest(self._settings.api_key, self._settings.api_url)
        return self._session


@contextmanager
def translated() -> Iterator[None]:
    """Whatever pdpyras and what is below it raise, as SourceErrors."""
    import requests  # noqa: PLC0415 - comes with pdpyras

    try:
        yield
    except (requests.exceptions.JSONDecodeError, RecursionError) as error:
        raise unreadable() from error
    except pd.library().PDClientError as error:
        failed = pd.failure(error) or pd.Failure()
        if failed.status is not None:
            raise refusal(failed.status) from error
        if failed.late:
            raise SourceError("did not answer in time", "timeout") from error
        raise SourceError("could not be reached", "unavailable") from error


def row(listed: Any) -> tuple[Value, ...]:
    """One person on call; somebody permanently on call has neither schedule nor end."""
    match listed:
        case {"user": {"summary": str(name)} as user, "escalation_level": int(level)}:
            schedule = listed.get("schedule") or {}
            return (float(level), str(user.get("name") or name), end(listed.get("end")), str(schedule.get("summary") or ""))
    raise unreadable()


def end(text: Any) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp() if text else None
    except (TypeError, ValueError) as error:
        raise unreadable() from error
