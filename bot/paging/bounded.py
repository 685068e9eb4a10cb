"""Answers over HTTP that are bounded in time and size, for sessions of `requests`. It loads `requests`: import it late."""

from __future__ import annotations

import time
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import urllib3
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectionError as Broken
from requests.exceptions import ReadTimeout

LIMIT = 2_000_000  # bytes once decoded: a hundred times what a pager answers
PIECE = 65_536
FRESH_S = 5.0  # between two pages lie hours: a connection that was kept open for so long may be gone without a word


class Bounded(HTTPAdapter):
    """Reads each answer whole, within the sum of the request's two time limits, and at most LIMIT bytes of it.

    `requests` holds its limits against each piece of an answer: one that trickles would take hours. It never asks again, and
    never over a connection that has been quiet for FRESH_S.
    """

    _asked = 0.0

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> Response:
        start = time.monotonic()
        if start - self._asked > FRESH_S:
            self.close()
        self._asked = start
        response = super().send(request, True, timeout, verify, cert, proxies)
        raw = response.raw
        try:
            response.raw = BytesIO(b"".join(_pieces(raw, start + sum(timeout))))
        except urllib3.exceptions.ReadTimeoutError as error:
            raise ReadTimeout(request=request) from error
        except urllib3.exceptions.HTTPError as error:
            raise Broken(request=request) from error
        finally:
            raw.close()
        return response


def _pieces(raw: Any, end: float) -> Iterator[bytes]:
    size = 0
    while piece := raw.read1(PIECE, decode_content=True):
        size += len(piece)
        if size > LIMIT:
            raise Broken(f"more than {LIMIT} bytes")
        if time.monotonic() > end:
            raise ReadTimeout("the whole answer took too long")
        yield piece
