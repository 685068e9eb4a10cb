"""The Elasticsearch client's connection to a node, with bounded answers. Imported when the client is."""

from __future__ import annotations

import time
from typing import Any

from elastic_transport import ApiResponseMeta, HttpHeaders, Urllib3HttpNode
from elastic_transport._node import NodeApiResponse  # what every node must return; the package does not export it

from bot.sources.exchange import exchange
from bot.sources.retry import Deadline


class BoundedNode(Urllib3HttpNode):
    """The client's own node, but for how an answer is read: its own reads bodies of any size for any time.

    Raises SourceError where the connection fails.
    """

    def perform_request(
        self, method: str, target: str, body: bytes | None = None, headers: HttpHeaders | None = None, request_timeout: Any = None
    ) -> NodeApiResponse:
        start = time.monotonic()
        reply = exchange(
            lambda timeout: self.pool.urlopen(
                method,
                self.path_prefix + target,
                body=body,
                headers={**self._headers, **(headers or {})},
                timeout=timeout,
                retries=False,
                redirect=False,
                preload_content=False,
            ),
            Deadline(request_timeout),
        )
        took_s = time.monotonic() - start
        return NodeApiResponse(ApiResponseMeta(reply.status, "1.1", HttpHeaders(reply.headers), took_s, self.config), reply.body)
