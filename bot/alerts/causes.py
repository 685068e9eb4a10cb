"""Which questions are asked for what is likely behind an alert, by section, and how their answers become words.

A section that is not here has no such question. What is not known, or known of too little, says nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from bot.alerts.episode import Episode
from bot.alerts.likely import grown_attempts, grown_edges, grown_kinds, grown_reasons, grown_regions, grown_rules
from bot.slack.text import masked
from charts.data import Table
from commands.checkout import REASONS
from commands.panel import Query
from commands.pipeline import RULES
from commands.retries import OUTCOMES
from commands.window import Window, step_for

COMPARED: Final = timedelta(hours=2)  # before the start: what is usual
MOST: Final = 4  # lines, so many a message shows
LOOKUP_S: Final = 10.0  # after that nothing more is asked: the chart waits for these words
SHORTEST: Final = timedelta(minutes=1)

# The names of the Elastic Common Schema. An index without these fields gives no name, and nothing is said.
REGIONS: Final = Query(
    "elastic",
    """{"region": {"terms": {"field": "cloud.region", "size": 100, "missing": ""}}}""",
    {"kind": "checkout.failed"},
    compare=False,
)
KINDS: Final = Query(
    "elastic",
    """{"kind": {"terms": {"field": "error.type", "size": 200, "missing": "", "order": {"failed": "desc"}}, "aggs": {
        "failed": {"filter": {"term": {"$kind": "receipt.failed"}}},
        "rendered": {"filter": {"term": {"$kind": "receipt.rendered"}}}}}}""",
    compare=False,
)
EDGES: Final = Query(
    "cloudfront",
    """SELECT edge, count(*) AS downloads, count_if(status >= 400) AS failures
       FROM cloudfront_logs
       WHERE day BETWEEN $first_day AND $last_day AND at >= $from AND at < $to AND method = 'GET' AND path LIKE '%receipt%'
       GROUP BY edge ORDER BY 2 DESC, 1 LIMIT 500""",
    compare=False,
)

Asks = Callable[[Query, Window, str], Table | str]  # a table, or in words why there is none; waits with a limit


@dataclass(frozen=True, slots=True)
class Cause:
    """One question, asked for the time before the start and for the time since, and the words for what grew between them."""

    query: Query
    grown: Callable[[Table, Table], tuple[str, ...]]


CAUSES: Final[Mapping[str, tuple[Cause, ...]]] = {
    "checkout": (Cause(REASONS, grown_reasons), Cause(REGIONS, grown_regions)),
    "retries": (Cause(OUTCOMES, grown_attempts), Cause(REASONS, partial(grown_reasons, of="failed payments"))),
    "receipts": (Cause(KINDS, grown_kinds), Cause(EDGES, grown_edges)),
    "pipeline": (Cause(RULES, grown_rules),),
}


def likely(
    episode: Episode, over: timedelta, now: datetime, ask: Asks, seconds: Callable[[], float] = time.monotonic
) -> tuple[str, ...]:
    """What grew since the episode began, masked, MOST lines at most; `over` is how far back its rule looks.

    Nothing is asked any more once LOOKUP_S have passed, so that it ends within that and the limit of one question.
    """
    before, since = windows(episode, over, now)
    end_s = seconds() + LOOKUP_S
    lines: list[str] = []
    for cause in CAUSES.get(episode.section, ()):
        answers = tuple(_answers(cause.query, (before, since), episode.env, ask, lambda: seconds() < end_s))
        if len(answers) == 2:
            lines += cause.grown(*answers)
    return tuple(masked(line) for line in lines[:MOST])


def windows(episode: Episode, over: timedelta, now: datetime) -> tuple[Window, Window]:
    """The time before the start, and that since: all that the rule had looked at when it fired is since the start."""
    start = min(episode.since, episode.opened - over)
    end = max(now, start + SHORTEST)
    since = Window(start, end, step_for(end - start), "UTC", "since the start", "since")
    return replace(since, start=start - COMPARED, end=start, step=step_for(COMPARED)), since


def _answers(query: Query, asked: tuple[Window, ...], env: str, ask: Asks, has_time: Callable[[], bool]) -> Iterator[Table]:
    """The tables, as far as they come: what has none for one window says nothing of the other."""
    for window in asked:
        found = ask(query, window, env) if has_time() else "not asked any more"
        if isinstance(found, str):
            return
        yield found
