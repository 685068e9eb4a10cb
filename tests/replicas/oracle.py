"""What the channels must hold in the end, told from the feed alone: every line is a broken promise."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator

from tests.crash.world import Message, World
from tests.replicas.feed import Waves

RULE = re.compile(r"Rule (r\d+)")
TOGETHER = "alerts fired at once"
RESOLVED = re.compile(r"\b[Rr]esolved\b")


def faults(world: World, waves: Waves, digests: int = 1) -> list[str]:
    """What is lost, said twice or made up, by channel. Alerts that fired at once share a message, and stand in it once each."""
    visible = world.visible()
    alerts = [each for each in visible if RULE.search(each.text)]
    others = [each.text[:60] for each in visible if not RULE.search(each.text)]
    return [
        *_shown(alerts, waves),
        *_twice(visible),
        *(line for each in alerts for line in _over(world, each)),
        *([f"digests: {len(others)} instead of {digests}: {others[:3]}"] if len(others) != digests else []),
        *_told("PagerDuty", [(key, action) for _, action, key in world.events], waves.rules, "trigger", "resolve"),
        *_told("Opsgenie", [(alias, action) for action, alias in world.alerts], waves.for_opsgenie(), "create", "close"),
    ]


def rules_in(message: Message) -> set[str]:
    return set(RULE.findall(message.blocks) or RULE.findall(message.text))


def _shown(alerts: list[Message], waves: Waves) -> Iterator[str]:
    stands = Counter(name for each in alerts for name in rules_in(each))
    for name in waves.names():
        if stands[name] != 1:
            yield f"{'lost' if not stands[name] else 'made up'}: {name} stands in {stands[name]} messages"


def _twice(visible: list[Message]) -> Iterator[str]:
    keys = Counter(each.key for each in visible)
    yield from (f"twice: {key} stands {many} times" for key, many in keys.items() if key and many > 1)


def _over(world: World, message: Message) -> Iterator[str]:
    """The message says that it is over, and a line below it, too, where it has its message to itself."""
    if TOGETHER in message.text:
        if "; 0 of them" not in message.text:
            yield f"stale: {message.text[:80]}"
        return
    names, notes = rules_in(message), [note for note in world.notes(message.ts) if RESOLVED.search(note.text)]
    if len(notes) != len(names):
        yield f"notes: {len(notes)} of {len(names)} are told as resolved in {message.text[:60]}"
    if not RESOLVED.search(message.text + message.blocks):
        yield f"stale: {message.text[:80]}"


def _told(title: str, calls: list[tuple[str, str]], wanted: int, first: str, last: str) -> Iterator[str]:
    by_key: defaultdict[str, list[str]] = defaultdict(list)
    for key, action in calls:
        by_key[key].append(action)
    if len(by_key) != wanted:
        yield f"{title}: {len(by_key)} incidents for {wanted} episodes"
    for key, actions in by_key.items():
        over = actions.index(last) if last in actions else len(actions)
        if actions[0] != first or actions[-1] != last or first in actions[over:]:
            yield f"{title}: {key}: {', '.join(actions)}"
