"""What the channels must hold in the end, told from the feed alone: every line is a broken promise."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator

from tests.crash.feed import Plan, name_of
from tests.crash.world import Message, World

RULE = re.compile(r"Rule (r\d+)")


def faults(world: World, plan: Plan) -> list[str]:
    """What is lost, said twice or made up, by channel, once all that broke is whole again."""
    wanted = {name_of(number) for number in range(plan.broken)}
    return [*_slack(world, wanted), *_pagerduty(world, plan.broken), *_opsgenie(world, len(plan.for_opsgenie()))]


def storm_faults(world: World, plan: Plan) -> list[str]:
    """What is lost, said twice or made up while many alerts that share messages go on."""
    shown = Counter(name for message in world.visible() for name in set(RULE.findall(message.blocks)))
    paged, told = [key for _, _, key in world.events], [alias for _, alias in world.alerts]
    return [
        *(f"Slack: {name} stands in {shown[name]} messages" for name in map(name_of, range(plan.broken)) if shown[name] != 1),
        *_counted("PagerDuty", paged, plan.broken),
        *_counted("Opsgenie", told, len(plan.for_opsgenie())),
        *(f"PagerDuty: {action} for {key}" for _, action, key in world.events if action != "trigger"),
        *(f"Opsgenie: {action} for {alias}" for action, alias in world.alerts if action != "create"),
    ]


def _counted(title: str, keys: list[str], wanted: int) -> Iterator[str]:
    if len(set(keys)) != wanted:
        yield f"{title}: {len(set(keys))} incidents for {wanted} episodes"


def _slack(world: World, wanted: set[str]) -> Iterator[str]:
    seen: defaultdict[str, list[Message]] = defaultdict(list)
    for message in world.visible():
        seen[next((name for name in wanted if f"Rule {name}" in message.text), "?")].append(message)
    yield from (f"lost: no message for {name}" for name in sorted(wanted - seen.keys()))
    yield from (f"made up: {message.text[:80]}" for message in seen.pop("?", []))
    for name, messages in sorted(seen.items()):
        if len(messages) > 1:
            yield f"twice: {len(messages)} messages for {name}"
        if not any("esolved" in message.text for message in messages):
            yield f"stale: {name} is not shown as resolved: {messages[0].text[:80]}"
        notes = [note for message in messages for note in world.notes(message.ts) if "esolved" in note.text]
        if len(notes) != 1:
            yield f"notes: {len(notes)} lines say that {name} is resolved"


def _pagerduty(world: World, wanted: int) -> Iterator[str]:
    by_key: defaultdict[str, list[str]] = defaultdict(list)
    for _, action, key in world.events:
        by_key[key].append(action)
    yield from _counted("PagerDuty", list(by_key), wanted)
    yield from (f"PagerDuty: {key}: {', '.join(actions)}" for key, actions in by_key.items() if not _in_order(actions))


def _in_order(actions: list[str]) -> bool:
    """Triggered first, resolved last."""
    return actions[0] == "trigger" and actions[-1] == "resolve"


def begun_anew(world: World) -> Iterator[str]:
    """Incidents that were triggered again after their end: only who stood still on the way to PagerDuty may do that."""
    ended: set[str] = set()
    for _, action, key in world.events:
        if action == "trigger" and key in ended:
            yield f"PagerDuty: {key} was triggered again after its end"
        if action == "resolve":
            ended.add(key)


def _opsgenie(world: World, wanted: int) -> Iterator[str]:
    by_alias: defaultdict[str, list[str]] = defaultdict(list)
    for action, alias in world.alerts:
        by_alias[alias].append(action)
    yield from _counted("Opsgenie", list(by_alias), wanted)
    yield from (f"Opsgenie: {alias}: {', '.join(actions)}" for alias, actions in by_alias.items() if actions[-1] != "close")
