"""Elasticsearch's HTTP as far as paybot needs it: `_search` over the company's log lines, and the root that names the cluster."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, request_response

from sandbox.elastic.documents import INDEX
from sandbox.elastic.query import SearchError
from sandbox.elastic.search import searched
from sandbox.faults import FaultKind, Faults, Faulty
from sandbox.world import World

API_KEY = "c2FuZGJveDplbGFzdGljLWtleQ=="  # base64 of id:key, as Kibana shows it

_SOURCE = "elastic"
_PARAMETERS = (
    "allow_partial_search_results",
    "ignore_unavailable",
    "allow_no_indices",
    "request_cache",
    "expand_wildcards",
    "pretty",
)
_HEADERS = {"X-Elastic-Product": "Elasticsearch"}
_MEDIA_TYPE = "application/vnd.elasticsearch+json;compatible-with=9"


def routes(world: World, faults: Faults, *, api_key: str = API_KEY) -> list[Route]:
    """Elasticsearch's paths, to be mounted under any prefix; `api_key` is the encoded key that requests must carry."""

    def route(path: str, methods: list[str], answer: Callable[[Request, bytes], Response]) -> Route:
        async def endpoint(request: Request) -> Response:
            if request.headers.get("authorization") != f"ApiKey {api_key}":
                return _denied(request)
            return await run_in_threadpool(answer, request, await request.body())

        return Route(path, Faulty(request_response(endpoint), _SOURCE, faults, _REFUSALS), methods=methods)

    def search(request: Request, raw: bytes) -> Response:
        return _search(world, faults, request, raw)

    return [route("/", ["GET", "HEAD"], _root), route("/{index}/_search", ["POST", "GET"], search)]


def _search(world: World, faults: Faults, request: Request, raw: bytes) -> Response:
    began = time.perf_counter()
    try:
        exists, partial = _exists(request), _partial(request, faults)
        answer = searched(world, _body(raw), exists=exists, partial=partial)
    except SearchError as refused:
        return _error(refused.status, refused.kind, str(refused))
    except RecursionError:
        reason = "The nested depth of the query exceeds the maximum nested depth for queries"
        return _error(400, "illegal_argument_exception", reason)
    return _json({"took": round((time.perf_counter() - began) * 1000), **answer})


def _partial(request: Request, faults: Faults) -> bool:
    """Whether the answer lacks a shard; a request may say that it wants none then."""
    partial = faults.partial(_SOURCE)
    if partial and request.query_params.get("allow_partial_search_results") == "false":
        raise SearchError("Partial shards failure", "search_phase_execution_exception", 503)
    return partial


def _exists(request: Request) -> bool:
    """Whether an index has the asked name: a pattern may match nothing, a plain name may not."""
    if unknown := [name for name in request.query_params if name not in _PARAMETERS]:
        reason = f"request [{request.url.path}] contains unrecognized parameter: [{unknown[0]}]"
        raise SearchError(reason, "illegal_argument_exception")
    names = request.path_params["index"].split(",")
    lenient = request.query_params.get("ignore_unavailable") == "true"
    for name in names:
        if name != INDEX and "*" not in name and name != "_all" and not lenient:
            raise SearchError(f"no such index [{name}]", "index_not_found_exception", 404)
    return any(name == "_all" or fnmatchcase(INDEX, name) for name in names)


def _body(raw: bytes) -> Mapping[str, Any]:
    try:
        body = orjson.loads(raw) if raw else {}
    except orjson.JSONDecodeError as error:
        raise SearchError("Unexpected character: expected a valid value", "json_parse_exception") from error
    if not isinstance(body, dict):
        raise SearchError("Expected [START_OBJECT] but found something else")
    return body


def _root(request: Request, raw: bytes) -> Response:
    version = {"number": "9.2.0", "build_flavor": "default", "lucene_version": "10.3.1"}
    found = {"name": "es-1", "cluster_name": "payments-logs", "cluster_uuid": "c2FuZGJveC1wYXltZW50cw", "version": version}
    return _json({**found, "tagline": "You Know, for Search"})


def _denied(request: Request) -> Response:
    given = request.headers.get("authorization")
    said = "unable to authenticate with provided credentials" if given else "missing authentication credentials"
    reason = f"{said} for REST request [{request.url.path}]"
    return _error(401, "security_exception", reason, {"WWW-Authenticate": "ApiKey"})


def _error(status: int, kind: str, reason: str, headers: Mapping[str, str] | None = None) -> Response:
    cause = {"type": kind, "reason": reason}
    return _json({"error": {"root_cause": [cause], **cause}, "status": status}, status, headers)


def _json(body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """NaN becomes null."""
    return Response(orjson.dumps(body), status, {**_HEADERS, **(headers or {})}, media_type=_MEDIA_TYPE)


_REFUSALS: Mapping[FaultKind, Callable[[], Response]] = {
    "429": lambda: _error(429, "es_rejected_execution_exception", "rejected execution of search: queue capacity 1000 is full"),
    "500": lambda: _error(500, "exception", "all shards failed"),
}
