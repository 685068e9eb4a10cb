"""The settings: read once from the environment and `paybot.toml`, checked whole, frozen.

Plain dataclasses: importing a validation library takes half of the 150 ms in which the port is to be open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from bot import later, shapes
from bot.reading import Known, Reading, read_settings

METRICS = {
    "success_rate": "payments.checkout.success_rate",
    "sessions_active": "payments.checkout.sessions_active",
    "sessions_pending": "payments.checkout.sessions_pending",
}
FIELDS = {
    "time": "@timestamp",
    "environment": "service.environment",
    "kind": "event.action",
    "decline_code": "stripe.decline_code",
}
SITES = (
    "datadoghq.com",
    "us3.datadoghq.com",
    "us5.datadoghq.com",
    "ap1.datadoghq.com",
    "ap2.datadoghq.com",
    "uk1.datadoghq.com",
    "datadoghq.eu",
    "ddog-gov.com",
    "us2.ddog-gov.com",
)


class ConfigError(Exception):
    """The settings cannot be used: every fault, each one line that names its setting and holds no secret."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Slack:
    """With `app_token` the bot hears Slack through Socket Mode, else over HTTP with `signing_secret`."""

    bot_token: str = field(repr=False)
    signing_secret: str = field(default="", repr=False)
    app_token: str = field(default="", repr=False)
    api_url: str = "https://slack.com/api/"
    home_channel: str


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
class Answers:
    deadline_s: float = 8.0  # all sources of one ask
    theme: Literal["light", "dark"] = "light"
    copy_home: bool = True
    at_once: int = 24  # asks that are worked on at once; each mostly waits: for sources, children, Slack, or an equal ask's run
    waiting: int = 100  # asks that wait; beyond them a person hears "busy"
    per_user: int = 25  # asks of one person, at work and waiting: nobody takes the bot from the others


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that is set. A part that is None is "not configured": what needs it says so.

    `unused` names what is set for parts that this version does not have.
    """

    env: str = "prod"
    timezone: str = "UTC"
    bind: tuple[str, int] = ("0.0.0.0", 3000)  # noqa: S104 - a container listens on all its addresses
    log_level: str = "INFO"
    slack: Slack | None = None
    datadog: Datadog | None = None
    elastic: Elastic | None = None
    answers: Answers = Answers()
    unused: tuple[str, ...] = ()


Places = Mapping[str, tuple[str, shapes.Shape[Any]]]  # attribute -> the setting's name and the shape of its value

TOP: Places = {
    "env": ("PAYBOT_ENV", shapes.environment),
    "timezone": ("PAYBOT_TIMEZONE", shapes.zone),
    "bind": ("PAYBOT_BIND", shapes.bind),
    "log_level": ("PAYBOT_LOG_LEVEL", shapes.log_level),
}
SLACK: Places = {"home_channel": ("PAYBOT_HOME_CHANNEL", shapes.channel), "api_url": ("SLACK_API_URL", shapes.base_url)}
SLACK_SECRETS: Places = {
    "bot_token": ("SLACK_BOT_TOKEN", shapes.token("xoxb-", "xoxe.xoxb-")),
    "signing_secret": ("SLACK_SIGNING_SECRET", shapes.secret),
    "app_token": ("SLACK_APP_TOKEN", shapes.token("xapp-")),
}
DATADOG: Places = {"site": ("DD_SITE", shapes.one_of(*SITES)), "host": ("DATADOG_HOST", shapes.url)}
DATADOG_SECRETS: Places = {"api_key": ("DD_API_KEY", shapes.secret), "app_key": ("DD_APP_KEY", shapes.secret)}
ELASTIC: Places = {
    "url": ("ELASTICSEARCH_URL", shapes.url),
    "index": ("ELASTICSEARCH_INDEX", shapes.index),
    "kibana_url": ("KIBANA_URL", shapes.url),
    "data_view": ("KIBANA_DATA_VIEW", shapes.data_view),
}
ELASTIC_SECRETS: Places = {"api_key": ("ELASTICSEARCH_API_KEY", shapes.encoded_key)}
TABLES: Mapping[str, Mapping[str, Any]] = {
    "answers": {
        "deadline": shapes.text(shapes.within("1s", "1m")),
        "theme": shapes.text(shapes.one_of("light", "dark")),
        "copy_home": shapes.yes_no,
        "at_once": shapes.whole(1, 100),
        "waiting": shapes.whole(0, 10_000),
        "per_user": shapes.whole(1, 10_000),
    },
    "metrics": {**dict.fromkeys(METRICS, shapes.text(shapes.metric)), "scale": shapes.text(shapes.one_of("percent", "ratio"))},
    "fields": dict.fromkeys(FIELDS, shapes.text(shapes.log_field)),
}
KNOWN = Known(
    settings={**dict((*TOP.values(), *SLACK.values(), *DATADOG.values(), *ELASTIC.values())), **later.SETTINGS},
    secrets={**dict((*SLACK_SECRETS.values(), *DATADOG_SECRETS.values(), *ELASTIC_SECRETS.values())), **later.SECRETS},
    tables={name: {**later.TABLES.get(name, {}), **TABLES.get(name, {})} for name in (*TABLES, *later.TABLES)},
    named_tables={"rules": later.RULE},
)


def read(environ: Mapping[str, str], folder: Path | None, *, require_slack: bool = False) -> Config:
    """The settings of this environment and of `paybot.toml` in `folder` (or where PAYBOT_CONFIG says).

    Raises ConfigError with every fault at once. With `require_slack`, what Slack needs must be there: `serve` cannot do without.
    """
    reading = read_settings(KNOWN, environ, folder)
    slack_wanted = require_slack or any(name in reading.given for name, _ in SLACK_SECRETS.values())
    faults = (*reading.faults, *(missing_slack(reading) if slack_wanted else ()), *missing_of_sources(reading))
    if faults:
        raise ConfigError(faults)
    return assembled(reading)


def missing_slack(reading: Reading) -> list[str]:
    """What must be there for a bot that hears and speaks in Slack."""
    missing = [f"{name}: is not set" for name in ("SLACK_BOT_TOKEN", "PAYBOT_HOME_CHANNEL") if name not in reading.given]
    if not reading.given & {"SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN"}:
        missing.append("SLACK_SIGNING_SECRET: is not set (or SLACK_APP_TOKEN, for Socket Mode)")
    return missing


def missing_of_sources(reading: Reading) -> list[str]:
    """The other half of what is half set: without it the source could only refuse every question."""
    pairs = (("DD_API_KEY", "DD_APP_KEY"), ("DD_APP_KEY", "DD_API_KEY"), ("ELASTICSEARCH_API_KEY", "ELASTICSEARCH_URL"))
    return [
        f"{needed}: is not set, but {given} is"
        for given, needed in pairs
        if given in reading.given and needed not in reading.given
    ]


def assembled(reading: Reading) -> Config:
    metrics, answers = reading.table("metrics"), reading.table("answers")
    scale = {"scale": metrics.pop("scale")} if "scale" in metrics else {}
    deadline = {"deadline_s": answers.pop("deadline")} if "deadline" in answers else {}
    slack = picked(reading, {**SLACK, **SLACK_SECRETS})
    datadog = picked(reading, {**DATADOG, **DATADOG_SECRETS})
    elastic = picked(reading, {**ELASTIC, **ELASTIC_SECRETS})
    fields = {key: value for key, value in reading.table("fields").items() if key in FIELDS}
    return Config(
        **picked(reading, TOP),
        slack=Slack(**slack) if "bot_token" in slack else None,
        datadog=Datadog(**datadog, **scale, metrics=METRICS | metrics) if "api_key" in datadog else None,
        elastic=Elastic(**elastic, fields=FIELDS | fields) if "url" in elastic else None,
        answers=Answers(**answers, **deadline),
        unused=unused(reading),
    )


def picked(reading: Reading, places: Places) -> dict[str, Any]:
    """The values that are set, by the names of their attributes."""
    return {own: reading.values[name] for own, (name, _) in places.items() if name in reading.values}


def unused(reading: Reading) -> tuple[str, ...]:
    """What is set and belongs to a part that this version does not have, tables by their names."""
    found = sorted(name for name in reading.given if name in later.SETTINGS or name in later.SECRETS)
    tables = {name.split(".")[0] for name in reading.given if "." in name and name.split(".")[0] not in TABLES}
    return (*found, *(f"[{table}]" for table in sorted(tables)))
