"""The deploy files as values, and what they must agree with: the image, the settings, the metrics, the front."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot.alerts.counts import Readings, ReadNow
from bot.config import KNOWN
from bot.observe import Metrics

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
NAME = re.compile(r"\b(?:paybot|process)_[a-z_]+\b")
SUFFIXES = ("_bucket", "_sum", "_count")


@cache
def kubernetes() -> tuple[Mapping[str, Any], ...]:
    return tuple(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))


def only(kind: str) -> Mapping[str, Any]:
    (found,) = [each for each in kubernetes() if each["kind"] == kind]
    return found


def pod() -> Mapping[str, Any]:
    spec: Mapping[str, Any] = only("Deployment")["spec"]["template"]["spec"]
    return spec


def container() -> Mapping[str, Any]:
    (found,) = pod()["containers"]
    return dict(found)


@cache
def compose() -> Mapping[str, Any]:
    found: Mapping[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return found


def services() -> Mapping[str, Any]:
    """Those that run paybot."""
    return {name: service for name, service in compose()["services"].items() if name.startswith("paybot")}


def panels() -> Iterator[tuple[str, str]]:
    """Every question of the dashboard, with its panel's title."""
    for panel in json.loads((DEPLOY / "grafana.json").read_text())["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]


def rules() -> Iterator[Mapping[str, Any]]:
    for group in yaml.safe_load((DEPLOY / "prometheus-rules.yaml").read_text())["groups"]:
        yield from group["rules"]


@cache
def metrics() -> Mapping[str, str]:
    """Every metric as a question names it, with its kind."""
    made = Metrics()
    made.socket(lambda: 0, lambda envelope: 0.0)
    made.also(ReadNow(Readings))
    found: dict[str, str] = {}
    for family in made._registry.collect():
        names = {"counter": ("_total",), "histogram": SUFFIXES}.get(family.type, ("",))
        found |= {f"{family.name}{suffix}": family.type for suffix in names}
    return found


@cache
def labels() -> Mapping[str, frozenset[str]]:
    """The labels of every metric of paybot's own."""
    made = Metrics()
    made.socket(lambda: 0, lambda envelope: 0.0)
    made.also(ReadNow(lambda: FULL))
    found = {family.name: set[str]() for family in made._registry.collect()}
    for collector in made._registry._collector_to_names:
        name = getattr(collector, "_name", "")
        if name in found:
            found[name] |= set(getattr(collector, "_labelnames", ()))
    for family in made._registry.collect():
        found[family.name] |= {label for sample in family.samples for label in sample.labels} - {"le"}
    return {name: frozenset(each) for name, each in found.items()}


FULL = Readings(
    ready={"store": True},
    held=("send slack",),
    oldest_s={"slack": 1.0},
    unsent={"slack": 0},
    digest="posted",
    sources={"datadog": True},
)


def settings_named(env: Mapping[str, str]) -> list[str]:
    """The names among these that are no settings of paybot's."""
    files = {f"{name}_FILE" for name in KNOWN.secrets}
    return sorted(set(env) - set(KNOWN.settings) - set(KNOWN.secrets) - files)


def stage() -> list[tuple[str, str]]:
    """The Dockerfile's last stage as (instruction, rest)."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    last = text[text.rindex("\nFROM ") + 1 :]
    lines = (line.strip().partition(" ") for line in last.splitlines())
    return [(word, rest) for word, _, rest in lines if word.isupper()]


def image_env() -> dict[str, str]:
    (env,) = [rest for word, rest in stage() if word == "ENV"]
    return dict(pair.partition("=")[::2] for pair in env.split())
