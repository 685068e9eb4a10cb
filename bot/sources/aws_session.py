"""botocore's connections with bounded answers: its own session reads a body of any size for any time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.awsrequest import AWSResponse

from bot.sources.exchange import pieces, translated
from bot.sources.retry import Deadline


class BoundedSession:
    """Sends with the session that a client has made, and reads the answer itself, within a size and `within_s` seconds.

    What is read as a stream, such as an object of S3, is left to who reads it. Raises SourceError where the body fails.
    """

    def __init__(self, inner: Any, within_s: float) -> None:
        self._inner = inner
        self._within_s = within_s

    def send(self, request: Any) -> Any:
        deadline = Deadline(self._within_s)
        streamed, request.stream_output = request.stream_output, True
        response = self._inner.send(request)
        if streamed:
            return response
        with translated(deadline):
            try:
                body = b"".join(pieces(response.raw, deadline))
            except BaseException:
                response.raw.close()  # or what is left of the body would be read as the next answer
                raise
            finally:
                response.raw.release_conn()
        return AWSResponse(response.url, response.status_code, response.headers, Read(body))

    def close(self) -> None:
        self._inner.close()


class Read:
    """A body that has been read, as botocore reads one."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        yield self._body
