"""Links into Kibana's Discover, whose state is written in Rison in the URL's fragment."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from urllib.parse import quote

from bot.sources.aggregations import iso


def discover(base: str, data_view: str, kql: str, start: datetime, end: datetime) -> str:
    """The URL that shows what `kql` finds in the data view between two times."""
    span = f"(time:(from:{rison(iso(start))},to:{rison(iso(end))}))"
    source = f"(dataViewId:{rison(data_view)},type:dataView)"
    state = f"(dataSource:{source},interval:auto,query:(language:kuery,query:{rison(kql)}))"
    return f"{base.rstrip('/')}/app/discover#/?_g={escaped(span)}&_a={escaped(state)}"


def any_of(field: str, values: Collection[str]) -> str:
    """KQL for a field that has one of the values, as phrases: no value can become an operator."""
    phrases = " or ".join(f'"{value}"' for value in (value.replace("\\", "\\\\").replace('"', '\\"') for value in values))
    return f"{field}: ({phrases})" if len(values) > 1 else f"{field}: {phrases}"


def rison(text: str) -> str:
    """A string in Rison, where `!` escapes."""
    return "'" + text.replace("!", "!!").replace("'", "!'") + "'"


def escaped(state: str) -> str:
    """Percent-encoded, but for the marks of Rison, so that a person can still read the link."""
    return quote(state, safe="(),:!'")
