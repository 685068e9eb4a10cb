"""The rules as an operator reads them, and what of them cannot work."""

from __future__ import annotations

from dataclasses import replace

from bot.alerts.listing import HEAD, condition, notes, rows
from bot.alerts.rulebook import rules
from bot.config import Config, Datadog, Elastic, Opsgenie, PagerDuty, Roles

SHIPPED = {rule.name: rule for rule in rules(Config())}
WHOLE = Config(
    datadog=Datadog(api_key="a", app_key="b"),
    elastic=Elastic(url="https://es"),
    pagerduty=PagerDuty(routing_key="r"),
    opsgenie=Opsgenie(api_key="o"),
)


def noted(config: Config, *lacking: str, enabled: bool = True) -> list[str]:
    found = (replace(rule, enabled=enabled) for rule in SHIPPED.values())
    return list(notes(config, found, lambda source: "needs KEY" if source in lacking else ""))


def test_a_row_says_all_of_a_rule() -> None:
    """Under one head, in the words of the settings file."""
    table = {row[0]: dict(zip(HEAD, row, strict=True)) for row in rows(SHIPPED.values())}
    assert table["name"] == dict(zip(HEAD, HEAD, strict=True))
    assert table["checkout-success-rate"] == {
        "name": "checkout-success-rate",
        "fires when": "mean of 15 min < 97 %",
        "for": "10 min",
        "severity": "critical",
        "routes": "slack, pagerduty",
        "owner": "Commerce Backend",
        "source": "datadog",
        "enabled": "yes",
    }
    assert (table["source-silent"]["source"], table["window-expired"]["for"]) == ("each one", "at once")


def test_a_condition_reads_as_it_is_written() -> None:
    """No number is rounded, and no unit is guessed."""
    assert condition(SHIPPED["webhook-lag"]) == "lag > 120 s"
    assert condition(SHIPPED["window-expired"]) == "sum of 1 h > 10"
    assert condition(SHIPPED["source-silent"]) == "a source does not answer"
    assert condition(replace(SHIPPED["window-expired"], measure="last", above=1234567.5)) == "newest of 1 h > 1,234,567.5"


def test_what_works_is_not_spoken_of() -> None:
    """With all sources and pagers nothing is noted; nor of rules that are switched off."""
    assert noted(WHOLE) == []
    assert noted(Config(), "datadog", enabled=False) == []


def test_a_rule_without_its_source_is_named() -> None:
    """With what the source needs."""
    assert noted(WHOLE, "elastic") == ["cannot be judged, as elastic is not configured (needs KEY): webhook-lag"]


def test_a_route_without_its_pager_is_named() -> None:
    """A key that only reads who is on call pages nobody."""
    assert noted(replace(WHOLE, pagerduty=PagerDuty(api_key="k"), opsgenie=None)) == [
        "no pager for the route pagerduty (PAGERDUTY_ROUTING_KEY is not set): checkout-success-rate, webhook-lag",
        "no pager for the route opsgenie (OPSGENIE_API_KEY is not set): receipt-render-failures",
    ]


def test_roles_that_name_nobody_are_noted() -> None:
    """Unset roles are another thing: then every full member may."""
    assert noted(replace(WHOLE, roles=Roles(responder=()))) == [
        "roles.responder is empty: nobody may acknowledge, snooze or escalate"
    ]
    assert noted(replace(WHOLE, roles=Roles(responder=("U0123ABCD",)))) == []
