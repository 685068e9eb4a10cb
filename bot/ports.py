"""The edges of the process, as protocols, and the errors that may cross them.

SourceError   a source gave no usable answer: becomes a gap that the answer names
ChatError     Slack refused or did not answer: `retriable` says whether trying again can help
StoreError    the database could not do it: `retriable` says whether it may later
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from commands.args import Ask, Window
from commands.panel import Found, Query

Kind = Literal["timeout", "denied", "rate_limited", "unavailable", "bad_request", "bad_answer", "not_configured", "bug"]


class SourceError(Exception):
    """A source gave no usable answer. `said` completes "<source> …" and is safe to show: no URL, no secret, no foreign text."""

    def __init__(self, said: str, kind: Kind) -> None:
        super().__init__(said)
        self.said = said
        self.kind: Kind = kind


class ChatError(Exception):
    """Slack refused or did not answer.

    `code` is Slack's own error word ("not_in_channel"), or "timeout", "unreachable" or "ratelimited"; `said` is safe to show.
    """

    def __init__(self, code: str, said: str, *, retriable: bool = False) -> None:
        super().__init__(said)
        self.code = code
        self.said = said
        self.retriable = retriable


class StoreError(Exception):
    """The store could not do it. `said` is safe to show; `retriable` says that the same may succeed later."""

    def __init__(self, said: str, *, retriable: bool) -> None:
        super().__init__(said)
        self.said = said
        self.retriable = retriable


@dataclass(frozen=True, slots=True)
class Link:
    """A place where a person finds the same data: "Datadog", its URL."""

    title: str
    url: str


Answers = Mapping[str, Found | SourceError]


class Source(Protocol):
    """Something that answers queries. Threads may call it at once."""

    title: str  # as people know it: "Datadog", "Elasticsearch"

    def fetch(self, queries: Mapping[str, Query], window: Window, env: str, timeout_s: float) -> Answers:
        """The answers by the queries' keys, all queries in as few requests as the vendor allows, within `timeout_s`.

        A query without data gives an empty Series or a Table with no rows; one that alone could not be answered gives its
        SourceError. Raises SourceError, and nothing else, where none could.
        """
        ...

    def link(self, queries: Mapping[str, Query], ask: Ask) -> Link | None:
        """Where a person sees the same data in the vendor's own pages, or None."""
        ...

    def warm(self) -> None:
        """Loads and connects what the first fetch would otherwise wait for."""
        ...

    def stop(self) -> None:
        """Ends what it has started; it is not asked any more."""
        ...

    def probe(self, timeout_s: float) -> str:
        """One cheap real request for `paybot check --connect`: what it showed, in a few words. Raises SourceError."""
        ...
