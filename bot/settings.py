"""What is set, as frozen values: `bot.config` reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from typing import Literal

from commands.panel import Limits

METRICS = {
    "success_rate": "payments.checkout.success_rate",
    "sessions_active": "payments.checkout.sessions_active",
    "sessions_pending": "payments.checkout.sessions_pending",
    "expired_count": "payments.window.expired_count",
    "extension_count": "payments.window.extension_count",
    "override_count": "payments.window.override_count",
    "retry_attempts": "payments.retry.attempt_count",
    "retry_success_rate": "payments.retry.success_rate",
    "retry_failures": "payments.retry.failure_count",
    "render_time_ms": "payments.receipt.render_time_ms",
    "receipt_errors": "payments.receipt.error_count",
}
FIELDS = {
    "time": "@timestamp",
    "environment": "service.environment",
    "kind": "event.action",
    "outcome": "event.outcome",
    "decline_code": "stripe.decline_code",
    "attempt": "retry.attempt",
    "webhook_lag_ms": "webhook.lag_ms",
    "receipt_id": "receipt.id",
    "receipt_path": "receipt.path",
    "session_id": "checkout.session_id",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Slack:
    """With `app_token` the bot hears Slack through Socket Mode, else over HTTP with `signing_secret`."""

    bot_token: str = field(repr=False)
    signing_secret: str = field(default="", repr=False)
    app_token: str = field(default="", repr=False)
    api_url: str = "https://slack.com/api/"
    home_channel: str
    probe_channel: str = ""  # where the bot edits a message of its own, to see in Socket Mode that it hears


@dataclass(frozen=True, slots=True, kw_only=True)
class Datadog:
    api_key: str = field(repr=False)
    app_key: str = field(repr=False)
    site: str = "datadoghq.com"
    host: str = ""  # overrides the API's base URL
    pages: str = ""  # overrides the base URL of the pages that people open; `host` may be only a proxy of the API
    metrics: Mapping[str, str] = field(default_factory=METRICS.copy)
    scale: Literal["percent", "ratio"] = "percent"  # how the rate metrics are sent: 0 to 100, or 0 to 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Elastic:
    url: str
    api_key: str = field(default="", repr=False)  # the base64 form that Kibana shows as "encoded"
    index: str = "payments-*"
    kibana_url: str = ""
    data_view: str = ""
    fields: Mapping[str, str] = field(default_factory=FIELDS.copy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aws:
    """How AWS is reached, and what the company's things are called there; `${ENV}` in a name is the asked environment.

    Without `access_key` boto3 finds credentials as it always does. `rules` are EventBridge's, all of the bus when none is named.
    """

    region: str = ""
    profile: str = ""
    endpoint_url: str = ""  # for all services; without it boto3 reads its own AWS_ENDPOINT_URL…
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    retry_queue: str = "payments-retry-${ENV}"
    event_bus: str = "default"
    event_rules: tuple[str, ...] = ()
    event_log_group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Archives:
    """Where the archives lie (`s3://bucket/prefix/` or a folder), and who answers questions on them: DuckDB or Athena."""

    cloudfront_logs: str = ""
    segment_archive: str = ""
    athena_workgroup: str = ""
    athena_database: str = "default"
    athena_output: str = ""
    cache: str = ""  # a folder; without it one of the user's own
    cache_mb: int = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PagerDuty:
    """PagerDuty's two APIs: with `api_key` who is on call is asked, with `routing_key` people are paged. One of them is enough.

    `service` is the name of the service whose people are on call for payments; `routing_key` is that service's integration key.
    """

    api_key: str = field(default="", repr=False)
    api_url: str = "https://api.pagerduty.com"
    service: str = "Payments Checkout"
    routing_key: str = field(default="", repr=False)
    webhook_secret: str = field(default="", repr=False)
    events_url: str = "https://events.pagerduty.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opsgenie:
    """Opsgenie's alert API, or another that speaks it: its EU host, Jira Service Management."""

    api_key: str = field(repr=False)
    api_url: str = "https://api.opsgenie.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """How often rules are judged, how old data must be for that, how often what nobody takes is repeated, and where it stands."""

    tick: timedelta = timedelta(minutes=1)
    delay: timedelta = timedelta(minutes=1)
    repeat_every: timedelta = timedelta(hours=4)  # of rules that say nothing else
    channel: str = ""  # the ID of alerts' own channel; the home channel where there is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """When the stand-up digest is posted: at a time on weekdays (0 is Monday), or as a cron line says, but on holidays.

    `zone` is the settings' own without one, `channel` the home channel. A digest that could not be posted in time is posted up
    to `grace` later.
    """

    at: time = time(9, 15)
    days: frozenset[int] = frozenset(range(5))
    cron: str = ""
    timezone: str = ""
    holidays: str = ""  # a calendar of the library `holidays`: "DE", "DE-BE"
    channel: str = ""
    grace: timedelta = timedelta(hours=4)
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """Who may acknowledge, snooze and escalate, by the IDs of people and user groups. None: every full member; (): nobody."""

    responder: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    deadline_s: float = 8.0  # all sources of one ask
    theme: Literal["light", "dark"] = "light"
    charts: Literal["picture", "native"] = "picture"  # Slack's own block, where it can show an answer's charts
    copy_home: bool = True
    at_once: int = 24  # asks that are worked on at once; each mostly waits: for sources, children, Slack, or an equal ask's run
    waiting: int = 100  # asks that wait; beyond them a person hears "busy"
    limits: Limits = field(default_factory=Limits)
    runbook_url: str = ""  # where people open docs/runbooks/stripe-payments.md
    per_user: int = 25  # asks of one person, at work and waiting: nobody takes the bot from the others


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that is set. A part that is None is "not configured": what needs it says so.

    `overrides` are the file's tables [rules.<name>] as they stand, checked: `bot.alerts.rulebook.rules` makes rules of them.
    `base_url` is where the bot's own port is reached from outside.
    """

    env: str = "prod"
    timezone: str = "UTC"
    bind: tuple[str, int] = ("0.0.0.0", 3000)  # noqa: S104 - a container listens on all its addresses
    log_level: str = "INFO"
    slack: Slack | None = None
    datadog: Datadog | None = None
    elastic: Elastic | None = None
    aws: Aws | None = None
    archives: Archives = Archives()
    pagerduty: PagerDuty | None = None
    opsgenie: Opsgenie | None = None
    answers: Answers = Answers()
    alerts: Alerts = Alerts()
    overrides: Mapping[str, object] = field(default_factory=dict)
    roles: Roles = Roles()
    digest: Digest = Digest()
    base_url: str = ""
    heartbeat_url: str = field(default="", repr=False)  # asked while all is well; whoever listens there misses it
    database_url: str = field(default="sqlite:///paybot.db", repr=False)
