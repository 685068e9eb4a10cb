"""What the composer offers while somebody types."""

from __future__ import annotations

from bot.manifest import USAGE

HINTS: tuple[tuple[str, str], ...] = (
    ("/pay checkout 6h", "Success rate, sessions and failure reasons of the last six hours"),
    ("/pay checkout 24h vs yesterday", "The last day, with the day before drawn behind it"),
    ("/pay checkout 6h vs last week", "The same hours of a week ago, drawn behind"),
    ("/pay checkout since 09:00 only-me", "Since nine o'clock where you are; nobody else sees the answer"),
    ("/pay checkout 2h csv", "The numbers as a file, too"),
    ("/pay help", f"How to ask: {USAGE}"),
    ("@paybot checkout 1h", "The same in a thread, where commands do not work"),
    ("/invite @paybot", "Slack's own: lets paybot into this channel"),
)
