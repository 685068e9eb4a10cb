"""The only module that knows pdpyras: its import, its two sessions with every trap bounded, and what its errors mean.

pdpyras is deprecated and warns of it at its import; its sessions ask again for ever after a 429, sleep through minutes
after other errors, and follow redirects with the key in their hands. Here they ask once (docs/decisions/0010).
"""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from typing import Any

CONNECT_S, READ_S = 2.0, 3.0
GIVE_UP = -2  # any number below -1 gives a response back at once; with 0 or nothing a 429 would be asked again for ever


def library() -> Any:
    """pdpyras, imported with the first question: it takes a third of a second."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pdpyras  # noqa: PLC0415
    logging.getLogger("pdpyras").setLevel(logging.CRITICAL)  # it counts our "-2 attempts", as an error
    return pdpyras


def rest(api_key: str, url: str) -> Any:
    """A session of the REST API. Its `timeout` is set before each request: one that is given with a request is overwritten."""
    return _bounded(library().APISession(api_key), url)


def events(routing_key: str, url: str) -> Any:
    """A session of the Events API, version 2. Its requests wait for five seconds at most, for connection and answer together."""
    session = _bounded(library().EventsAPISession(routing_key), url)
    session.timeout = (CONNECT_S, READ_S)
    return session


def _bounded(session: Any, url: str) -> Any:
    from bot.paging.bounded import Bounded  # noqa: PLC0415 - loads requests

    session.url = url
    session.retry = {429: GIVE_UP}
    session.max_network_attempts = 0
    session.get_redirect_target = lambda response: None  # a redirect is an answer like any other: no key goes elsewhere
    session.mount("https://", Bounded())
    session.mount("http://", Bounded())
    return session


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a request failed. `response` is None where nothing was answered; `late` says that it took too long."""

    response: Any = None
    late: bool = False

    @property
    def status(self) -> int | None:
        return None if self.response is None else int(self.response.status_code)


def failure(error: Exception) -> Failure | None:
    """What an error of pdpyras means, or None when it is not one of its own."""
    from requests.exceptions import Timeout  # noqa: PLC0415 - comes with pdpyras

    if not isinstance(error, library().PDClientError):
        return None
    return Failure(getattr(error, "response", None), isinstance(error.__cause__, Timeout))
