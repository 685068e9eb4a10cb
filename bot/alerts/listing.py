"""The rules as an operator reads them: one line each, and what of them cannot work with these settings. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from bot.alerts.rule import Measure, Rule
from bot.config import Config
from commands.words import duration

HEAD = ("name", "fires when", "for", "severity", "routes", "owner", "source", "enabled")

_MEASURED: Mapping[Measure, str] = {"mean": "mean of {over}", "sum": "sum of {over}", "last": "newest of {over}", "lag": "lag"}


def rows(rules: Iterable[Rule]) -> Iterator[tuple[str, ...]]:
    """A table with HEAD over it."""
    yield HEAD
    for rule in rules:
        hold = plain(duration(rule.hold)) if rule.hold else "at once"
        source = ", ".join(sources(rule)) or "each one"
        enabled = "yes" if rule.enabled else "no"
        yield (rule.name, condition(rule), hold, rule.severity, ", ".join(rule.routes), rule.owner, source, enabled)


def condition(rule: Rule) -> str:
    """When a rule is in breach: "mean of 15 min < 97 %", "lag > 120 s"."""
    if rule.measure == "answers":
        return "a source does not answer"
    measured = _MEASURED[rule.measure].format(over=plain(duration(rule.over)))
    return f"{measured} {'>' if rule.above is not None else '<'} {rule.limit:,.10g} {rule.unit}".rstrip()


def sources(rule: Rule) -> tuple[str, ...]:
    """The sources that a rule asks, as queries name them."""
    return tuple(dict.fromkeys(query.source for query in rule.queries.values()))


def plain(words: str) -> str:
    """Words for a terminal: columns are counted in plain spaces."""
    return words.replace("\u00a0", " ")


def notes(config: Config, rules: Iterable[Rule], lacks: Callable[[str], str]) -> Iterator[str]:
    """What is set but cannot work, one line each. `lacks` says what a source needs ("needs DD_API_KEY"), "" if it is set."""
    enabled = [rule for rule in rules if rule.enabled]
    for source in dict.fromkeys(source for rule in enabled for source in sources(rule)):
        if needed := lacks(source):
            blind = ", ".join(rule.name for rule in enabled if source in sources(rule))
            yield f"cannot be judged, as {source} is not configured ({needed}): {blind}"
    for route, key in absent_pagers(config).items():
        if routed := ", ".join(rule.name for rule in enabled if route in rule.routes):
            yield f"no pager for the route {route} ({key} is not set): {routed}"
    if config.roles.responder == ():
        yield "roles.responder is empty: nobody may acknowledge, snooze or escalate"


def absent_pagers(config: Config) -> Mapping[str, str]:
    """The routes that lead to a pager which is not configured, each with the setting that it needs."""
    pagers = {
        "pagerduty": ("PAGERDUTY_ROUTING_KEY", config.pagerduty and config.pagerduty.routing_key),
        "opsgenie": ("OPSGENIE_API_KEY", config.opsgenie),
    }
    return {route: key for route, (key, there) in pagers.items() if not there}
