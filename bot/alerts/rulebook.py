"""The rules: those that are shipped, with what the operator's file says otherwise, and the operator's own.

A file's faults are told all at once, each on one line that begins with its place: "paybot.toml:12: rules.webhook-lag.for: …".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from bot import shapes
from bot.alerts.query_text import LANGUAGES, options, query_text, wrong_options
from bot.alerts.rule import SEVERITIES, Rule
from bot.config import Config, ConfigError
from bot.reading import FILE, NotToml, parsed
from bot.shapes import Misfit, meant, shown, text
from commands import SECTIONS
from commands.panel import Query
from commands.words import listed

SHIPPED = Path(__file__).with_name("rules.toml")
NEWEST_OVER = timedelta(hours=24)  # how far back "lag" looks for an event; none at all counts as a lag of that
ROUTES = ("slack", "pagerduty", "opsgenie")
LIMITS = ("above", "below")
ASKING = ("source", "query", "last_query", "options")
RULE_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}", re.ASCII)
NEEDED = ("title", "source", "query")  # of a rule of the operator's own

At = Callable[..., str]  # where a path of keys stands in its file: "paybot.toml:12"

KEYS: Mapping[str, Callable[[object], Any]] = {
    "title": text(shapes.line(100)),
    "owner": text(shapes.line(100)),
    "section": text(shapes.one_of(*SECTIONS)),
    "source": text(shapes.one_of(*LANGUAGES)),
    "query": text(query_text),
    "last_query": text(query_text),
    "options": options,
    "measure": text(shapes.one_of(*dict.fromkeys(name for each in LANGUAGES.values() for name in each.measures))),
    "unit": text(shapes.line(20, empty=True)),
    "above": shapes.number,
    "below": shapes.number,
    "recover": shapes.number,
    "over": text(shapes.whole_minutes("1m", "24h")),
    "for": text(shapes.lasting("0s", "24h")),
    "clear": text(shapes.lasting("0s", "24h")),
    "no_data": text(shapes.one_of("keep", "fire", "ok", "nodata")),
    "severity": text(shapes.one_of(*SEVERITIES)),
    "routes": shapes.several(shapes.one_of(*ROUTES), low=1),
    "repeat_every": text(shapes.lasting("5m", "7d")),
    "environments": shapes.several(shapes.environment),
    "enabled": shapes.yes_no,
}
BUILT_IN = "source-silent"
OF_BUILT_IN = ("title", "owner", "section", "for", "clear", "severity", "routes", "repeat_every", "enabled")


@dataclass(slots=True)
class Draft:
    """One rule's table on the way to a rule: its values in shape, the keys that are wrong, and every fault."""

    name: str
    at: At
    keys: tuple[str, ...] = ()
    values: dict[str, Any] = field(default_factory=dict)
    wrong: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        """Its table's name as a fault shows it; in quotes where it cannot be the name of a rule."""
        return f"rules.{self.name}" if RULE_NAME.fullmatch(self.name) else shown(f"rules.{self.name}")

    def take(self, key: str, shape: Callable[[object], Any], value: object) -> None:
        """Keeps a value in its shape, or what is wrong with it."""
        self.check(key, lambda: self.values.update({key: shape(value)}))

    def blame(self, said: str, *keys: str) -> None:
        """A fault at the first of these keys that is there, else of the whole table."""
        key = next((key for key in keys if key in self.keys), "")
        where = f"{self.label}.{key}" if key else self.label
        self.wrong.update(keys)
        self.faults.append(f"{self.at('rules', self.name, *([key] if key else []))}: {where}: {said}")

    def check(self, key: str, look: Callable[[], None]) -> None:
        """Keeps what this look at a key finds wrong."""
        try:
            look()
        except Misfit as error:
            self.blame(str(error), key)


def rules(config: Config) -> tuple[Rule, ...]:
    """Every rule of these settings, those that are switched off too. Raises ConfigError with all faults of the overrides."""
    drafts = tuple(drafted(config.overrides, lambda *_: FILE))
    wrong = faults_of(drafts)
    if wrong:
        raise ConfigError(wrong)
    return tuple(built(draft, config.alerts.repeat_every) for draft in drafts)


def faults(own: Mapping[str, object], at: At) -> tuple[str, ...]:
    """What is wrong with the tables [rules.<name>] of a file, all of it."""
    return faults_of(drafted(own, at))


def faults_of(drafts: Iterator[Draft] | tuple[Draft, ...]) -> tuple[str, ...]:
    return tuple(fault for draft in drafts for fault in draft.faults)


@cache
def shipped() -> Mapping[str, Mapping[str, Any]]:
    """The values of the shipped rules, by name. Raises ConfigError where the shipped file is not as it was shipped."""
    try:
        file = parsed(SHIPPED.name, SHIPPED.read_bytes())
    except (OSError, NotToml) as error:
        raise ConfigError((str(error),)) from error
    keys = {**KEYS, "measure": text(shapes.words)}  # "answers", too
    match file.document:
        case {"rules": dict(tables)}:
            drafts = [taken(name, table, keys, file.at) for name, table in tables.items()]
        case _:
            raise ConfigError((f"{file.name}: has no rules",))
    if wrong := faults_of(tuple(drafts)):
        raise ConfigError(wrong)
    return {draft.name: draft.values for draft in drafts}


# --- from tables to drafts --------------------------------------------------------------------------------------------


def drafted(own: Mapping[str, object], at: At) -> Iterator[Draft]:
    """The shipped rules with what is said otherwise, then the operator's own, each looked at as a whole."""
    for name, values in shipped().items():
        draft = taken(name, own.get(name, {}), KEYS, at)
        draft.values = merged(values, draft.values)
        check_built_in(draft) if name == BUILT_IN else check(draft)
        yield draft
    for name, table in own.items():
        if name not in shipped():
            yield new(name, table, at)


def new(name: str, table: object, at: At) -> Draft:
    """A rule of the operator's own."""
    draft = taken(name, table, KEYS, at)
    draft.values = {"measure": "mean", **draft.values}
    if draft.faults and not draft.keys:
        return draft
    if "query" not in draft.keys:
        near = meant(name, shipped())
        draft.faults.insert(0, f"{at('rules', name)}: there is no rule {shown(name)}{near or '; one of your own needs a query'}")
        return draft
    if not RULE_NAME.fullmatch(name):
        draft.blame("a rule's name is made of small letters, digits and hyphens, begins with a letter and has at most 63")
    if lacking := missing(draft):
        draft.blame(f"a rule of your own needs {listed(lacking)} too")
    check(draft)
    return draft


def missing(draft: Draft) -> tuple[str, ...]:
    """What a rule of one's own cannot do without, and lacks."""
    needed = (*NEEDED, *(("last_query",) if draft.values["measure"] == "lag" else ()))
    limit = () if set(LIMITS) & set(draft.keys) else (" or ".join(LIMITS),)
    return (*(key for key in needed if key not in draft.keys), *limit)


def taken(name: str, table: object, keys: Mapping[str, Callable[[object], Any]], at: At) -> Draft:
    """What a table says, key by key."""
    draft = Draft(name, at)
    if not isinstance(table, Mapping):
        own = shown(f"rules.{name}")
        draft.faults.append(f"{at('rules', name)}: {own} is not a setting; [rules.<name>] is a table of its own")
        return draft
    draft.keys = tuple(table)
    for key, value in table.items():
        if key in keys:
            draft.take(key, keys[key], value)
        else:
            own = f"rules.{name}.{key}"
            near = meant(own, [f"rules.{name}.{each}" for each in keys])
            draft.faults.append(f"{at('rules', name, key)}: {shown(own)} is not a setting{near}")
    return draft


def merged(shipped_values: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """A shipped rule with what is said otherwise. Another limit takes no `recover` over: that was made for the shipped one."""
    limits = {key: own[key] for key in LIMITS if key in own}
    changed = any(shipped_values.get(key) != value for key, value in limits.items())
    dropped = {*LIMITS, "recover"} if changed else set()
    return {**{key: value for key, value in shipped_values.items() if key not in dropped}, **own}


# --- a draft as a whole -----------------------------------------------------------------------------------------------


def check_built_in(draft: Draft) -> None:
    for key in draft.keys:
        if key in KEYS and key not in OF_BUILT_IN:
            draft.blame("cannot be set: this rule is built in, and only watches whether sources answer", key)


def check(draft: Draft) -> None:
    """What is wrong between keys that are each in shape."""
    check_limits(draft)
    values = draft.values
    source, measure = values.get("source"), values.get("measure")
    if not source or draft.wrong & {"source", "measure"}:
        return
    language = LANGUAGES[source]
    if measure not in language.measures:
        draft.blame(f"{source} is judged by measure = {' or '.join(map(shown, language.measures))}", "measure", "source")
        return
    for said in wrong_options(source, values.get("options", {})):
        draft.blame(said, "options")
    if "query" in values and "query" not in draft.wrong:
        draft.check("query", lambda: language.check(values["query"], measure, "value"))
    if "last_query" in draft.keys and measure != "lag":
        draft.blame('is asked only where measure = "lag"', "last_query")
    elif "last_query" in values and measure == "lag" and "last_query" not in draft.wrong:
        draft.check("last_query", lambda: language.check(values["last_query"], measure, "last"))


def check_limits(draft: Draft) -> None:
    """One limit, and `recover` on its good side."""
    values = draft.values
    if set(LIMITS) <= set(draft.keys):
        draft.blame("above and below are both set; one of them must go", "below")
        return
    if "recover" not in values or draft.wrong & {*LIMITS, "recover"}:
        return
    if "above" in values and values["recover"] > values["above"]:
        draft.blame(f"must be {values['above']:g} or less, for the rule fires above that", "recover")
    if "below" in values and values["recover"] < values["below"]:
        draft.blame(f"must be {values['below']:g} or more, for the rule fires below that", "recover")


# --- from drafts to rules ---------------------------------------------------------------------------------------------


def built(draft: Draft, repeat_every: timedelta) -> Rule:
    """The rule of a draft without faults."""
    values = {("hold" if key == "for" else key): value for key, value in draft.values.items() if key not in ASKING}
    limit = values.get("above", values.get("below"))
    rule = Rule(**{"name": draft.name, "owner": "", "recover": limit, "repeat_every": repeat_every, **values})
    return replace(rule, queries=queries(rule, draft.values))


def queries(rule: Rule, values: Mapping[str, Any]) -> Mapping[str, Query]:
    """What the rule asks. A lag is asked in one piece over `over`; lines come in buckets, whose window the asker chooses."""
    if rule.measure == "answers":
        return {}
    source, given = values["source"], values.get("options", {})
    if rule.measure != "lag":
        return {"value": Query(source, values["query"], given, compare=False)}
    return {
        "value": Query(source, values["query"], given, over=rule.over, compare=False),
        "last": Query(source, values["last_query"], given, over=NEWEST_OVER, compare=False),
    }
