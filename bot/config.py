"""The settings: read once from the environment and `paybot.toml`, checked whole, frozen.

Plain dataclasses: importing a validation library takes half of the 150 ms in which the port is to be open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bot import shapes
from bot.digest import days
from bot.reading import Known, Reading, read_settings
from bot.settings import (
    FIELDS,
    METRICS,
    Alerts,
    Answers,
    Archives,
    Aws,
    Config,
    Datadog,
    Digest,
    Elastic,
    Opsgenie,
    PagerDuty,
    Roles,
    Slack,
)
from commands.panel import Limits

__all__ = [
    "FIELDS",
    "METRICS",
    "Alerts",
    "Answers",
    "Archives",
    "Aws",
    "Config",
    "ConfigError",
    "Datadog",
    "Digest",
    "Elastic",
    "Opsgenie",
    "PagerDuty",
    "Roles",
    "Slack",
    "read",
]

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


Places = Mapping[str, tuple[str, shapes.Shape[Any]]]  # attribute -> the setting's name and the shape of its value


def shaped(all_places: Iterable[Places]) -> dict[str, shapes.Shape[Any]]:
    """The shape of every setting, by its name."""
    return dict(place for places in all_places for place in places.values())


TOP: Places = {
    "env": ("PAYBOT_ENV", shapes.environment),
    "timezone": ("PAYBOT_TIMEZONE", shapes.zone),
    "bind": ("PAYBOT_BIND", shapes.bind),
    "log_level": ("PAYBOT_LOG_LEVEL", shapes.log_level),
    "base_url": ("PAYBOT_BASE_URL", shapes.url),
}
TOP_SECRETS: Places = {
    "database_url": ("DATABASE_URL", shapes.database),
    "heartbeat_url": ("PAYBOT_HEARTBEAT_URL", shapes.secret_url),
}
SLACK: Places = {
    "home_channel": ("PAYBOT_HOME_CHANNEL", shapes.channel),
    "probe_channel": ("PAYBOT_PROBE_CHANNEL", shapes.channel),
    "api_url": ("SLACK_API_URL", shapes.base_url),
}
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
AWS: Places = {
    "profile": ("AWS_PROFILE", shapes.words),
    "retry_queue": ("PAYBOT_RETRY_QUEUE", shapes.words),
    "event_bus": ("PAYBOT_EVENT_BUS", shapes.words),
    "event_rules": ("PAYBOT_EVENT_RULES", shapes.names),
    "event_log_group": ("PAYBOT_EVENT_LOG_GROUP", shapes.words),
}
REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")  # the first that is set; with AWS_PROFILE: what says that AWS can be asked
ARCHIVES: Places = {
    "cloudfront_logs": ("PAYBOT_CLOUDFRONT_LOGS", shapes.archive),
    "segment_archive": ("PAYBOT_SEGMENT_ARCHIVE", shapes.archive),
    "athena_workgroup": ("ATHENA_WORKGROUP", shapes.words),
    "athena_database": ("ATHENA_DATABASE", shapes.words),
    "athena_output": ("ATHENA_OUTPUT", shapes.archive),
}
PAGERDUTY: Places = {"api_url": ("PAGERDUTY_API_URL", shapes.url), "events_url": ("PAGERDUTY_EVENTS_URL", shapes.url)}
PAGERDUTY_SECRETS: Places = {
    "api_key": ("PAGERDUTY_API_KEY", shapes.secret),
    "routing_key": ("PAGERDUTY_ROUTING_KEY", shapes.secret),
    "webhook_secret": ("PAGERDUTY_WEBHOOK_SECRET", shapes.secret),
}
OPSGENIE: Places = {"api_url": ("OPSGENIE_API_URL", shapes.url)}
OPSGENIE_SECRETS: Places = {"api_key": ("OPSGENIE_API_KEY", shapes.secret)}
ELASTIC_SECRETS: Places = {"api_key": ("ELASTICSEARCH_API_KEY", shapes.encoded_key)}
TABLES: Mapping[str, Mapping[str, Any]] = {
    "answers": {
        "deadline": shapes.text(shapes.within("1s", "1m")),
        "theme": shapes.text(shapes.one_of("light", "dark")),
        "charts": shapes.text(shapes.one_of("picture", "native")),
        "agreement": shapes.text(shapes.share),
        "runbook_url": shapes.text(shapes.url),
        "copy_home": shapes.yes_no,
        "at_once": shapes.whole(1, 100),
        "waiting": shapes.whole(0, 10_000),
        "per_user": shapes.whole(1, 10_000),
    },
    "metrics": {**dict.fromkeys(METRICS, shapes.text(shapes.metric)), "scale": shapes.text(shapes.one_of("percent", "ratio"))},
    "fields": dict.fromkeys(FIELDS, shapes.text(shapes.log_field)),
    "archives": {"cache": shapes.text(shapes.words), "cache_mb": shapes.whole(100, 1_000_000)},
    "pagerduty": {"service": shapes.text(shapes.words)},
    "alerts": {
        "tick": shapes.text(shapes.lasting("1s", "10m")),
        "delay": shapes.text(shapes.lasting("0s", "15m")),
        "repeat_every": shapes.text(shapes.lasting("5m", "7d")),
        "channel": shapes.text(shapes.channel),
    },
    "digest": {
        "at": shapes.text(days.clock_time),
        "days": shapes.text(days.weekdays),
        "cron": shapes.text(days.cron_line),
        "timezone": shapes.text(shapes.zone),
        "holidays": shapes.text(days.holidays),
        "channel": shapes.text(shapes.channel),
        "grace": shapes.text(shapes.lasting("0s", "23h")),
        "enabled": shapes.yes_no,
    },
    "roles": {"responder": shapes.several(shapes.responder)},
}
SETTINGS = (TOP, SLACK, DATADOG, ELASTIC, AWS, ARCHIVES, PAGERDUTY, OPSGENIE)
SECRETS = (TOP_SECRETS, SLACK_SECRETS, DATADOG_SECRETS, ELASTIC_SECRETS, PAGERDUTY_SECRETS, OPSGENIE_SECRETS)
RULES = "rules"
KNOWN = Known(
    settings={**shaped(SETTINGS), **dict.fromkeys(REGIONS, shapes.words)},
    secrets=shaped(SECRETS),
    tables=TABLES,
    elsewhere=frozenset({RULES}),
)


def read(environ: Mapping[str, str], folder: Path | None, *, require_slack: bool = False) -> Config:
    """The settings of this environment and of `paybot.toml` in `folder` (or where PAYBOT_CONFIG says).

    Raises ConfigError with every fault at once. With `require_slack`, what Slack needs must be there: `serve` cannot do without.
    """
    reading = read_settings(KNOWN, environ, folder)
    slack_wanted = require_slack or any(name in reading.given for name, _ in SLACK_SECRETS.values())
    missing = (*(missing_slack(reading) if slack_wanted else ()), *missing_of_sources(reading))
    faults = (*reading.faults, *faults_of_digest(reading), *faults_of_rules(reading), *missing)
    if faults:
        raise ConfigError(faults)
    return assembled(reading)


def faults_of_rules(reading: Reading) -> tuple[str, ...]:
    """What is wrong with the file's rules."""
    own = reading.tables.get(RULES)
    if not own:
        return ()
    from bot.alerts.rulebook import faults  # noqa: PLC0415 - it needs these settings' names, and most starts have no such table

    return faults(own, reading.file.at)


def faults_of_digest(reading: Reading) -> tuple[str, ...]:
    """Two ways to say when it is posted are one too many."""
    twice = sorted({"digest.at", "digest.days"} & reading.given) if "digest.cron" in reading.given else ()
    return tuple(f"{reading.file.at(*name.split('.'))}: {name}: does not go with cron, which says it too" for name in twice)


def missing_slack(reading: Reading) -> list[str]:
    """What must be there for a bot that hears and speaks in Slack."""
    missing = [f"{name}: is not set" for name in ("SLACK_BOT_TOKEN", "PAYBOT_HOME_CHANNEL") if name not in reading.given]
    if not reading.given & {"SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN"}:
        missing.append("SLACK_SIGNING_SECRET: is not set (or SLACK_APP_TOKEN, for Socket Mode)")
    return missing


def missing_of_sources(reading: Reading) -> list[str]:
    """The other half of what is half set: without it the source could only refuse every question, the pager every page."""
    pairs = (
        ("DD_API_KEY", "DD_APP_KEY"),
        ("DD_APP_KEY", "DD_API_KEY"),
        ("ELASTICSEARCH_API_KEY", "ELASTICSEARCH_URL"),
        ("PAGERDUTY_WEBHOOK_SECRET", "PAGERDUTY_ROUTING_KEY"),  # what comes back is of what was sent
    )
    half = [
        f"{needed}: is not set, but {given} is"
        for given, needed in pairs
        if given in reading.given and needed not in reading.given
    ]
    in_aws = [name for name in ("PAYBOT_CLOUDFRONT_LOGS", "PAYBOT_SEGMENT_ARCHIVE") if is_bucket(reading.values.get(name))]
    in_aws += [name for name in ("ATHENA_WORKGROUP",) if name in reading.given]
    nowhere = not reading.given & {*REGIONS, "AWS_PROFILE"}
    return [*half, *(f"AWS_REGION: is not set, but {name} is" for name in in_aws if nowhere)]


def is_bucket(place: object) -> bool:
    """Whether an archive lies in S3, and not in a folder."""
    return str(place).startswith("s3:")


def assembled(reading: Reading) -> Config:
    metrics, answers = reading.table("metrics"), reading.table("answers")
    scale = {"scale": metrics.pop("scale")} if "scale" in metrics else {}
    deadline = {"deadline_s": answers.pop("deadline")} if "deadline" in answers else {}
    limits: dict[str, Any] = {"limits": Limits(agreement_pct=answers.pop("agreement"))} if "agreement" in answers else {}
    slack = picked(reading, {**SLACK, **SLACK_SECRETS})
    datadog = picked(reading, {**DATADOG, **DATADOG_SECRETS})
    elastic = picked(reading, {**ELASTIC, **ELASTIC_SECRETS})
    pagerduty = picked(reading, {**PAGERDUTY, **PAGERDUTY_SECRETS})
    opsgenie = picked(reading, {**OPSGENIE, **OPSGENIE_SECRETS})
    fields = {key: value for key, value in reading.table("fields").items() if key in FIELDS}
    return Config(
        **picked(reading, {**TOP, **TOP_SECRETS}),
        slack=Slack(**slack) if "bot_token" in slack else None,
        datadog=Datadog(**datadog, **scale, metrics=METRICS | metrics) if "api_key" in datadog else None,
        elastic=Elastic(**elastic, fields=FIELDS | fields) if "url" in elastic else None,
        aws=aws(reading),
        archives=Archives(**picked(reading, ARCHIVES), **reading.table("archives")),
        pagerduty=PagerDuty(**pagerduty, **reading.table("pagerduty")) if pagerduty.keys() & {"api_key", "routing_key"} else None,
        opsgenie=Opsgenie(**opsgenie) if "api_key" in opsgenie else None,
        answers=Answers(**answers, **deadline, **limits),
        alerts=Alerts(**reading.table("alerts")),
        overrides=reading.tables.get(RULES, {}),
        roles=Roles(**reading.table("roles")),
        digest=Digest(**reading.table("digest")),
    )


def aws(reading: Reading) -> Aws | None:
    """AWS, where its region is known: without one boto3 can ask nothing."""
    region = next((str(reading.values[name]) for name in REGIONS if name in reading.values), "")
    return Aws(region=region, **picked(reading, AWS)) if region or "AWS_PROFILE" in reading.values else None


def picked(reading: Reading, places: Places) -> dict[str, Any]:
    """The values that are set, by the names of their attributes."""
    return {own: reading.values[name] for own, (name, _) in places.items() if name in reading.values}
