"""The whole sandbox: the simulated company, its vendors and its Slack on one port, and the real bot that works for it."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any, Literal

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import BaseRoute, Mount

from bot.config import Answers, Archives, Aws, Config, Datadog, Elastic, Opsgenie, PagerDuty, Slack
from bot.digest.plan import plan_of
from sandbox import aws, datadog, elastic, opsgenie, pagerduty, postgres
from sandbox.bots import Bots, Work
from sandbox.clock import Clock
from sandbox.faults import Faults
from sandbox.night import Nights
from sandbox.serving import ADDRESS, Serving
from sandbox.switches import CompanySwitches
from sandbox.workspace import api, console, page
from sandbox.workspace.cast import HOME, Person
from sandbox.workspace.scene import set_scene
from sandbox.workspace.wire import Wire
from sandbox.workspace.workspace import Workspace
from sandbox.world import World

ZONE = "Europe/Berlin"
CROWD = 10.0


class Company:
    """One simulated company. `start` opens everything in order, `stop` closes it in reverse.

    `port` 0 takes a free one; `start_at` None means the real time; with `headless` there is no page, only the APIs.
    `latency_ms` is what every answer of a vendor takes; `token` and `secret` are the bot's for Slack (random ones else). Two
    `replicas` of the bot share a PostgreSQL, which must be installed (see `sandbox.postgres.why_not`). With a `volume` above
    CROWD the company remembers a day, not nine.
    """

    def __init__(  # noqa: PLR0913 - each is a choice of the command line or of a test
        self,
        port: int = 0,
        *,
        seed: int = 7,
        speed: float = 1.0,
        start_at: datetime | None = None,
        headless: bool = False,
        latency_ms: float = 120.0,
        token: str = "",
        secret: str = "",
        replicas: int = 1,
        volume: float = 1.0,
    ) -> None:
        self.clock = Clock(start_at, speed)
        self.faults = Faults(latency_ms, lambda: self.clock.speed)
        self._replicas = replicas
        self._volume = volume
        self._port = port
        self._seed = seed
        self._headless = headless
        self._token, self._secret = token or f"xoxb-{secrets.token_hex(16)}", secret or secrets.token_hex(16)
        self._stack = ExitStack()

    def start(self) -> None:
        """Returns once a person can ask. Raises OSError where the port is taken, or PostgreSQL or a bot does not start."""
        with ExitStack() as stack:
            behind = stack.enter_context(ExitStack())  # closed when nothing is served any more
            self.serving = serving = Serving(self._port)
            stack.callback(serving.stop)
            self.url = serving.url
            history = timedelta(hours=26) if self._volume > CROWD else timedelta(days=9)
            self.world = World(self._seed, self.clock, history, volume=self._volume)
            self.cloud = aws.Cloud(self.world, self.faults)
            behind.callback(self.cloud.stop)
            self.webhooks = pagerduty.Webhooks(self._secret)
            behind.callback(self.webhooks.stop)
            self.incidents = pagerduty.Incidents(self.clock.now, f"{self.url}/pagerduty", self.webhooks.send)
            self.alerts = opsgenie.Alerts(self.clock.now)
            self._cache = stack.enter_context(tempfile.TemporaryDirectory(prefix="paybot-sandbox-", ignore_cleanup_errors=True))
            self._database = f"sqlite:///{self._cache}/paybot.db"
            if self._replicas > 1:
                self._database = stack.enter_context(postgres.running())
            self._wire = Wire(self._secret, self.clock.now)
            self.workspace = Workspace(self._wire, self.clock.now, token=self._token)
            set_scene(self.workspace.talk, self.clock.now())
            self.bots = Bots(Work(self.settings(), self._secret), self.clock, self._replicas, self._found)
            self.nights = Nights(self.world, plan_of(self.settings()), self._changed, self.bots.rehearse_standup)
            self.switches = CompanySwitches(self.world, self.faults, self.nights, self.bots)
            serving.start(self._app(), self.workspace.close)
            stack.callback(self.bots.stop)
            stack.callback(self.nights.end)
            self.bots.start()
            self._stack = stack.pop_all()

    @property
    def zone(self) -> str:
        """Where its people work."""
        return ZONE

    def stop(self) -> None:
        """Ends the bot first, then what it talks to."""
        self._stack.close()

    def _app(self) -> Starlette:
        routes: list[BaseRoute] = [
            *api.routes(self.workspace, self.faults),
            *console.routes(self.workspace, self.switches, self.pages, self._handle),
            *page.file_routes(self.workspace),
            *([] if self._headless else page.page_routes()),
            Mount("/datadog", routes=datadog.routes(self.world, self.faults)),
            Mount("/elastic", routes=elastic.routes(self.world, self.faults)),
            Mount("/pagerduty", routes=pagerduty.routes(self.world, self.faults, self.incidents)),
            Mount("/opsgenie", routes=opsgenie.routes(self.world, self.faults, self.alerts)),
            *self.cloud.routes(),
        ]
        own_names = Middleware(TrustedHostMiddleware, allowed_hosts=[ADDRESS, "localhost"])  # no foreign name may lead here
        return Starlette(routes=routes, middleware=[own_names])

    def pages(self) -> list[dict[str, Any]]:
        """Who was woken up by either pager, the newest first."""
        found = [("PagerDuty", each) for each in self.incidents.pages()] + [("Opsgenie", each) for each in self.alerts.pages()]
        return sorted(
            ({"service": service, **page, **({} if service == "PagerDuty" else {"actions": []})} for service, page in found),
            key=lambda page: -float(page["when"]),
        )

    def _handle(self, service: str, own: str, action: str, person: Person) -> None:
        """Somebody does something about an incident, in PagerDuty itself; Opsgenie's alerts are closed by the bot alone."""
        acts = {"acknowledge": self.incidents.acknowledge, "resolve": self.incidents.resolve}
        if service != "PagerDuty":
            raise KeyError(service)
        acts[action](own, person)

    def _found(self, bots: Sequence[str]) -> None:
        """Where the bots are that can be asked; PagerDuty's news go to one of them, and through the store to all."""
        self._wire.urls = tuple(f"{bot}/slack/events" for bot in bots)
        self.webhooks.url = f"{bots[0]}/webhooks/pagerduty" if bots else ""
        self._changed()

    def _changed(self) -> None:
        """Tells the page how the company stands; from any thread."""
        told = {"kind": "company", "company": self.switches.state()}
        self.serving.call(lambda: self.workspace.feed.tell(told))

    def settings(self, theme: Literal["light", "dark"] = "light") -> Config:
        """The settings of a bot that works for this company."""
        return Config(
            answers=Answers(theme=theme),
            env=self.world.env,
            timezone=ZONE,
            slack=Slack(
                bot_token=self._token,
                signing_secret=self._secret,
                api_url=f"{self.url}/slack/api/",
                home_channel=HOME.id,
            ),
            datadog=Datadog(
                api_key=datadog.API_KEY, app_key=datadog.APP_KEY, host=f"{self.url}/datadog", pages=f"{self.url}/datadog"
            ),
            elastic=Elastic(
                url=f"{self.url}/elastic", api_key=elastic.API_KEY, kibana_url=f"{self.url}/kibana", data_view="payments"
            ),
            aws=Aws(
                region=aws.REGION,
                endpoint_url=f"{self.url}{aws.PATH}",
                access_key=aws.ACCESS_KEY,
                secret_key=aws.SECRET_KEY,
                event_bus=aws.BUS,
                event_log_group=aws.EVENT_LOG_GROUP,
            ),
            archives=Archives(
                cloudfront_logs=aws.CLOUDFRONT,
                segment_archive=aws.SEGMENT,
                cache=self._cache,
            ),
            pagerduty=PagerDuty(
                api_key=pagerduty.API_KEY,
                api_url=f"{self.url}/pagerduty",
                routing_key=pagerduty.ROUTING_KEY,
                events_url=f"{self.url}/pagerduty",
                webhook_secret=self._secret,
            ),
            opsgenie=Opsgenie(api_key=opsgenie.API_KEY, api_url=f"{self.url}/opsgenie"),
            database_url=self._database,
        )
