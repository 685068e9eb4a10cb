"""What the composer offers while somebody types."""

from __future__ import annotations

from commands.args import FORM

HINTS: tuple[tuple[str, str], ...] = (
    ("/pay", "Every section in one row, and who is on call"),
    ("/pay checkout 6h", "Success rate, sessions and failure reasons of the last six hours"),
    ("/pay checkout 24h vs yesterday", "The last day, with the day before drawn behind it"),
    ("/pay checkout 6h vs last week", "The same hours of a week ago, drawn behind"),
    ("/pay checkout since 09:00 only-me", "Since nine o'clock where you are; nobody else sees the answer"),
    ("/pay checkout 2h csv", "The numbers as a file, too"),
    ("/pay window 6h", "Expired sessions, overrides, and the share that expired without a retry"),
    ("/pay retries 6h", "Attempts, success by attempt, and the backlog"),
    ("/pay receipts 6h", "Render time, errors, and whether receipts were downloaded"),
    ("/pay funnel 6h", "What becomes of sessions, and whether events keep to the plan"),
    ("/pay pipeline 6h", "Webhook lag, the queue, and EventBridge's rules"),
    ("/pay alerts", "What fires now, who has it, and buttons to take it"),
    ("/pay oncall", "Who is on call"),
    ("/pay runbook receipts", "What to do first"),
    ("/pay help", f"How to ask: {FORM}"),
    ("@paybot checkout 1h", "The same in a thread, where commands do not work"),
    ("/invite @paybot", "Slack's own: lets paybot into this channel"),
)
