"""Alerts through processes that are killed: what the channels hold in the end, against what the feed says they should."""
