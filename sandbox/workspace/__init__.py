"""A small Slack: its Web API with its limits, slash commands, buttons and events towards the bot, and a page to use it."""
