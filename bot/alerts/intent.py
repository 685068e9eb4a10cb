"""What is owed to a channel: one row of the outbox, and the words in which a channel says how sending it went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, Protocol

Target = Literal["slack", "pagerduty", "opsgenie"]
Status = Literal["new", "sending", "unknown", "done", "dead"]
# slack: show (post or edit the episode's message as it stands now), note (a line in its thread), chart (the picture into it),
#        digest (post or edit the stand-up digest of a date)
# pagerduty: trigger, acknowledge, resolve · opsgenie: create, acknowledge, close
Kind = Literal["show", "note", "chart", "digest", "trigger", "acknowledge", "resolve", "create", "close"]

BEGUN: Final = "begun"  # in the payload of what may have been told before (ISO): a backup may be older than what Slack shows


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """One thing to send. `key` is opaque and the same for every attempt; `seq` orders those of one episode and target.

    `priority` 0 goes first. `fence` rises with every claim: only its holder may settle the row.
    """

    key: str
    episode: str
    seq: int
    target: Target
    kind: Kind
    payload: Mapping[str, str] = field(default_factory=dict)
    priority: int = 2
    status: Status = "new"
    attempts: int = 0
    owner: str = ""
    fence: int = 0
    created: datetime
    first_try: datetime | None = None
    not_before: datetime | None = None
    remote_id: str = ""
    said: str = ""

    @property
    def earliest(self) -> datetime:
        """Before this nothing was sent for it."""
        begun = self.payload.get(BEGUN)
        tried = self.first_try or self.created
        return min(tried, datetime.fromisoformat(begun)) if begun else tried


class SendError(Exception):
    """Sending failed. `said` is safe to show.

    `outcome`: "refused" (it will never be taken: dead), "later" (it was not taken: again after `after_s`), "unknown" (it may
    have been taken: look before it is sent again).
    """

    def __init__(self, said: str, outcome: Literal["refused", "later", "unknown"], after_s: float = 0.0, code: str = "") -> None:
        super().__init__(said)
        self.said = said
        self.outcome: Literal["refused", "later", "unknown"] = outcome
        self.after_s = after_s
        self.code = code


class Remote(Protocol):
    """A channel as the dispatcher uses it. Every method waits with a limit and raises SendError, nothing else."""

    def send(self, intent: Intent) -> str:
        """Sends it, and gives what it is called there (a message's ts, a deduplication key)."""
        ...

    def look(self, intent: Intent) -> tuple[str, ...]:
        """Everything that this intent has already made there, oldest first; () when it is certain that there is nothing."""
        ...

    def withdraw(self, intent: Intent, remote_id: str) -> None:
        """Removes what a late owner or a repeated attempt made; gone already is no fault."""
        ...
