"""What is said to questions that are answered in words alone: how to ask, what to do first, and who is on call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.answer import Analyst
from bot.config import Config
from bot.runbook import told
from commands import SECTIONS
from commands.args import Alerts, Backtest, Digest, Help, OnCall, Runbook, Status, Words
from commands.help import usage
from commands.oncall import ON_CALL, on_call_lines

ONLY_IN_SLACK: Mapping[type[Words], str] = {
    Alerts: "Alerts are shown in Slack by a running bot: ask there with `/pay alerts`.",
    Digest: "The stand-up digest is shown in Slack by a running bot, with `/pay digest`, and here by `paybot digest`.",
    Status: "How a running bot does is shown in Slack, with `/pay status`; whether sources answer by `paybot check --connect`.",
}


def words(asked: Words, analyst: Analyst, config: Config, zone: str, now: datetime) -> str:
    """The words, times in `zone`; only who is on call has to be asked elsewhere."""
    match asked:
        case Help():
            return usage(SECTIONS)
        case Runbook(topic):
            return told(topic, config.answers.runbook_url)
        case OnCall():
            found = analyst.table(ON_CALL, config.env, now)
            service = config.pagerduty.service if config.pagerduty else "payments"
            return found if isinstance(found, str) else on_call_lines(found, service, zone)
        case Alerts() | Digest() | Status():
            return ONLY_IN_SLACK[type(asked)]
        case Backtest(rule):
            return f"Backtests run on the command line: `paybot rules backtest {rule or '<rule>'} --since 30d`."
