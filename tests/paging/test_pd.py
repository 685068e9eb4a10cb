"""One module knows pdpyras, and a source that has no key asks nobody."""

from __future__ import annotations

import re
from pathlib import Path

from bot.alerts.channel import MARGIN_S
from bot.config import Config, PagerDuty
from bot.paging.opsgenie import Opsgenie
from bot.paging.pagerduty import PagerDutyEvents
from bot.sources.pagerduty import OnCall
from tests.paging.intents import NOON


def test_one_module_imports_pdpyras() -> None:
    """Decision 0010: its successor replaces one file."""
    found = {path.name for path in Path("bot").rglob("*.py") if re.search(r"^\s*(?:import|from) pdpyras", path.read_text(), re.M)}
    assert found == {"pd.py"}


def test_who_is_on_call_is_asked_only_with_a_key_for_it() -> None:
    """A routing key pages people and reads nothing."""
    assert OnCall.of(Config(pagerduty=PagerDuty(routing_key="r" * 32)), lambda: NOON) is None
    assert OnCall.of(Config(pagerduty=PagerDuty(api_key="u+key")), lambda: NOON) is not None
    assert OnCall.of(Config(), lambda: NOON) is None


def test_a_page_fits_into_the_outboxs_lease() -> None:
    """Who sends holds the intent for 15 s: a page is over before somebody else may send it."""
    assert PagerDutyEvents.limit_s == 5
    assert Opsgenie.limit_s + MARGIN_S < 15
