"""Everything that knows Slack: the way in (guard, server, listeners) and the one way out (text, messages, delivery)."""
