"""`paybot check`: whether the bot would work here, every fault in one list; with its edges asked, as a table."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bot.alerts.asking import RulesRefused, rule_probes
from bot.alerts.intent import SendError
from bot.alerts.listing import notes
from bot.alerts.rulebook import rules
from bot.config import KNOWN, Config, ConfigError, read
from bot.manifest import FILE, stale
from bot.observe import logs
from bot.paging.opsgenie import Opsgenie
from bot.paging.pagerduty import PagerDutyEvents
from bot.ports import ChatError, Source, SourceError
from bot.reading import read_settings
from bot.slack.probe import slack_probes
from bot.sources import REGISTER, make
from bot.terminal import aligned
from bot.work import Bulkheads, gather
from charts.data import Column

PATIENCE_S = 8.0  # all are asked at once

Probe = Callable[[float], str]  # within so many seconds: what was seen, in a few words; raises one of UNWELL
UNWELL = SourceError | ChatError | SendError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, what came of it ("ok", "fault", "not configured"), what was seen, and each rule's fault in it."""

    what: str
    state: str
    said: str = ""
    faults: tuple[str, ...] = ()


def checked(environ: Mapping[str, str], folder: Path, *, connect: bool) -> tuple[list[str], bool]:
    """What is to be told, line by line, and whether all is well. With `connect` all that is configured is asked, by rules too."""
    found = faults(environ, folder)
    config = settings_of(environ, folder)
    if not connect:
        return told(found, config), not found
    if config is None:
        return [*told(found, config), "nothing was asked: the settings must be right first"], False
    logs("ERROR")
    findings = connected(config, read_settings(KNOWN, environ, folder).file.at)
    wrong = (*found, *(fault for each in findings for fault in each.faults))
    return [*told(wrong, config), *table(findings)], not wrong and all(each.state != "fault" for each in findings)


def told(wrong: Sequence[str], config: Config | None) -> list[str]:
    """Every fault, or that there is none; then what is right and cannot work."""
    lines = list(wrong) or ["settings, rules and manifest: no faults"]
    if config:
        lines += notes(config, rules(config), partial(lacking, config))
    return lines


def lacking(config: Config, source: str) -> str:
    """What a source needs and has not; empty where it is configured. Nothing is asked."""
    made = REGISTER[source]
    there = made.of(config, partial(datetime.now, UTC))
    return "" if there else made.needs


def settings_of(environ: Mapping[str, str], folder: Path) -> Config | None:
    """The settings as far as they can be used: without Slack, too; None where nothing can be done with them."""
    try:
        return read(environ, folder)
    except ConfigError:
        return None


def faults(environ: Mapping[str, str], folder: Path) -> tuple[str, ...]:
    """Every fault of the settings and rules, as `serve` needs them, and of a manifest in `folder`."""
    try:
        read(environ, folder, require_slack=True)
    except ConfigError as error:
        return (*error.faults, *manifest_faults(folder / FILE))
    return manifest_faults(folder / FILE)


def manifest_faults(path: Path) -> tuple[str, ...]:
    """A manifest that this version would write differently. None at all is no fault: it is needed only to make the app."""
    if not path.is_file():
        return ()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return (f"{path.name}: cannot be read",)
    return (f"{path.name}: is not what this version writes; `paybot manifest` writes it anew",) if stale(text) else ()


def connected(config: Config, at: Callable[..., str]) -> list[Finding]:
    """What every source, rule, pager and Slack said, and which of them cannot be asked.

    `at` says where a key stands in the settings file.
    """
    now = partial(datetime.now, UTC)
    sources, pagers = make(config, now), pager_probes(config)
    probes: dict[str, Probe] = {source.title: source.probe for source in sources.values()}
    probes |= rule_probes(rules(config), config, sources, now(), at)
    probes |= {title: probe for title, (probe, _) in pagers.items() if probe}
    absent = [Finding(title, "not configured", needs) for title, (probe, needs) in pagers.items() if probe is None]
    try:
        return [*asked({**probes, **slack_probes(config.slack)}), *not_configured(sources), *absent]
    finally:
        for source in sources.values():
            source.stop()


def pager_probes(config: Config) -> dict[str, tuple[Probe | None, str]]:
    """How each pager is tried without paging anybody, None where it is not configured; and what it needs."""
    pagerduty, opsgenie = config.pagerduty, config.opsgenie
    events = PagerDutyEvents(routing_key=pagerduty.routing_key, events_url=pagerduty.events_url) if pagerduty else None
    alerts = Opsgenie(api_key=opsgenie.api_key, api_url=opsgenie.api_url) if opsgenie else None
    return {
        "PagerDuty events": (
            events.probe if events and pagerduty and pagerduty.routing_key else None,
            "needs PAGERDUTY_ROUTING_KEY",
        ),
        "Opsgenie": (alerts.probe if alerts else None, "needs OPSGENIE_API_KEY"),
    }


def table(findings: Sequence[Finding]) -> list[str]:
    return aligned([(each.what, each.state, each.said) for each in findings], (Column(""),) * 3)


def not_configured(sources: Mapping[str, Source]) -> list[Finding]:
    """The sources that cannot be asked for want of settings. No fault: their panels say so."""
    return [Finding(made.title, "not configured", made.needs) for name, made in REGISTER.items() if name not in sources]


def asked(probes: Mapping[str, Probe]) -> list[Finding]:
    """What each said; all are asked at once, and nobody is waited for longer than PATIENCE_S."""
    bulkheads = Bulkheads()
    answers = gather(probes, bulkheads, lambda name: name, deadline_s=PATIENCE_S)
    bulkheads.stop()
    return [finding(name, answers[name]) for name in probes]


def finding(name: str, answer: str | Exception) -> Finding:
    if isinstance(answer, str):
        return Finding(name, "ok", answer)
    if isinstance(answer, RulesRefused):
        return Finding(name, "fault", answer.said, answer.faults)
    if isinstance(answer, UNWELL):
        return Finding(name, "fault", answer.said)
    if isinstance(answer, TimeoutError):
        return Finding(name, "fault", f"did not answer in {PATIENCE_S:g} s")
    log.error("a probe failed unexpectedly", exc_info=answer, extra={"probe": name})
    return Finding(name, "fault", "could not be asked: a fault of paybot's own, logged")
