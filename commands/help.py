"""`/pay help`: what can be asked, who owns it, and in which words."""

from __future__ import annotations

from collections.abc import Mapping

from commands.args import DEFAULT_RANGE, FORM
from commands.panel import Section


def usage(sections: Mapping[str, Section]) -> str:
    """How paybot is asked, in a few lines, with the sections and their owners."""
    return "\n".join(
        (
            f"`/pay {FORM}`, in any order after the section.",
            *(line(section) for section in sections.values()),
            "`/pay alerts`: what is firing, with its buttons. `/pay oncall`: who is on call. "
            "`/pay runbook [section or alert]`: what to do first.",
            "`/pay digest`: what the stand-up digest would say now. "
            "`/pay backtest <rule> 30d`: when an alert's rule would have fired. `/pay status`: how paybot and its sources do.",
            "Ranges: `15m`, `6h`, `7d`, `today`, `yesterday`, `since 09:00`, `14:00..15:30`, `2026-11-21`, "
            f"`2026-11-21 14:00..16:00`; `{DEFAULT_RANGE}` when none is named. Times are in your own time zone.",
            "Comparisons: `vs yesterday` and `vs last week` (the same clock times), `vs 6h` (six hours earlier), "
            "`vs 2026-11-14`, `vs 2026-11-14 14:00..16:00`.",
            "`only-me` answers only you, `shared` the channel, whatever you have set in App Home; "
            "`csv` adds the numbers as a file.",
        )
    )


def line(section: Section) -> str:
    """A section, what it shows, and whose it is."""
    if section.brief is None:
        return f"• `{section.name}`: one row for each section, and who is on call; also what `/pay` alone answers"
    shown = dict.fromkeys(panel.name for panel in section.panels)
    return f"• `{section.name}`: {', '.join(shown)} ({section.owner})"
