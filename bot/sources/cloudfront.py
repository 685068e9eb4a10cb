"""CloudFront's logs as a source: SQL over `cloudfront_logs`; a result that names edges names their cities too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Self

from bot.config import Config
from bot.ports import Answers
from bot.sources.archive.cloudfront import CLOUDFRONT
from bot.sources.archive.edges import city
from bot.sources.archive.source import Archive, engine
from charts.data import Column, Table
from commands.args import Window
from commands.panel import Query

EDGE, CITY = "edge", "city"


class CloudFront(Archive):
    """What viewers fetched; a log comes up to an hour late, single entries up to a day."""

    title = CLOUDFRONT.title
    needs = "needs PAYBOT_CLOUDFRONT_LOGS"
    table = CLOUDFRONT

    @classmethod
    def of(cls, config: Config, now: Callable[[], datetime]) -> Self | None:
        """The source, where the logs' place is set."""
        where = config.archives.cloudfront_logs
        return cls(engine(where, config), config.env, now) if where else None

    def fetch(self, queries: Mapping[str, Query], window: Window, env: str, timeout_s: float) -> Answers:
        """As of every archive; a Table with a column `edge` has a last column `city`."""
        found = super().fetch(queries, window, env, timeout_s)
        return {key: with_cities(part) if isinstance(part, Table) else part for key, part in found.items()}


def with_cities(table: Table) -> Table:
    place = next((number for number, column in enumerate(table.columns) if column.title == EDGE), None)
    if place is None:
        return table
    rows = tuple((*row, city(str(row[place])) if row[place] is not None else None) for row in table.rows)
    return replace(table, columns=(*table.columns, Column(CITY)), rows=rows)
