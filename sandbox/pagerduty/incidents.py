"""PagerDuty's incidents: opened and ended by events, taken and resolved by people, each with its timeline."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from sandbox.pagerduty.rotation import turns
from sandbox.workspace.cast import Person

State = Literal["triggered", "acknowledged", "resolved"]
Json = dict[str, Any]
SERVICE = "PCHK001"
FIRST_NUMBER = 4711


@dataclass(frozen=True, slots=True)
class Call:
    """One event that was accepted, as it came."""

    at: datetime
    action: str
    key: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a timeline; `who` is "" for what no person did."""

    at: datetime
    what: str
    who: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One problem. `paged` is who was woken up for it."""

    number: int
    key: str
    title: str
    severity: str
    created: datetime
    paged: Person
    state: State = "triggered"
    timeline: tuple[Entry, ...] = ()

    @property
    def id(self) -> str:
        return f"PSBX{self.number}"


class Incidents:
    """All incidents, and `ledger`: every event that was accepted, in order, which nothing ever leaves. Threads may share it.

    `url` is where people see them: their pages are below it. `tell` is given each webhook's event. With `keyed` false an
    incident does not say its key, as PagerDuty's schema has it of incidents that have alerts.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        url: str = "http://127.0.0.1/pagerduty",
        tell: Callable[[Json], None] = lambda event: None,
        *,
        keyed: bool = True,
    ) -> None:
        self.url = url
        self.ledger: list[Call] = []
        self._now = now
        self._tell = tell
        self._keyed = keyed
        self._all: dict[str, Incident] = {}  # by ID, oldest first
        self._lock = threading.RLock()

    def take(self, event: Mapping[str, Any]) -> str:
        """Takes an event that has been found good; gives its key. What has no open incident to act on is dropped."""
        with self._lock:
            key = event.get("dedup_key") or uuid.uuid4().hex
            self.ledger.append(Call(self._now(), event["event_action"], key, event))
            match event["event_action"], self.open(key):
                case "trigger", None:
                    self._opened(key, event["payload"])
                case "trigger", Incident() as incident:
                    self._keep(incident, incident.state, "triggered again")
                case "acknowledge", Incident(state="triggered") as incident:
                    self._changed(incident, "acknowledged")
                case "resolve", Incident() as incident:
                    self._changed(incident, "resolved")
            return key

    def acknowledge(self, own: str, by: Person) -> Incident:
        """A person takes it. Raises KeyError for an incident that is not there; one that is over stays over."""
        return self._acted(own, "acknowledged", by, ("triggered", "acknowledged"))

    def unacknowledge(self, own: str, by: Person | None = None) -> Incident:
        """A person gives it back, or its time ran out."""
        return self._acted(own, "triggered", by, ("acknowledged",))

    def resolve(self, own: str, by: Person) -> Incident:
        """A person ends it, likewise."""
        return self._acted(own, "resolved", by, ("triggered", "acknowledged"))

    def open(self, key: str) -> Incident | None:
        """The open incident with this key; there is at most one."""
        return next((each for each in self.all() if each.key == key and each.state != "resolved"), None)

    def get(self, own: str) -> Incident:
        """The incident with this ID, or KeyError."""
        with self._lock:
            return self._all[own]

    def all(self) -> tuple[Incident, ...]:
        """All of them, oldest first."""
        with self._lock:
            return tuple(self._all.values())

    def pages(self) -> list[Json]:
        """Who was woken up, newest first: `{id, who, what, when, status, url}`, `when` in epoch seconds."""
        return [
            {
                "id": each.id,
                "who": each.paged.name,
                "what": each.title,
                "when": each.created.timestamp(),
                "status": each.state,
                "url": self.page(each),
            }
            for each in reversed(self.all())
        ]

    def page(self, incident: Incident) -> str:
        return f"{self.url}/shown/{incident.id}"

    def shown(self, incident: Incident) -> Json:
        """The incident as the REST API and webhooks show it."""
        return {
            "id": incident.id,
            "type": "incident",
            "summary": f"[#{incident.number}] {incident.title}",
            "self": f"{self.url}/incidents/{incident.id}",
            "html_url": self.page(incident),
            "number": incident.number,
            "incident_number": incident.number,
            "title": incident.title,
            "status": incident.state,
            "incident_key": incident.key if self._keyed else None,
            "created_at": stamp(incident.created),
            "urgency": "high" if incident.severity in ("critical", "error") else "low",
            "service": {"id": SERVICE, "type": "service_reference", "summary": "Payments Checkout"},
            "assignments": [] if incident.state == "resolved" else [{"assignee": user(incident.paged)}],
        }

    def _opened(self, key: str, payload: Mapping[str, Any]) -> None:
        now = self._now()
        incident = Incident(
            number=FIRST_NUMBER + len(self._all),
            key=key,
            title=payload["summary"],
            severity=payload["severity"],
            created=now,
            paged=turns(now)[0].person,
        )
        self._keep(incident, "triggered", "triggered")
        self._news(incident.id, "incident.triggered", None)

    def _acted(self, own: str, state: State, by: Person | None, only: tuple[State, ...]) -> Incident:
        with self._lock:
            incident = self._all[own]
            if incident.state not in only:
                return incident
            return self._changed(incident, state, by)

    def _changed(self, incident: Incident, state: State, by: Person | None = None) -> Incident:
        what = "unacknowledged" if state == "triggered" else state
        self._keep(incident, state, what, by)
        self._news(incident.id, f"incident.{what}", by)
        return self._all[incident.id]

    def _keep(self, incident: Incident, state: State, what: str, by: Person | None = None) -> None:
        entry = Entry(self._now(), what, by.name if by else "")
        self._all[incident.id] = replace(incident, state=state, timeline=(*incident.timeline, entry))

    def _news(self, own: str, kind: str, by: Person | None) -> None:
        """The event of a webhook; what an integration did has its service as agent."""
        service = {"id": SERVICE, "type": "service_reference", "summary": "Payments Checkout"}
        event = {
            "id": uuid.uuid4().hex.upper()[:26],
            "event_type": kind,
            "resource_type": "incident",
            "occurred_at": self._now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "agent": user(by) if by else service,
            "client": {"name": "PagerDuty"} if by else None,
            "data": self.shown(self._all[own]),
        }
        self._tell(event)


def user(person: Person) -> Json:
    return {"id": person.id, "type": "user_reference", "summary": person.name}


def stamp(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"
