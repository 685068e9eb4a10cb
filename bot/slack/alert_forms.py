"""The forms in which an alert's message is tried: with its chart, without it, and as bare text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.alerts.episode import Episode
from bot.slack.alert_buttons import Buttons
from bot.slack.alert_lists import bundle_in_words, bundle_message
from bot.slack.alert_message import alert_message, in_words
from bot.slack.messages import Message


def nobody(episode: Episode) -> str:
    """Nobody knows who would be paged."""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forms:
    """How alerts look here. `name` gives a person's name by their ID, and `on_call` who would be paged; both answer at once."""

    how: Buttons
    now: Callable[[], datetime]
    zone: str = "UTC"
    name: Callable[[str], str] = str
    on_call: Callable[[Episode], str] = nobody

    def of(self, episode: Episode, notice: str = "") -> tuple[Message, ...]:
        """The episode's message as it is to be, and what takes its place where Slack does not take that."""
        now, names, on_call = self.now(), self._names((episode,)), self.on_call(episode)
        charts = (episode, replace(episode, chart="")) if episode.chart else (episode,)
        return (
            *(alert_message(each, now, self.zone, how=self.how, names=names, on_call=on_call, notice=notice) for each in charts),
            in_words(episode, now, self.zone, names, notice),
        )

    def of_bundle(self, episodes: Sequence[Episode], notice: str = "") -> tuple[Message, ...]:
        """The one message of alerts that fired at once."""
        now, names = self.now(), self._names(episodes)
        return (
            bundle_message(episodes, now, self.zone, how=self.how, names=names, notice=notice),
            bundle_in_words(episodes, now, self.zone, names),
        )

    def _names(self, episodes: Iterable[Episode]) -> Mapping[str, str]:
        people = {who for each in episodes for who in (each.acked_by, each.snoozed_by, each.escalated_by) if who}
        return {who: self.name(who) for who in people}
