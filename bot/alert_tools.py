"""What people ask about alerts in words: which are open, and what a rule would have fired."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from bot.alerts.rule import Rule
from bot.alerts.shelf import Shelf
from bot.alerts.standing import standing_table
from bot.alerts.tools import backtested, chosen
from bot.config import Config
from bot.ports import Source, StoreError
from bot.slack.alert_buttons import Buttons
from bot.slack.alert_lists import open_alerts_message
from bot.slack.messages import Message
from charts.data import Table
from commands.args import Backtest, BadInput

RECENT: Final = timedelta(hours=24)  # closed alerts that `/pay alerts` still lists
LISTED: Final = 40
COUNTED: Final = 1_000  # open alerts that the overview counts


class AlertTools:
    """`name` is what people call somebody, `on_call` who is on call as far as that is known."""

    def __init__(
        self,
        config: Config,
        shelf: Shelf,
        rules: Sequence[Rule],
        sources: Mapping[str, Source],
        how: Buttons,
        now: Callable[[], datetime],
        *,
        name: Callable[[str], str],
        on_call: Callable[[], str],
    ) -> None:
        self._config = config
        self._shelf = shelf
        self._rules = rules
        self._sources = sources
        self._how = how
        self._now = now
        self._name = name
        self._on_call = on_call

    def standing(self, env: str, zone: str) -> Table:
        """What is open in an environment. Raises StoreError."""
        found = self._shelf.recent(self._now() + RECENT, COUNTED)  # none was closed so late
        return standing_table((each for each in found if each.env == env), zone, self._name)

    def open_alerts(self, zone: str) -> Message:
        """What is open and what was lately, with buttons. Raises BadInput where the store is away."""
        now = self._now()
        try:
            found, dead = self._shelf.recent(now - RECENT, LISTED), self._shelf.dead()
        except StoreError as error:
            raise BadInput(f"Alerts cannot be listed now: {error.said}.") from error
        open_ = [each for each in found if each.closed is None]
        closed = [each for each in found if each.closed is not None]
        people = {who for each in found for who in (each.acked_by, each.snoozed_by, each.escalated_by) if who}
        names = {who: self._name(who) for who in people}
        return open_alerts_message(open_, closed, now, zone, how=self._how, names=names, dead=dead, on_call=self._on_call())

    def backtest(self, asked: Backtest, zone: str) -> str:
        """What a rule would have fired, as mrkdwn that is not escaped. Raises BadInput for a rule that is not there."""
        found = chosen(self._rules, asked.rule)
        if not found:
            raise BadInput(f"There is no rule `{asked.rule[:60]}`. Rules: {', '.join(rule.name for rule in self._rules)}.")
        test = partial(backtested, sources=self._sources, config=self._config, since=asked.since)
        return "\n".join(line for rule in found for line in test(rule, now=self._now(), zone=zone).lines)
