"""Settings: the environment first, then the file, every fault at once, and no secret in sight."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import FIELDS, METRICS, Alerts, Config, ConfigError, Opsgenie, read
from bot.reading import line_of
from bot.shapes import Misfit, bind, database, duration_s, url

SLACK = {"SLACK_BOT_TOKEN": "xoxb-1-secret", "SLACK_SIGNING_SECRET": "5ecret", "PAYBOT_HOME_CHANNEL": "C0123ABCD"}
DATADOG = {"DD_API_KEY": "a" * 32, "DD_APP_KEY": "b" * 40}


def faults(environ: Mapping[str, str], folder: Path | None = None, *, require_slack: bool = False) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as raised:
        read(environ, folder, require_slack=require_slack)
    return raised.value.faults


def with_file(folder: Path, text: str) -> Path:
    (folder / "paybot.toml").write_text(text, encoding="utf-8")
    return folder


def test_nothing_set_gives_the_defaults() -> None:
    """An empty environment is a bot with nothing configured, and no fault."""
    assert read({}, None) == Config()


def test_every_documented_setting_arrives() -> None:
    """Each setting of this version stands in its attribute."""
    urls = {"SLACK_API_URL": "http://127.0.0.1:1/api", "DATADOG_HOST": "http://127.0.0.1:2/", "KIBANA_URL": "https://k/s/pay"}
    elastic = {"ELASTICSEARCH_URL": "https://es:9200/", "ELASTICSEARCH_API_KEY": "aWQ6a2V5", "ELASTICSEARCH_INDEX": "pay-*"}
    own = {"PAYBOT_ENV": "eu-1", "PAYBOT_TIMEZONE": "Europe/Berlin", "PAYBOT_BIND": "127.0.0.1:9", "PAYBOT_LOG_LEVEL": "debug"}
    own |= {"PAYBOT_BASE_URL": "https://paybot.example.com/"}
    config = read({**SLACK, **DATADOG, **urls, **elastic, **own, "DD_SITE": "datadoghq.eu", "KIBANA_DATA_VIEW": "pay"}, None)
    assert config.slack
    assert config.datadog
    assert config.elastic
    assert (config.env, config.timezone, config.bind, config.log_level) == ("eu-1", "Europe/Berlin", ("127.0.0.1", 9), "DEBUG")
    assert config.base_url == "https://paybot.example.com"
    assert (config.slack.bot_token, config.slack.home_channel) == ("xoxb-1-secret", "C0123ABCD")
    assert (config.slack.api_url, config.datadog.host) == ("http://127.0.0.1:1/api/", "http://127.0.0.1:2")
    assert (config.datadog.site, config.datadog.api_key, config.datadog.app_key) == ("datadoghq.eu", "a" * 32, "b" * 40)
    assert (config.elastic.url, config.elastic.api_key, config.elastic.index) == ("https://es:9200", "aWQ6a2V5", "pay-*")
    assert (config.elastic.kibana_url, config.elastic.data_view) == ("https://k/s/pay", "pay")


def test_every_fault_is_told_at_once() -> None:
    """One wrong setting does not hide the next."""
    found = faults({"DD_SITE": "datadog.eu", "PAYBOT_BIND": "3000", "PAYBOT_TIMEZONE": "Berlin", "PAYBOT_ENV": "a b"})
    assert {fault.split(":")[0] for fault in found} == {"DD_SITE", "PAYBOT_BIND", "PAYBOT_TIMEZONE", "PAYBOT_ENV"}


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("DD_SITE", "datadog.eu", 'did you mean "datadoghq.eu"?'),
        ("PAYBOT_TIMEZONE", "Europe/Berln", 'did you mean "Europe/Berlin"?'),
        ("PAYBOT_TIMEZONE", "../../etc/passwd", "is not a time zone"),
        ("PAYBOT_TIMEZONE", "Europe", "is not a time zone"),
        ("PAYBOT_BIND", "0.0.0.0:70000", "is not an address and port"),
        ("PAYBOT_BIND", "::1:3000", "is not an address and port"),
        ("PAYBOT_LOG_LEVEL", "verbose", "is not one of DEBUG, INFO"),
        ("PAYBOT_HOME_CHANNEL", "#eng-commerce", "is not a channel ID"),
        ("KIBANA_URL", "ftp://x", "is not a URL that begins with"),
        ("KIBANA_URL", "https://host:port", "is not a URL"),
        ("KIBANA_URL", "https://kibana/#/home", 'must end before any "?" or "#"'),
        ("KIBANA_URL", 'https://kibana/"><', "is not a URL"),
        ("ELASTICSEARCH_INDEX", "Payments *", "is not the name or pattern of an index"),
        ("PAYBOT_TIMEZON", "UTC", 'did you mean "PAYBOT_TIMEZONE"?'),
    ],
)
def test_a_wrong_setting_is_named_with_the_nearest_right_form(name: str, value: str, part: str) -> None:
    """A fault is one line that begins with the setting's name."""
    (fault,) = faults({name: value})
    assert fault.startswith(f"{name}: ")
    assert part in fault
    assert "\n" not in fault


def test_a_secret_is_never_shown() -> None:
    """Neither the settings' repr nor a fault repeats a key, a token or a URL's password."""
    paging = {"PAGERDUTY_ROUTING_KEY": "ccc", "PAGERDUTY_WEBHOOK_SECRET": "ddd", "OPSGENIE_API_KEY": "eee"}
    config = read({**SLACK, **DATADOG, **paging, "SLACK_APP_TOKEN": "xapp-9-hidden"}, None)
    wrong = {
        "SLACK_BOT_TOKEN": "xoxp-secret",
        "DD_API_KEY": "se cret",
        "DD_APP_KEY": "secr\u00e9t",
        "ELASTICSEARCH_API_KEY": "id:secret",
    }
    told = " ".join(faults({**SLACK, **wrong, "ELASTICSEARCH_URL": "https://elastic:secret@es"}))
    assert all(name in told for name in (*wrong, "ELASTICSEARCH_URL"))
    assert "secret" not in told.replace("SIGNING_SECRET", "")
    assert not any(secret in repr(config) for secret in ("xoxb-1", "5ecret", "xapp-9", "aaa", "bbb", "ccc", "ddd", "eee"))


@pytest.mark.parametrize(
    "url", ["https://elastic:hidden@es", "elastic:hidden@es:9200", "//elastic:hidden@es", "https://x/elastic:hidden@es"]
)
def test_a_password_in_a_url_is_refused_and_not_shown(url: str) -> None:
    """However little of a URL it is."""
    (fault,) = faults({"ELASTICSEARCH_URL": url})
    assert fault == "ELASTICSEARCH_URL: holds a user name or a password; keys have settings of their own"


def test_a_secret_can_come_from_a_file(tmp_path: Path) -> None:
    """`NAME_FILE` names the file that holds it; the line's end is not part of the key."""
    (tmp_path / "key").write_text("c0ffee\n", encoding="utf-8")
    config = read({"DD_API_KEY_FILE": str(tmp_path / "key"), "DD_APP_KEY": "b"}, None)
    assert config.datadog
    assert config.datadog.api_key == "c0ffee"


def test_a_secret_file_that_is_absent_empty_or_doubled_is_a_fault(tmp_path: Path) -> None:
    """A secret comes from exactly one place, and something must be there."""
    (tmp_path / "empty").touch()
    found = faults(
        {
            "DD_API_KEY_FILE": str(tmp_path / "absent"),
            "DD_APP_KEY_FILE": str(tmp_path / "empty"),
            "ELASTICSEARCH_API_KEY": "k",
            "ELASTICSEARCH_API_KEY_FILE": str(tmp_path / "empty"),
            "ELASTICSEARCH_URL": "https://es",
        }
    )
    assert [fault.split(":")[0] for fault in found] == ["DD_API_KEY_FILE", "DD_APP_KEY_FILE", "ELASTICSEARCH_API_KEY"]
    assert "No such file" in found[0]
    assert found[1].endswith("is empty")


def test_a_half_configured_source_is_a_fault() -> None:
    """A key without its other half would be refused at every question, so it is told at the start."""
    assert faults({"DD_API_KEY": "a"}) == ("DD_APP_KEY: is not set, but DD_API_KEY is",)
    assert faults({"ELASTICSEARCH_API_KEY": "a"}) == ("ELASTICSEARCH_URL: is not set, but ELASTICSEARCH_API_KEY is",)


def test_serving_needs_slack_and_asking_does_not() -> None:
    """What is missing for Slack is named, each by its name, only where Slack is needed."""
    assert read({}, None).slack is None
    names = [fault.split(":")[0] for fault in faults({}, require_slack=True)]
    assert names == ["SLACK_BOT_TOKEN", "PAYBOT_HOME_CHANNEL", "SLACK_SIGNING_SECRET"]


def test_socket_mode_needs_no_signing_secret() -> None:
    """With an app token nothing is signed, so nothing is missing."""
    config = read({"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "PAYBOT_HOME_CHANNEL": "C0123ABCD"}, None)
    assert config.slack
    assert config.slack.app_token == "xapp-1"


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    """A setting of the file holds until the environment says otherwise; an empty variable says nothing."""
    with_file(tmp_path, 'PAYBOT_ENV = "file"\nPAYBOT_TIMEZONE = "Asia/Kolkata"')
    config = read({"PAYBOT_ENV": "shell", "PAYBOT_TIMEZONE": ""}, tmp_path)
    assert (config.env, config.timezone) == ("shell", "Asia/Kolkata")


def test_the_file_tunes_answers_names_and_fields(tmp_path: Path) -> None:
    """Tables of the file change only what they name."""
    text = '[answers]\ndeadline = "1m"\ntheme = "dark"\ncopy_home = false\n[metrics]\nscale = "ratio"\nsuccess_rate = "x.y"\n'
    with_file(tmp_path, text + '[fields]\ndecline_code = "labels.code"\nattempt = "labels.attempt"')
    config = read({**DATADOG, "ELASTICSEARCH_URL": "https://es"}, tmp_path)
    assert config.datadog
    assert config.elastic
    assert (config.answers.deadline_s, config.answers.theme, config.answers.copy_home) == (60.0, "dark", False)
    assert (config.datadog.scale, config.datadog.metrics) == ("ratio", {**METRICS, "success_rate": "x.y"})
    assert config.elastic.fields == {**FIELDS, "decline_code": "labels.code", "attempt": "labels.attempt"}


def test_aws_is_there_where_its_region_is_known(tmp_path: Path) -> None:
    """Names have defaults; without a region or a profile boto3 could ask nothing, and AWS is not configured."""
    assert read({}, tmp_path).aws is None
    aws = read({"AWS_DEFAULT_REGION": "eu-west-1", "PAYBOT_EVENT_RULES": "a, b,"}, tmp_path).aws
    assert aws
    assert (aws.region, aws.retry_queue, aws.event_rules) == ("eu-west-1", "payments-retry-${ENV}", ("a", "b"))
    assert read({"AWS_PROFILE": "payments"}, tmp_path).aws


def test_an_archive_is_a_bucket_or_a_folder(tmp_path: Path) -> None:
    """A folder needs nothing more; a bucket needs AWS."""
    assert read({"PAYBOT_SEGMENT_ARCHIVE": "/srv/segment"}, tmp_path).archives.segment_archive == "/srv/segment"
    assert faults({"PAYBOT_SEGMENT_ARCHIVE": "s3://logs/segment/"}, tmp_path) == (
        "AWS_REGION: is not set, but PAYBOT_SEGMENT_ARCHIVE is",
    )
    assert faults({"PAYBOT_CLOUDFRONT_LOGS": "https://logs"}, tmp_path)[0].startswith("PAYBOT_CLOUDFRONT_LOGS: ")


def test_the_tolerance_between_sources_is_a_share(tmp_path: Path) -> None:
    """`agreement` is said as people say it."""
    with_file(tmp_path, '[answers]\nagreement = "0.5 %"')
    assert read({}, tmp_path).answers.limits.agreement_pct == 0.5
    with_file(tmp_path, '[answers]\nagreement = "much"')
    assert faults({}, tmp_path) == ('paybot.toml:2: answers.agreement: "much" is not a share like "2%"',)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[anwers]", 'paybot.toml:1: "anwers" is not a setting; did you mean "answers"?'),
        ('[answers]\ndedline = "8s"', 'paybot.toml:2: "answers.dedline" is not a setting; did you mean "answers.deadline"?'),
        ('[answers]\n"a\\nb" = 8', 'paybot.toml:2: "answers.a?b" is not a setting'),
        ("[answers]\ndeadline = 8", 'paybot.toml:2: answers.deadline: "8" must be a text in quotes'),
        ('[answers]\n\ndeadline = "2m"', 'paybot.toml:3: answers.deadline: "2m" is not between 1s and 1m'),
        ('[answers]\ncopy_home = "no"', 'paybot.toml:2: answers.copy_home: "no" is neither true nor false'),
        ('[alerts]\ntick = "soon"', 'paybot.toml:2: alerts.tick: "soon" is not a duration'),
        ('[alerts]\ntick = "1h"', 'paybot.toml:2: alerts.tick: "1h" is not between 1s and 10m'),
        ('[alerts]\nchannel = "#alerts"', 'paybot.toml:2: alerts.channel: "#alerts" is not a channel ID'),
        ('[roles]\nresponder = ["@mei"]', 'paybot.toml:2: roles.responder: "@mei" is not the ID of a person or a user group'),
        ('[roles]\nresponder = "U0123ABCD"', 'paybot.toml:2: roles.responder: "U0123ABCD" must be a list of texts'),
        ("[roles]\nresponder = [3]", 'paybot.toml:2: roles.responder: "3" must be a text in quotes'),
        ("\nanswers = 8", "paybot.toml:2: answers is a table: write [answers] above its keys"),
        (
            'DD_API_KEY = "hidden"',
            "paybot.toml:1: DD_API_KEY is a secret: set it in the environment, or name its file in DD_API_KEY_FILE",
        ),
        ('PAYBOT_ENV = "A"', 'paybot.toml:1: PAYBOT_ENV: "A" is not the name of an environment'),
        ("\n[answers", "paybot.toml:2: is not TOML: "),
    ],
)
def test_a_fault_of_the_file_names_file_line_and_key(tmp_path: Path, text: str, fault: str) -> None:
    """Unknown keys come with the nearest right one, wrong values with the right form."""
    (found,) = faults({}, with_file(tmp_path, text))
    assert found.startswith(fault)
    assert "hidden" not in found


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("a",), 1),
        (("b",), 2),
        (("b", "c"), 2),
        (("t",), 4),
        (("t", "long"), 6),
        (("t", "next"), 9),
        (("t", "u v"), 10),
        (("t", "u v", "x", "y"), 11),
        (("t", "u v", "in", "deep"), 12),
        (("t", "absent"), 4),
        (("list",), 13),
        (("list", "k"), 14),
        (("absent", "k"), 0),
    ],
)
def test_a_key_is_found_however_it_is_written(path: tuple[str, ...], line: int) -> None:
    """Dotted, in a table, in a table's inline form, after a value of several lines; else the table around it."""
    text = """a = 1
b.c = 2

[t] # next = 3
# next = 4
long = '''
next = 5
[u]'''
next = 6
[t."u v"]
x.y = 7
in = { deep = 8 }
[[list]]
k = 9
"""
    assert line_of(text, *path) == line


def test_the_file_can_be_elsewhere_and_must_then_exist(tmp_path: Path) -> None:
    """PAYBOT_CONFIG names the file; naming one that is not there is a fault, having none is not."""
    (tmp_path / "own.toml").write_text('PAYBOT_ENV = "own"', encoding="utf-8")
    assert read({"PAYBOT_CONFIG": str(tmp_path / "own.toml")}, None).env == "own"
    assert faults({"PAYBOT_CONFIG": "absent.toml"}, tmp_path)[0].startswith("PAYBOT_CONFIG: ")


def test_the_digest_is_set_in_the_file(tmp_path: Path) -> None:
    """What is not written keeps its default: weekdays at a quarter past nine."""
    assert (read({}, None).digest.at, read({}, None).digest.days) == (time(9, 15), frozenset(range(5)))
    with_file(tmp_path, '[digest]\nat = "8:30"\ndays = "sun-thu"\ntimezone = "Asia/Riyadh"\nholidays = "SA"\ngrace = "2h"')
    digest = read({}, tmp_path).digest
    assert (digest.at, digest.days, digest.timezone) == (time(8, 30), frozenset({6, 0, 1, 2, 3}), "Asia/Riyadh")
    assert (digest.holidays, digest.grace, digest.enabled) == ("SA", timedelta(hours=2), True)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('timezone = "Europe/Berlln"', '"Europe/Berlln" is not a time zone; did you mean "Europe/Berlin"?'),
        ('cron = "0 9 30 2 *"', '"0 9 30 2 *" never fires within 8 years'),
        ('cron = "0 9 * * 1-5"', "must name days of the week by name"),
        ('cron = "*/5 9 * * mon"', "is not a cron line with one time a day"),
        ('cron = "0 9 * 13 *"', "is no cron line: "),
        ('holidays = "DX"', "is not a calendar of holidays like"),
        ('holidays = "DE-BX"', '"BX" is no part of DE'),
        ('days = ""', "names no day, so nothing would ever be posted"),
        ('days = "mon-fry"', '"mon-fry" is not a day like "mon" or days like "mon-fri"; did you mean "fri"?'),
        ('at = "9.15"', '"9.15" is not a time of day like "09:15"'),
        ('at = "09:15"\ncron = "15 9 * * mon-fri"', "does not go with cron, which says it too"),
    ],
)
def test_a_digest_that_could_never_be_posted_is_a_fault_by_name(tmp_path: Path, line: str, said: str) -> None:
    """With the file, the line, the key, and what is meant."""
    with_file(tmp_path, f"[digest]\n{line}")
    (fault,) = faults({}, tmp_path)
    assert fault.startswith("paybot.toml:2: digest.")
    assert said in fault


def test_the_heartbeats_address_is_a_secret(tmp_path: Path) -> None:
    """It is asked as it is, and stands in no fault and no repr."""
    config = read({"PAYBOT_HEARTBEAT_URL": "https://watch.example/ping/0a1b2c"}, None)
    assert config.heartbeat_url.endswith("0a1b2c")
    assert "0a1b2c" not in repr(config)
    assert "0a1b2c" not in str(faults({"PAYBOT_HEARTBEAT_URL": "watch.example/0a1b2c"}, None))


def test_alerts_and_roles_are_tuned_in_the_file(tmp_path: Path) -> None:
    """What is not written keeps its default."""
    with_file(tmp_path, '[alerts]\ntick = "30s"\nchannel = "C0ALERTS"\n[roles]\nresponder = ["S0123ABCD", "U0123ABCD"]')
    config = read({}, tmp_path)
    assert config.alerts == Alerts(tick=timedelta(seconds=30), channel="C0ALERTS")
    assert config.roles.responder == ("S0123ABCD", "U0123ABCD")


def test_roles_that_name_nobody_are_not_unset_roles(tmp_path: Path) -> None:
    """With none set every full member may act, with an empty list nobody."""
    assert read({}, with_file(tmp_path, "[roles]")).roles.responder is None
    assert read({}, with_file(tmp_path, "[roles]\nresponder = []")).roles.responder == ()


def test_pagerduty_takes_either_key() -> None:
    """One pages, the other asks who is on call; neither needs the other."""
    assert read({"PAGERDUTY_API_URL": "https://pd"}, None).pagerduty is None
    paging = read(
        {"PAGERDUTY_ROUTING_KEY": "r", "PAGERDUTY_WEBHOOK_SECRET": "w", "PAGERDUTY_EVENTS_URL": "http://e/"}, None
    ).pagerduty
    asking = read({"PAGERDUTY_API_KEY": "k"}, None).pagerduty
    assert paging
    assert asking
    assert (paging.api_key, paging.routing_key, paging.webhook_secret, paging.events_url) == ("", "r", "w", "http://e")
    assert (asking.api_key, asking.routing_key) == ("k", "")
    assert faults({"PAGERDUTY_WEBHOOK_SECRET": "w"}) == ("PAGERDUTY_ROUTING_KEY: is not set, but PAGERDUTY_WEBHOOK_SECRET is",)


def test_opsgenie_is_there_with_its_key() -> None:
    """At whatever base URL its API is spoken."""
    assert read({"OPSGENIE_API_URL": "https://og"}, None).opsgenie is None
    jira = "https://api.atlassian.com/jsm/ops/integration"
    config = read({"OPSGENIE_API_KEY": "o", "OPSGENIE_API_URL": f"{jira}/"}, None)
    assert config.opsgenie == Opsgenie(api_key="o", api_url=jira)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("sqlite:///paybot.db", "sqlite:///paybot.db"),
        ("sqlite:////var/lib/paybot/my state.db", "sqlite:////var/lib/paybot/my state.db"),
        ("postgresql://paybot:pw@db:5432/paybot?sslmode=require", "postgresql://paybot:pw@db:5432/paybot?sslmode=require"),
        ("postgres://paybot:pw@db/paybot", "postgresql://paybot:pw@db/paybot"),
    ],
)
def test_the_state_is_in_a_file_or_on_a_server(text: str, kept: str) -> None:
    """As SQLAlchemy names them."""
    config = read({"DATABASE_URL": text}, None)
    assert config.database_url == kept
    assert "pw" not in repr(config)


@pytest.mark.parametrize(
    "text", ["paybot.db", "sqlite://", "sqlite:///:memory:", "sqlite:/x", "mysql://u:hidden@h/d", "postgresql://"]
)
def test_a_place_that_keeps_no_state_is_refused(text: str) -> None:
    """And is not shown, for it may hold a password."""
    (fault,) = faults({"DATABASE_URL": text})
    assert fault.startswith("DATABASE_URL: must ")
    assert "hidden" not in fault


@given(st.text(max_size=60))
def test_any_text_is_a_database_or_a_misfit(text: str) -> None:
    """And nothing else is raised."""
    for scheme in ("", "sqlite:///", "postgresql://"):
        with suppress(Misfit):
            assert database(scheme + text).partition("://")[0] in {"sqlite", "postgresql"}


def test_what_kubernetes_adds_for_a_service_named_paybot_is_no_fault() -> None:
    """Every pod beside that service has these names in its environment."""
    added = {"PAYBOT_SERVICE_HOST": "10.0.0.1", "PAYBOT_PORT": "tcp://10.0.0.1:3000", "PAYBOT_PORT_3000_TCP_ADDR": "10.0.0.1"}
    assert read({**added, "PAYBOT_WEB_SERVICE_PORT_HTTP": "3000"}, None) == Config()
    assert faults({"PAYBOT_PORT": "3000"})[0].startswith("PAYBOT_PORT: is not a setting")


@pytest.mark.parametrize(
    ("text", "seconds"), [("15s", 15), ("10m", 600), ("1h30m", 5400), ("7d", 604800), ("0s", 0), ("1d2h3m4s", 93784)]
)
def test_a_duration_is_written_as_people_say_it(text: str, seconds: float) -> None:
    """Days, hours, minutes and seconds, in this order."""
    assert duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "8", "8 s", "m", "1.5h", "-1s", "30m1h", "1w", "١s", "9" * 5000 + "s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    """No guesses about units, signs or other scripts' digits."""
    with pytest.raises(Misfit):
        duration_s(text)


def test_an_address_may_be_short_or_of_ipv6() -> None:
    """ ":3000" is all addresses; brackets hold an address of IPv6."""
    assert bind(":3000") == ("0.0.0.0", 3000)
    assert bind("[::1]:0") == ("::1", 0)


@given(st.text(max_size=80))
def test_any_text_is_a_value_or_a_fault(text: str) -> None:
    """Whatever stands in the environment, nothing but ConfigError comes of it."""
    names = ("PAYBOT_BIND", "PAYBOT_TIMEZONE", "ELASTICSEARCH_URL", "DD_API_KEY_FILE")
    found = faults({**dict.fromkeys(names, text), "DD_SITE": "wrong"})
    assert all(len(fault.splitlines()) == 1 for fault in found)


@given(st.text(max_size=80))
def test_a_url_is_plain_or_refused(text: str) -> None:
    """What is taken for a base URL holds nothing that could leave its place in a YAML file or a link."""
    with suppress(Misfit):
        assert not set(url(f"https://{text}")) & set('"<>\\ @?#|\n')
