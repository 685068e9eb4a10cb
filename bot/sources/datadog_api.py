"""Datadog's HTTP API: one question, one parsed answer, or a SourceError."""

from __future__ import annotations

import json
import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

import orjson

from bot.config import Datadog
from bot.sources.exchange import exchange
from bot.sources.faults import refusal, unreadable
from bot.sources.limits import Limits, pause_s
from bot.sources.retry import Deadline, patiently

if TYPE_CHECKING:
    from urllib3 import PoolManager

CONNECTIONS = 16  # the client's own pool keeps 4 and throws away what more threads open

log = logging.getLogger(__name__)


class DatadogApi:
    """Asks with the official client's host, keys, TLS and connections, but past its models and its own request().

    The models take forty times as long to read an answer; request() reads error pages of any size and fails on those that are
    not UTF-8, and follows redirects with our keys.

    Questions of rules are asked until Datadog refuses one; all others leave the rules a part of each limit (see `limits`).
    """

    def __init__(self, settings: Datadog, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._base = settings.host.rstrip("/") or f"https://api.{settings.site}"
        self._limits = Limits(clock)
        self._lock = threading.Lock()
        self._connected: tuple[PoolManager, Mapping[str, str]] | None = None

    def post(self, path: str, question: Mapping[str, Any], deadline: Deadline, *, rules: bool = False) -> Any:
        """The parsed answer to a question, which must be a read: it may be asked again. `rules` says that a rule asks it."""
        body = orjson.dumps(question)
        return parsed(patiently(lambda: self._attempt("POST", path, body, deadline, rules=rules), deadline))

    def get(self, path: str, deadline: Deadline, *, rules: bool = False) -> Any:
        return parsed(patiently(lambda: self._attempt("GET", path, None, deadline, rules=rules), deadline))

    def budget(self) -> tuple[tuple[str, int, int], ...]:
        """What Datadog told of its limits: each one's name, how many questions remain, and of how many."""
        return self._limits.told()

    def warm(self) -> None:
        """Imports the client and makes its pool, so that the first question does not wait for that."""
        self._client()

    def _attempt(self, method: str, path: str, body: bytes | None, deadline: Deadline, *, rules: bool) -> bytes:
        self._limits.admit(path, rules=rules)
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
        self._limits.hear(path, reply.status, reply.headers)
        if not 200 <= reply.status < 300:
            log.warning("Datadog answered %d: %r", reply.status, reply.body[:300])  # may quote the question: for the log only
            raise refusal(reply.status, pause_s(reply.headers), complaint(reply.body))
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


def complaint(body: bytes) -> str:
    """Why Datadog refused, in its own words."""
    with suppress(ValueError):
        match orjson.loads(body):
            case {"errors": [str(said), *_]}:
                return said
    return ""


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
