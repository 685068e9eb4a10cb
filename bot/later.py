"""Settings of parts that are not built yet: accepted, so that one deployment's settings serve every version, and used by nothing.

Who builds a part moves its names to `bot.config`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.shapes import anything

TABLES: Mapping[str, Mapping[str, Callable[[object], Any]]] = {
    "digest": dict.fromkeys(("at", "days", "timezone", "holidays"), anything),
}
