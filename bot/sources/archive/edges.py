"""Edge locations of CloudFront: the first three letters are usually the code of an airport nearby, and so name a city."""

from __future__ import annotations

import re
from functools import lru_cache

CODE = re.compile(r"([A-Z]{3})\d")


def city(edge: str | None) -> str:
    """The city of an edge location ("FRA56-P3": "Frankfurt-am-Main"); a code that no airport has stays what it is."""
    found = CODE.match(edge or "")
    return _cities().get(found[1], found[1]) if found else edge or ""


@lru_cache(maxsize=1)
def _cities() -> dict[str, str]:
    import airportsdata  # noqa: PLC0415 - thousands of airports, needed by one table

    return {code: airport["city"] for code, airport in airportsdata.load("IATA").items() if airport["city"]}
