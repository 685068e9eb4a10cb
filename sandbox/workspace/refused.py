"""How Slack says no."""

from __future__ import annotations


class Refused(Exception):
    """A call that Slack answers with `"ok": false`: its error word, and what it says in `response_metadata.messages`.

    `more` stands beside the error word, as the scope that is missing does.
    """

    def __init__(self, error: str, *messages: str, **more: str) -> None:
        super().__init__(error)
        self.error = error
        self.messages = messages
        self.more = more
