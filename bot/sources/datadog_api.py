"""Datadog's HTTP API: one question, one parsed answer, or a SourceError."""

from __future__ import annotations

import json
import logging
import math
import re
import threading
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import orjson

from bot.config import Datadog
from bot.sources.exchange import exchange
from bot.sources.faults import refusal, unreadable
from bot.sources.retry import Deadline, patiently

if TYPE_CHECKING:
    from urllib3 import PoolManager

CONNECTIONS = 16  # the client's own pool keeps 4 and throws away what more threads open

log = logging.getLogger(__name__)


class DatadogApi:
    """Asks with the official client's host, keys, TLS and connections, but past its models and its own request().

    The models take forty times as long to read an answer; request() reads error pages of any size and fails on those that are
    not UTF-8, and follows redirects with our keys.
    """

    def __init__(self, settings: Datadog) -> None:
        self._settings = settings
        self._base = settings.host.rstrip("/") or f"https://api.{settings.site}"
        self._lock = threading.Lock()
        self._connected: tuple[PoolManager, Mapping[str, str]] | None = None

    def post(self, path: str, question: Mapping[str, Any], deadline: Deadline) -> Any:
        """The parsed answer to a question, which must be a read: it may be asked again."""
        return parsed(patiently(lambda: self._attempt("POST", path, orjson.dumps(question), deadline), deadline))

    def get(self, path: str, deadline: Deadline) -> Any:
        return parsed(patiently(lambda: self._attempt("GET", path, None, deadline), deadline))

    def warm(self) -> None:
        """Imports the client and makes its pool, so that the first question does not wait for that."""
        self._client()

    def _attempt(self, method: str, path: str, body: bytes | None, deadline: Deadline) -> bytes:
        pool, headers = self._client()
        reply = exchange(
            lambda timeout: pool.request(
                method,
                self._base + path,
                body=body,
                headers=headers,
                timeout=timeout,
                retries=False,
                redirect=False,
                preload_content=False,
            ),
            deadline,
        )
        if not 200 <= reply.status < 300:
            log.warning("Datadog answered %d: %r", reply.status, reply.body[:300])  # may quote the question: for the log only
            raise refusal(reply.status, pause_s(reply.headers.get("X-RateLimit-Reset", "")))
        return reply.body

    def _client(self) -> tuple[PoolManager, Mapping[str, str]]:
        with self._lock:
            if self._connected is None:
                self._connected = self._connect()
            return self._connected

    def _connect(self) -> tuple[PoolManager, Mapping[str, str]]:
        vendor, rest = import_module("datadog_api_client"), import_module("datadog_api_client.rest")  # late: they take 0.2 s
        keys = {"apiKeyAuth": self._settings.api_key, "appKeyAuth": self._settings.app_key}
        configuration = vendor.Configuration(host=self._base, api_key=keys)
        signed = {setting["key"]: setting["value"] for setting in configuration.auth_settings().values()}
        headers = {
            **vendor.ApiClient(configuration).default_headers,
            **signed,
            "Accept": "application/json",
            "Content-Type": "application/json",
        }
        return rest.RESTClientObject(configuration, maxsize=CONNECTIONS).pool_manager, headers


def pause_s(reset: str) -> float | None:
    """`X-RateLimit-Reset` in seconds: how long until questions are taken again. None where it is missing or no whole number."""
    return float(reset) if re.fullmatch(r"[0-9]{1,6}", reset) else None


def parsed(body: bytes) -> Any:
    """The JSON of a body; NaN, Infinity and numbers beyond a float are None, as no chart can hold them."""
    try:
        return orjson.loads(body)
    except ValueError:
        return _parsed_tolerantly(body)


def _parsed_tolerantly(body: bytes) -> Any:
    """The standard library's slower reading, for what strict JSON forbids and some metrics contain all the same."""
    try:
        return json.loads(body, parse_constant=lambda _: None, parse_float=_finite, parse_int=_whole)
    except (ValueError, RecursionError) as error:
        log.warning("Datadog sent no JSON: %r", body[:300])
        raise unreadable() from error


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _whole(text: str) -> float | None:
    return int(text) if len(text) < 20 else _finite(text)
