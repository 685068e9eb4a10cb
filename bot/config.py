"""The settings: read once from the environment and `paybot.toml`, checked whole, frozen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

METRICS = {
    "success_rate": "payments.checkout.success_rate",
    "sessions_active": "payments.checkout.sessions_active",
    "sessions_pending": "payments.checkout.sessions_pending",
}
FIELDS = {
    "time": "@timestamp",
    "environment": "service.environment",
    "kind": "event.action",
    "outcome": "event.outcome",
    "decline_code": "stripe.decline_code",
}


class Settings(BaseModel):
    """A group of settings: frozen, nothing unknown in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Slack(Settings):
    bot_token: str = Field(repr=False)
    signing_secret: str = Field(default="", repr=False)
    app_token: str = Field(default="", repr=False)
    api_url: str = "https://slack.com/api/"
    home_channel: str


class Datadog(Settings):
    api_key: str = Field(repr=False)
    app_key: str = Field(repr=False)
    site: str = "datadoghq.com"
    host: str = ""  # overrides the API's base URL
    metrics: Mapping[str, str] = METRICS
    scale: Literal["percent", "ratio"] = "percent"  # how the rate metrics are sent: 0 to 100, or 0 to 1


class Elastic(Settings):
    url: str
    api_key: str = Field(default="", repr=False)  # the base64 form that Kibana shows as "encoded"
    index: str = "payments-*"
    kibana_url: str = ""
    data_view: str = ""
    fields: Mapping[str, str] = FIELDS


class Answers(Settings):
    deadline_s: float = 8.0  # all sources of one ask
    theme: Literal["light", "dark"] = "light"
    copy_home: bool = True


class Config(Settings):
    """Everything that is set. A part that is None is "not configured": what needs it says so."""

    env: str = "prod"
    timezone: str = "UTC"
    bind: tuple[str, int] = ("0.0.0.0", 3000)  # noqa: S104 - a container listens on all its addresses
    log_level: str = "INFO"
    base_url: str = ""
    slack: Slack | None = None
    datadog: Datadog | None = None
    elastic: Elastic | None = None
    answers: Answers = Answers()
