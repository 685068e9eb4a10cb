"""One HTTP request and its whole answer, bounded in time and size, whoever's client holds the connections."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import urllib3

from bot.ports import SourceError
from bot.sources.faults import missed, unreadable
from bot.sources.retry import Deadline

CONNECT_S = 3.0
LIMIT = 20_000_000  # bytes once decoded: a hundred times the largest answer that a section asks for
PIECE = 262_144


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of any status; `body` is decoded (gzip), at most LIMIT bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def exchange(send: Callable[[urllib3.Timeout], urllib3.BaseHTTPResponse], deadline: Deadline) -> Reply:
    """The answer to a request that `send` makes without reading its body. Raises SourceError for anything but an answer."""
    left = deadline.left()
    with translated(deadline):
        response = send(urllib3.Timeout(connect=min(CONNECT_S, left), total=left))
        try:
            return Reply(response.status, response.headers, b"".join(pieces(response, deadline)))
        except BaseException:
            response.close()  # or what is left of the body would be read as the next answer
            raise
        finally:
            response.release_conn()


def pieces(response: urllib3.BaseHTTPResponse, deadline: Deadline) -> Iterator[bytes]:
    """The body as it arrives. A silent server is left to the socket's timeout, a trickling one meets the deadline here."""
    size = 0
    while piece := response.read1(PIECE):
        size += len(piece)
        if size > LIMIT:
            raise SourceError(f"sent more than {LIMIT // 1_000_000} MB, which is no answer", "bad_answer")
        deadline.left()
        yield piece


@contextmanager
def translated(deadline: Deadline) -> Iterator[None]:
    """Failures of a connection as SourceErrors: the only place that knows urllib3's exceptions, which both clients use."""
    try:
        yield
    except urllib3.exceptions.ReadTimeoutError as error:
        raise missed(deadline.timeout_s) from error
    except urllib3.exceptions.DecodeError as error:
        raise unreadable() from error
    except urllib3.exceptions.ProtocolError as error:
        raise SourceError("broke off its answer", "unavailable") from error
    except urllib3.exceptions.SSLError as error:
        raise SourceError("could not be reached over TLS", "unavailable") from error
    except urllib3.exceptions.HTTPError as error:
        raise SourceError("could not be reached", "unavailable") from error
    except ValueError as error:  # http.client's, of a key with a line break or a letter beyond Latin-1
        raise SourceError("cannot be asked: a key holds a character that no header may hold", "denied") from error
