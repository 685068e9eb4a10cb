"""The account itself: moto's server in front, the company's numbers behind it, and AWS's own ways to fail.

moto speaks AWS's protocols. What it would count from messages and metrics that somebody sent, it asks the company instead, and
its bucket is filled when somebody lists or reads it.
"""

from __future__ import annotations

import itertools
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

import numpy as np
from a2wsgi import WSGIMiddleware
from isal import igzip
from moto.backends import get_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import s3_backends
from moto.sqs.models import Queue
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Receive, Scope, Send

from sandbox.aws import metrics
from sandbox.aws.bus import RULES, bus
from sandbox.aws.cloudfront import CloudFront
from sandbox.aws.files import DAY_MS, Archive
from sandbox.aws.logs import Search
from sandbox.aws.queue import dead_letters, waiting
from sandbox.aws.segment import Segment
from sandbox.faults import FaultKind, Faults, Faulty

if TYPE_CHECKING:
    from sandbox.world import World

REGION = "eu-central-1"
ACCESS_KEY, SECRET_KEY = "AKIASANDBOXSANDBOX00", "sandbox"
EVENT_LOG_GROUP = "/aws/vendedlogs/events/event-bus/payments-${ENV}"
SOURCE = "aws"
PATH = "/aws"
BUCKET = "lindenmarkt-archive"
SEGMENT, CLOUDFRONT = (f"s3://{BUCKET}/{archive.prefix}" for archive in (Segment, CloudFront))
REDRIVE = '{{"deadLetterTargetArn":"arn:aws:sqs:{region}:{account}:{name}","maxReceiveCount":5}}'

_accounts = itertools.count(400_000_000_001)  # moto's accounts are the process's, its companies' are their own
_moto = DomainDispatcherApplication(create_backend_app)


class Cloud:
    """One company's account, an ASGI application at `routes`. `stop` forgets what moto keeps of it."""

    def __init__(self, world: World, faults: Faults) -> None:
        self._world = world
        self._faults = faults
        self.account = str(next(_accounts))
        self._bucket = f"{BUCKET}-{self.account}"  # a bucket's name is all accounts' own
        self.segment, self.cloudfront = Segment(world), CloudFront(world)
        self._stopped = threading.Event()
        self._brought: dict[tuple[str, int], int] = {}
        self._locks: dict[tuple[str, int], threading.Lock] = defaultdict(threading.Lock)
        self._server = WSGIMiddleware(_moto)  # type: ignore[arg-type]
        for env in world.envs:
            self._furnish(env)
        self._backend("s3", "aws").create_bucket(self._bucket, REGION)

    def routes(self) -> list[BaseRoute]:
        """Everything below PATH, and PATH itself: where services lie that take all their requests at one address."""
        return [Route(PATH, self), Mount(PATH, self)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, or fails as its service does."""
        is_s3 = b"/s3/aws4_request" in dict(scope["headers"]).get(b"authorization", b"")
        await Faulty(self._answer, SOURCE, self._faults, IN_XML if is_s3 else IN_JSON)(scope, receive, send)

    def stop(self) -> None:
        """Forgets the account."""
        self._stopped.set()
        self._server.executor.shutdown(wait=False)
        for service in ("sqs", "events", "logs", "cloudwatch", "s3"):
            vars(self._backend(service, "aws" if service == "s3" else REGION)).clear()  # moto's own caches keep the shell
            get_backend(service).pop(self.account, None)
        s3_backends.bucket_accounts.pop(self._bucket, None)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(PATH) or "/"
        headers = [*scope["headers"], (b"x-moto-account-id", self.account.encode())]
        if path == f"/{BUCKET}" or path.startswith(f"/{BUCKET}/"):
            listed = parse_qs(scope["query_string"].decode()).get("prefix", [""])[0]
            await run_in_threadpool(self._bring, listed or unquote(path.removeprefix(f"/{BUCKET}/")))
            path = path.replace(BUCKET, self._bucket, 1)
        own = {**scope, "path": path, "root_path": "", "headers": headers}
        await self._server(own, receive, send)  # type: ignore[arg-type]

    def _backend(self, service: Any, region: str = REGION) -> Any:
        return get_backend(service)[self.account][region]

    def _furnish(self, env: str) -> None:
        """An environment's queues, its bus with its rules, and the bus's log."""
        world, sqs, dead = self._world, self._backend("sqs"), f"{metrics.DEAD}{env}"
        redrive = REDRIVE.format(region=REGION, account=self.account, name=dead)
        sqs.queues[dead] = DeadLetters(world, env, self.account, dead)  # type: ignore[abstract]
        sqs.queues[f"{metrics.QUEUE}{env}"] = Retries(world, env, self.account, f"{metrics.QUEUE}{env}", RedrivePolicy=redrive)  # type: ignore[abstract]
        events, logs, cloudwatch = (self._backend(service) for service in ("events", "logs", "cloudwatch"))
        events.create_event_bus(bus(env))
        for rule in RULES:
            events.put_rule(rule, event_bus_arn=bus(env), event_pattern='{"source": ["payments"]}')
        logs.create_log_group(EVENT_LOG_GROUP.replace("${ENV}", env), {})
        logs.start_query = partial(self._search, logs)
        cloudwatch.get_metric_data = self._metric_data

    def _metric_data(self, queries: list[dict[str, Any]], start_time: datetime, end_time: datetime, scan_by: str) -> list[Any]:
        start, end = (round(_aware(time).timestamp() * 1000) for time in (start_time, end_time))
        descending = scan_by == "TimestampDescending"
        found = [metrics.asked(self._world, query, start, end, descending=descending) for query in queries]
        return [{**one, "status_code": "PartialData"} for one in found] if self._faults.partial(SOURCE) else found

    def _search(self, logs: Any, groups: list[str], start_s: int, end_s: int, text: str) -> str:
        from moto.logs.exceptions import ResourceNotFoundException  # noqa: PLC0415

        env = next((env for env in self._world.envs if [EVENT_LOG_GROUP.replace("${ENV}", env)] == groups), None)
        if env is None:
            raise ResourceNotFoundException
        name = f"query-{len(logs.queries)}"
        logs.queries[name] = Search(self._world, env, text, start_s, end_s)
        return name

    def furnish(self) -> None:
        """Has the files of the last two days there soon, which everybody asks for first; it takes some seconds."""
        now = self._world.now_ms()
        today = now // DAY_MS * DAY_MS
        wanted = [(archive, day) for day in (today, today - DAY_MS) for archive in (self.segment, self.cloudfront)]

        def bring() -> None:
            for archive, day in wanted:
                self._bring_day(archive, day, now)

        threading.Thread(target=bring, name="furnishing", daemon=True).start()

    def _bring(self, wanted: str) -> None:
        """Puts the files into the bucket that a listing or a key is about, as far as they have appeared by now."""
        for archive in (self.segment, self.cloudfront):
            if wanted.startswith(archive.prefix):
                now = self._world.now_ms()
                day = archive.day_in(wanted)
                self._bring_day(archive, now // DAY_MS * DAY_MS if day is None else day, now)

    def _bring_day(self, archive: Archive, day_ms: int, now_ms: int) -> None:
        s3 = self._backend("s3", "aws")
        which = archive.prefix, day_ms
        with self._locks[which]:
            since = self._brought.get(which, 0)
            for file in archive.files(day_ms, since, now_ms):
                if self._stopped.is_set():
                    return
                s3.put_object(self._bucket, file.key, igzip.compress(file.text, 1))
            self._brought[which] = now_ms


class Retries(Queue):
    """The retry queue: counts the company's messages instead of such that were sent here."""

    def __new__(cls, *_: Any, **__: Any) -> Retries:
        """Unlike moto's own, it is in no list that lasts as long as the process."""
        return object.__new__(cls)

    def __init__(self, world: World, env: str, account: str, name: str, **more: Any) -> None:
        self._world = world
        self._env = env
        super().__init__(name, region=REGION, account_id=account, **more)

    @property
    def approximate_number_of_messages(self) -> int:
        return int(waiting(self._world, self._env).visible(self._now())[0])

    @property
    def approximate_number_of_messages_not_visible(self) -> int:
        return int(waiting(self._world, self._env).in_flight(self._now())[0])

    @property
    def approximate_number_of_messages_delayed(self) -> int:
        return int(waiting(self._world, self._env).delayed(self._now())[0])

    def _now(self) -> Any:
        return np.array([self._world.now_ms()])


class DeadLetters(Retries):
    """The queue of what could not be handled."""

    @property
    def approximate_number_of_messages(self) -> int:
        return dead_letters(self._world, self._env, self._world.now_ms())

    @property
    def approximate_number_of_messages_not_visible(self) -> int:
        return 0

    @property
    def approximate_number_of_messages_delayed(self) -> int:
        return 0


def _aware(time: datetime) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _throttled() -> Response:
    return Response('{"__type":"ThrottlingException","message":"Rate exceeded"}', 400, media_type="application/x-amz-json-1.0")


def _slow_down() -> Response:
    return Response(
        "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>", 503, media_type="text/xml"
    )


def _broken() -> Response:
    return Response('{"__type":"InternalFailure","message":"Internal failure"}', 500, media_type="application/x-amz-json-1.0")


IN_JSON: Mapping[FaultKind, Callable[[], Response]] = {"429": _throttled, "500": _broken}
IN_XML: Mapping[FaultKind, Callable[[], Response]] = {"429": _slow_down, "500": _broken}
