"""Settings of parts that are not built yet: accepted, so that one deployment's settings serve every version, and used by nothing.

Only their names and the form of their durations are checked. Who builds a part moves its names to `bot.config`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.shapes import anything, duration_s, secret, text, words

SETTINGS = dict.fromkeys(
    (
        "PAYBOT_BASE_URL",
        "PAGERDUTY_EVENTS_URL",
        "OPSGENIE_API_URL",
    ),
    words,
)
SECRETS = dict.fromkeys(
    (
        "DATABASE_URL",  # postgresql://user:password@…
        "PAGERDUTY_ROUTING_KEY",
        "PAGERDUTY_WEBHOOK_SECRET",
        "OPSGENIE_API_KEY",
    ),
    secret,
)
TABLES: Mapping[str, Mapping[str, Callable[[object], Any]]] = {
    "alerts": dict.fromkeys(("tick", "delay", "repeat_every"), text(duration_s)),
    "digest": dict.fromkeys(("at", "days", "timezone", "holidays"), anything),
    "roles": {"responder": anything},
}
RULE: Mapping[str, Callable[[object], Any]] = {  # the keys of a table [rules.<name>]
    **dict.fromkeys(("over", "for", "clear"), text(duration_s)),
    **dict.fromkeys(("below", "above", "recover", "no_data", "severity", "routes", "owner", "enabled"), anything),
}
