"""How the sandbox's Datadog and Elasticsearch are asked in tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import urllib3
from elasticsearch import Elasticsearch

from sandbox.datadog import API_KEY, APP_KEY
from sandbox.faults import Faults
from tests.sandbox.company import HOUR, MINUTE, NOW, ms

Json = Mapping[str, Any]
RATE = "avg:payments.checkout.success_rate{env:prod}"
RENDER = "p95:payments.receipt.render_time_ms{env:prod}"
KEYS = {"DD-API-KEY": API_KEY, "DD-APPLICATION-KEY": APP_KEY}
END = NOW.replace(second=0)  # half a minute ago: all minutes before it are known
PROD: Json = {"term": {"service.environment": "prod"}}
FAULTS = Faults(latency_ms=0)


def post(url: str, path: str, body: object, headers: Mapping[str, str] = KEYS) -> urllib3.BaseHTTPResponse:
    return urllib3.request("POST", url + path, json=body, headers=dict(headers), timeout=5.0, retries=False)


def question(
    *queries: str,
    formulas: tuple[str, ...] = (),
    back: timedelta = 2 * HOUR,
    interval: timedelta = MINUTE,
    end: datetime = END,
    aggregator: str = "",
) -> dict[str, Any]:
    """A request for queries a, b, c …; a scalar one when it has an aggregator."""
    asked = [{"data_source": "metrics", "name": chr(97 + place), "query": text} for place, text in enumerate(queries)]
    attributes: dict[str, Any] = {"from": ms(end - back), "to": ms(end), "queries": asked}
    if formulas:
        attributes["formulas"] = [{"formula": formula} for formula in formulas]
    if aggregator:
        attributes["queries"] = [{**each, "aggregator": aggregator} for each in asked]
        return {"data": {"type": "scalar_request", "attributes": attributes}}
    return {
        "data": {"type": "timeseries_request", "attributes": {**attributes, "interval": interval // timedelta(milliseconds=1)}}
    }


def answered(url: str, body: dict[str, Any]) -> dict[str, Any]:
    scalar = body["data"]["type"] == "scalar_request"
    answer = post(url, "/api/v2/query/scalar" if scalar else "/api/v2/query/timeseries", body)
    assert answer.status == 200, answer.data
    found: dict[str, Any] = answer.json()["data"]["attributes"]
    return found


def refused(url: str, body: object, path: str = "/api/v2/query/timeseries") -> str:
    answer = post(url, path, body)
    assert answer.status == 400
    return str(answer.json()["errors"][0])


def of(kind: str, *more: Json) -> dict[str, Any]:
    """A query for that kind of log line, in prod."""
    return {"bool": {"filter": [PROD, {"term": {"event.action": kind}}, *more]}}


def counted(client: Elasticsearch, query: Json) -> int:
    answer = client.search(index="payments-*", size=0, query=query, track_total_hits=True)
    return int(answer["hits"]["total"]["value"])
