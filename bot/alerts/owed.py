"""What is owed to each channel for an episode: intents, numbered in the order in which the channel is to hear them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from bot.alerts.episode import Episode
from bot.alerts.intent import BEGUN, Intent, Kind, Target
from bot.alerts.keys import dedup_key, intent_key
from bot.slack.text import masked
from commands.words import figure

PRIORITY = {"critical": 0, "error": 1, "warning": 2, "info": 3}


class Owing:
    """Makes the intents of one transaction; `seq` is the newest number that each episode and target has in the outbox.

    `told_before`: this time was lost, and perhaps only to the store. What begins in it is looked up before it is sent.
    """

    def __init__(
        self, now: datetime, seq: Mapping[tuple[str, str], int], runbook_url: str = "", *, told_before: bool = False
    ) -> None:
        self._now = now
        self._seq = dict(seq)
        self._runbook_url = runbook_url
        self._told_before = told_before

    def fired(self, episode: Episode) -> Iterator[Intent]:
        """Slack hears first the words, then the picture; the pagers that it is routed to hear at once."""
        yield self._first(episode)
        if "bundle" not in episode.extra:
            yield self._intent(episode, "slack", "chart")
        yield from self.paged(episode)

    def missed(self, episode: Episode) -> Iterator[Intent]:
        """What began and ended while nobody watched is told once, and wakes nobody."""
        yield self._first(episode)

    def shown(self, episode: Episode) -> Iterator[Intent]:
        yield self._intent(episode, "slack", "show")

    def noted(self, episode: Episode, said: str) -> Iterator[Intent]:
        """A line in the message's thread."""
        yield self._intent(episode, "slack", "note", {"text": masked(said)})

    def paged(self, episode: Episode) -> Iterator[Intent]:
        if "pagerduty" in episode.routes:
            yield self._intent(episode, "pagerduty", "trigger", self._page(episode))
        if "opsgenie" in episode.routes:
            yield self._intent(episode, "opsgenie", "create", self._page(episode))

    def taken(self, episode: Episode) -> Iterator[Intent]:
        """The pagers hear that somebody has it in hand."""
        yield from self._pagers(episode, "acknowledge", "acknowledge")

    def over(self, episode: Episode) -> Iterator[Intent]:
        yield from self._pagers(episode, "resolve", "close")

    def _first(self, episode: Episode) -> Intent:
        show = self._intent(episode, "slack", "show")
        if not self._told_before:
            return show
        return replace(show, status="unknown", payload={**show.payload, BEGUN: episode.since.isoformat()})

    def _pagers(self, episode: Episode, pagerduty: Kind, opsgenie: Kind) -> Iterator[Intent]:
        key = {"dedup_key": dedup_key(episode.env, episode.id)}
        if "pagerduty" in episode.routes:
            yield self._intent(episode, "pagerduty", pagerduty, key)
        if "opsgenie" in episode.routes:
            yield self._intent(episode, "opsgenie", opsgenie, key)

    def _intent(self, episode: Episode, target: Target, kind: Kind, payload: Mapping[str, str] | None = None) -> Intent:
        seq = self._seq[episode.id, target] = self._seq.get((episode.id, target), 0) + 1
        bundle = {"bundle": episode.extra["bundle"]} if target == "slack" and "bundle" in episode.extra else {}
        return Intent(
            key=intent_key(target, episode.id, seq, kind),
            episode=episode.id,
            seq=seq,
            target=target,
            kind=kind,
            payload={**bundle, **(payload or {})},
            priority=PRIORITY[episode.severity],
            created=self._now,
        )

    def _page(self, episode: Episode) -> Mapping[str, str]:
        """What a pager is told, all in words."""
        number = "no number" if episode.value is None else figure(episode.value, episode.unit)
        limit = f"{'above' if episode.above else 'below'} {figure(episode.limit, episode.unit)}"
        said = episode.extra.get("said") if episode.value is None else ""
        drill = "DRILL, nothing is wrong: " if episode.drill else ""
        return {
            "dedup_key": dedup_key(episode.env, episode.id),
            "summary": f"{drill}{episode.title} ({episode.series}): {said or f'{number}, {limit}'}",
            "severity": episode.severity,
            "source": f"paybot {episode.env}",
            "component": episode.section or episode.rule,
            "rule": episode.rule,
            "series": episode.series,
            "env": episode.env,
            "value": number,
            "limit": f"{episode.limit:g}",
            "owner": episode.owner,
            "section": episode.section,
            "since": f"{episode.since:%Y-%m-%dT%H:%M:%SZ}",
            "runbook_url": f"{self._runbook_url}#{episode.rule}" if self._runbook_url else "",
        }
