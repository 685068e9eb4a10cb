"""Reading an answer as a whole within a time and a size: a peer that sends a byte now and then holds nobody up."""

from __future__ import annotations

import time
from typing import Final, Protocol
from urllib.request import HTTPRedirectHandler

CHUNK: Final = 65_536
MOST_BYTES: Final = 20_000_000  # 200 messages of a channel, each as large as Slack takes them


class Readable(Protocol):
    """`http.client.HTTPResponse`, or urllib's error around one."""

    def read1(self, n: int, /) -> bytes:
        """What has come, n bytes at most; b"" at the end. Waits as long as the socket's own limit says."""
        ...


def whole(answer: Readable, end_s: float, most: int = MOST_BYTES) -> bytes:
    """Its body, or as many bytes of it. Raises TimeoutError where it is not there by `end_s` of the monotonic clock."""
    parts: list[bytes] = []
    left = most
    while left > 0 and (part := answer.read1(min(CHUNK, left))):
        parts.append(part)
        left -= len(part)
        if time.monotonic() > end_s:
            raise TimeoutError("the answer did not end in time")
    return b"".join(parts)


class NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: object, **__: object) -> None:
        """Follows none: the address was checked, the next one was not, and the token goes to nobody else."""
