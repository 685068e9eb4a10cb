"""What the page's drawer turns: the company's scenarios, its vendors' faults and its clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sandbox.bots import Bots
from sandbox.faults import FAULT_KINDS, Faults
from sandbox.night import Nights
from sandbox.postgres import why_not
from sandbox.scenarios import SCENARIOS
from sandbox.world import World

SOURCES = {
    "datadog": "Datadog",
    "elastic": "Elasticsearch",
    "aws": "AWS",
    "pagerduty": "PagerDuty",
    "opsgenie": "Opsgenie",
    "slack": "Slack",
}
KINDS: dict[str, str] = {
    "ok": "well",
    "slow": "slow (10 s)",
    "429": "429",
    "500": "500",
    "partial": "half an answer",
    "down": "down",
}
UNHEARD = "done, but no answer"
SPEEDS = (1, 10, 60, 120)  # faster, and minutes pass unseen in which the lag would have to be good again
LONGEST_JUMP_S = 86_400.0  # the events on the way are made at once


class CompanySwitches:
    """Implements `sandbox.workspace.console.Switches`."""

    def __init__(self, world: World, faults: Faults, nights: Nights, bots: Bots) -> None:
        self._world = world
        self._faults = faults
        self._nights = nights
        self._bots = bots

    def state(self) -> dict[str, Any]:
        running = {episode.scenario.name for episode in self._world.running()}
        faults = self._faults.active()
        clock = self._world.clock
        return {
            "clock": {"now": clock.now().timestamp(), "speed": clock.speed, "speeds": SPEEDS},
            "scenarios": [
                {"name": name, "title": scenario.title, "does": scenario.does, "on": name in running}
                for name, scenario in SCENARIOS.items()
            ],
            "faults": [
                {
                    "source": source,
                    "title": title,
                    "kind": faults[source].kind if source in faults else "ok",
                    "kinds": kinds(source),
                }
                for source, title in SOURCES.items()
            ],
            "night": self._nights.state(),
            "bots": self._bots.state(),
            "alone": self._alone(),
        }

    def _alone(self) -> str:
        """Why there is no second bot, "" where there is one."""
        if len(self._bots.state()) > 1:
            return ""
        return why_not() or "Start the sandbox with --replicas 2, and a second one works beside it on a PostgreSQL of theirs."

    def scenario(self, name: str, on: bool) -> None:
        if on:
            self._world.start(name)
        elif name in SCENARIOS:
            self._world.stop(name)
        else:
            raise KeyError(name)

    def fault(self, source: str, kind: str) -> None:
        if source not in SOURCES or kind not in KINDS:
            raise KeyError(source, kind)
        if kind == "ok":
            self._faults.clear(source)
        for known in FAULT_KINDS:
            if known == kind:
                self._faults.set(source, known)

    def jump(self, seconds: float) -> None:
        if not 0 <= seconds <= LONGEST_JUMP_S:
            raise ValueError(seconds)
        self._nights.end()
        self._world.clock.jump(timedelta(seconds=seconds))

    def speed(self, times: float) -> None:
        self._nights.end()
        self._world.clock.run(times)

    def standup(self) -> str:
        refused = self._bots.post_standup()
        return f"Not posted: {refused}." if refused else "Posted: today's stand-up stands in the channel."

    def night(self, on: bool) -> None:
        if on:
            self._nights.begin()
        else:
            self.speed(1)

    def bot(self, number: int, on: bool) -> None:
        self._bots.turn(number, on)


def kinds(source: str) -> list[dict[str, str]]:
    """The faults that a source can have, in words: half an answer of a pager is a page that went out and was not confirmed."""
    titles = {**KINDS, "partial": UNHEARD} if source in ("pagerduty", "opsgenie") else KINDS
    return [{"kind": kind, "title": title} for kind, title in titles.items() if not (kind == "partial" and source == "slack")]
