"""The runbook as paybot reads it aloud: the sections of docs/runbooks/stripe-payments.md, by their headings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from commands.typed import nearest

SHIPPED = Path(__file__).with_name("stripe-payments.md")  # where an installed paybot has it
WRITTEN = Path(__file__).parents[1] / "docs" / "runbooks" / "stripe-payments.md"


@lru_cache(maxsize=1)
def topics() -> Mapping[str, str]:
    """The text of each topic, by its name, in the order of the page."""
    path = SHIPPED if SHIPPED.is_file() else WRITTEN
    parts = re.split(r"(?m)^#{1,2} ", path.read_text(encoding="utf-8"))
    pairs = (part.partition("\n") for part in parts)
    return {name.strip(): body.strip() for name, _, body in pairs if re.fullmatch(r"[a-z-]+", name.strip())}


def told(topic: str, url: str = "") -> str:
    """What the runbook says of a topic, as Slack's mrkdwn; without one, or of an unknown one, what there is."""
    found = topics()
    if topic in found:
        more = f"\n\nThe whole page: {url}#{topic}" if url else ""
        return f"*{topic}*\n{plainer(found[topic])}{more}"
    near = nearest(topic, tuple(found)) if topic else None
    unknown = f"The runbook has no `{topic[:60]}`.{f' Did you mean `{near}`?' if near else ''}\n" if topic else ""
    return f"{unknown}`/pay runbook <name>` knows: {', '.join(f'`{name}`' for name in found)}."


def plainer(markdown: str) -> str:
    """Markdown as Slack writes it: one star for bold, a line for each paragraph."""
    joined = re.sub(r"(?<!\n)\n(?![\n\d])", " ", markdown)
    return re.sub(r"\n{2,}", "\n", joined.replace("**", "*"))
