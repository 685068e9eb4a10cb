"""AWS on 127.0.0.1: moto's server for what it is faithful in, and laid-out answers for the rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import urllib3

from bot.config import Aws
from bot.sources.aws import Clients
from tests.sources.vendor import Answer, Vendor, serving

REGION = "eu-west-1"


def settings(url: str, **more: Any) -> Aws:
    return Aws(region=REGION, endpoint_url=url, access_key="AKIAEXAMPLE", secret_key="not-a-secret", **more)


@contextmanager
def moto() -> Iterator[tuple[str, Clients]]:
    """An empty AWS account: its URL, and clients to furnish it with."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    urllib3.request("POST", f"{url}/moto-api/reset", timeout=5)  # its accounts outlive a server of the same process
    try:
        yield url, Clients(settings(url))
    finally:
        server.stop()


def fault(code: str, status: int = 400) -> Answer:
    """An error as services that speak JSON give it, with what nobody may read in it."""
    body = {"__type": f"com.amazonaws#{code}", "message": "arn:aws:sqs:eu-west-1:123456789012:secret-queue"}
    return Answer(body, status)


@contextmanager
def answering(*answers: Answer) -> Iterator[Vendor]:
    """A service that gives these answers in turn."""
    with serving(*answers, headers={"content-type": "application/x-amz-json-1.1"}) as vendor:
        yield vendor


def operations(vendor: Vendor) -> list[str]:
    """What was asked, by the last part of the target header."""
    return [asked.headers["X-Amz-Target"].rpartition(".")[2] for asked in vendor.asked]
