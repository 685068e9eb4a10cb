"""`paybot check`: whether the bot would work here, every fault in one list; with its edges asked, as a table."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bot.alerts.listing import notes
from bot.alerts.rulebook import rules
from bot.config import Config, ConfigError, read
from bot.manifest import FILE, stale
from bot.observe import logs
from bot.ports import ChatError, Source, SourceError
from bot.slack.probe import slack_probes
from bot.sources import REGISTER, make
from bot.terminal import aligned
from bot.work import Bulkheads, gather
from charts.data import Column

PATIENCE_S = 8.0  # all are asked at once

Probe = Callable[[float], str]  # within so many seconds: what was seen, in a few words; raises SourceError or ChatError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, what came of it ("ok", "fault", "not configured"), and what was seen."""

    what: str
    state: str
    said: str = ""


def checked(environ: Mapping[str, str], folder: Path, *, connect: bool) -> tuple[list[str], bool]:
    """What is to be told, line by line, and whether all is well. With `connect` all that is configured is asked."""
    found = faults(environ, folder)
    config = settings_of(environ, folder)
    lines = list(found) or ["settings, rules and manifest: no faults"]
    if config:
        lines += notes(config, rules(config), partial(lacking, config))
    if config and config.unused:
        lines.append(f"not used by this version: {', '.join(config.unused)}")
    if not connect:
        return lines, not found
    if config is None:
        return [*lines, "nothing was asked: the settings must be right first"], False
    logs("ERROR")
    findings = connected(config)
    return [*lines, *table(findings)], not found and all(each.state != "fault" for each in findings)


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


def connected(config: Config) -> list[Finding]:
    """What every source and Slack said, and which sources cannot be asked."""
    sources = make(config, partial(datetime.now, UTC))
    probes = {source.title: source.probe for source in sources.values()}
    try:
        return [*asked({**probes, **slack_probes(config.slack)}), *not_configured(sources)]
    finally:
        for source in sources.values():
            source.stop()


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
    if isinstance(answer, SourceError | ChatError):
        return Finding(name, "fault", answer.said)
    if isinstance(answer, TimeoutError):
        return Finding(name, "fault", f"did not answer in {PATIENCE_S:g} s")
    log.error("a probe failed unexpectedly", exc_info=answer, extra={"probe": name})
    return Finding(name, "fault", "could not be asked: a fault of paybot's own, logged")
