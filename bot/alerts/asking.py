"""The queries of all rules as `paybot check --connect` asks them, and which of them their sources refuse."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.alerts.questions import STEP, Answer, Call, calls_of, fetched
from bot.alerts.rule import Rule
from bot.config import Config
from bot.ports import Source, SourceError
from bot.slack.text import masked, plain
from bot.sources.faults import Refused
from commands.window import Window

LOOK = timedelta(minutes=10)  # so much is asked: whether a query is one does not show in more of it
WHY = 200  # characters of what a source wrote
KEYS = {"value": "query", "last": "last_query"}  # a rule's query as the settings file calls it

At = Callable[..., str]  # where a path of keys stands in the settings file


class RulesRefused(SourceError):
    """A source takes some queries of rules for none. `faults` is a line for each, with the rule's place and the reason."""

    def __init__(self, many: int, faults: tuple[str, ...]) -> None:
        super().__init__(f"refused {len(faults)} of {many} queries", "bad_request")
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Asking:
    """All that rules ask of one source in an environment; `at` says where a rule's key stands in the settings file."""

    source: Source
    call: Call
    config: Config
    now: datetime
    at: At

    def probe(self, timeout_s: float) -> str:
        """How long the answer to all of them took. Raises SourceError: RulesRefused where the source takes one for none."""
        start = time.perf_counter()
        try:
            answers: Mapping[str, Answer] = fetched(self.source, self.call, self._window(), timeout_s)
        except Refused as refused:
            answers = dict.fromkeys(self.call.queries, refused)
        faults = tuple(self._faults(answers))
        if faults:
            raise RulesRefused(len(self.call.queries), faults)
        many = len(self.call.queries)
        return f"{many} quer{'y' if many == 1 else 'ies'} taken, answered in {1000 * (time.perf_counter() - start):.0f} ms"

    def _window(self) -> Window:
        end = self.now.replace(second=0, microsecond=0) - self.config.alerts.delay
        return Window(end - LOOK, end, STEP, "UTC", "check", "check")

    def _faults(self, answers: Mapping[str, Answer]) -> Iterator[str]:
        """A line for each query that was answered with a fault of its own; what may pass by itself is none."""
        for own, answer in answers.items():
            if isinstance(answer, SourceError) and answer.kind in ("bad_request", "bad_answer"):
                rule, _, key = own.partition(" ")
                why = plain(masked(answer.why), WHY) if isinstance(answer, Refused) and answer.why else ""
                yield f"{self._place(rule, KEYS[key])}: {self.source.title} {answer.said}{f': {why}' if why else ''}"

    def _place(self, rule: str, key: str) -> str:
        """Where a rule's query stands; a shipped one is not in the file, but the names that it asks for may be."""
        own = self.config.overrides.get(rule)
        there = isinstance(own, Mapping) and key in own
        return f"{self.at('rules', rule, key)}: rules.{rule}.{key}" if there else f"rules.{rule}.{key} (as shipped)"


def rule_probes(
    rules: Iterable[Rule], config: Config, sources: Mapping[str, Source], now: datetime, at: At
) -> dict[str, Callable[[float], str]]:
    """The question of all rules that are switched on, to each source that is configured, by a name for people."""
    calls = calls_of((rule for rule in rules if rule.enabled), config.env)
    return {
        f"{sources[call.source].title}, rules in {call.env}": Asking(sources[call.source], call, config, now, at).probe
        for call in calls
        if call.source in sources
    }
