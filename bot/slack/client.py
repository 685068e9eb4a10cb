"""Slack's own client for its Web API, with a limit on each answer as a whole; imported only once something is said."""

from __future__ import annotations

import logging
import time
from io import BytesIO
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

from slack_sdk.web import WebClient

from bot.slack.reading import NoRedirects, whole


class Client(WebClient):
    """Tries nothing again and logs nothing, as the SDK logs whole bodies; follows no redirect.

    `timeout_s` is for each step of a call, and for the whole of an answer.
    """

    def __init__(self, token: str | None, base_url: str, timeout_s: int) -> None:
        # the SDK's own retry posts a message twice when Slack's reply is lost
        super().__init__(token, base_url=base_url, timeout=timeout_s, retry_handlers=[], logger=silent())

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        """The one place at which the SDK talks to the network."""
        proxy = [ProxyHandler({"http": self.proxy, "https": self.proxy})] if self.proxy else []
        end_s = time.monotonic() + self.timeout
        try:
            with build_opener(*proxy, HTTPSHandler(context=self.ssl), NoRedirects).open(req, timeout=self.timeout) as answer:
                body = whole(answer, end_s).decode(errors="replace")
                return {"status": answer.status, "headers": answer.headers, "body": body}
        except HTTPError as error:
            with error:
                said = BytesIO(whole(error, end_s))
            raise HTTPError(error.url, error.code, error.msg, error.headers, said) from error


def silent() -> logging.Logger:
    """What happened is told by ChatError and by who counts calls."""
    logger = logging.getLogger("bot.slack.sdk")
    logger.setLevel(logging.CRITICAL)
    return logger
