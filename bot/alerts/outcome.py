"""What the moments of a tick make of the episodes: which open, which change, which end, and what is owed for it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from bot.alerts.episode import Episode, Phase
from bot.alerts.intent import Intent
from bot.alerts.keys import bundle_id, episode_id
from bot.alerts.owed import Owing
from bot.alerts.replay import Moment
from bot.alerts.rule import SEVERITIES, Rule
from bot.alerts.state import Instance
from bot.slack.text import masked

STORM = 10  # new episodes in one tick that still get a message each
TOGETHER = 25  # episodes in one message of a storm
GONE = "rule removed"

News = Literal["resolved", "reminder", "snooze over", "more severe"]
Note = Callable[[News, Episode, datetime], str]


@dataclass(slots=True)
class Changes:
    """What a tick has to write. `changed` are the columns that changed, by the episode's ID.

    `shown` are episodes whose message must be made anew, `news` those of which a line is said, `missed` those that began and
    ended while nobody watched.
    """

    now: datetime
    instances: dict[tuple[str, str], Instance] = field(default_factory=dict)
    opened: list[Episode] = field(default_factory=list)
    changed: dict[str, dict[str, Any]] = field(default_factory=dict)
    shown: dict[str, Episode] = field(default_factory=dict)
    news: list[tuple[News, Episode]] = field(default_factory=list)
    missed: list[Episode] = field(default_factory=list)


def applied(
    moments: Sequence[Moment],
    open_: Iterable[Episode],
    rules: Mapping[str, Rule],
    env: str,
    now: datetime,
) -> Changes:
    """The changes that these moments make, in their order; then what time alone makes due."""
    changes, book = Changes(now), {(episode.rule, episode.series): episode for episode in open_}
    begun: dict[str, Episode] = {}
    for moment in moments:
        _apply(moment, book, begun, changes, rules, env)
    for episode in book.values():
        if episode.id not in begun and episode.rule in rules:
            _tend(episode, rules[episode.rule], changes)
    changes.opened = list(_bundled(tuple(begun.values())))
    return changes


def _apply(
    moment: Moment,
    book: dict[tuple[str, str], Episode],
    begun: dict[str, Episode],
    changes: Changes,
    rules: Mapping[str, Rule],
    env: str,
) -> None:
    instance, seen = moment.step.instance, moment.seen
    place = instance.rule, instance.series
    changes.instances[place] = instance
    if moment.step.event == "fired":
        rule = rules[instance.rule]
        episode = book[place] = _opened(rule, _env_of(instance.series, rule, env), moment, changes.now)
        begun[episode.id] = episode
    elif (episode_ := book.get(place)) is not None and moment.step.event == "resolved":
        _close(episode_, moment, book, begun, changes)
    elif episode_ is not None:
        value = seen.value if seen else None
        blind = masked(seen.said) if seen and seen.outcome == "failed" else ""
        phase: Phase = "recovering" if instance.signal == "recovering" else "firing"
        now_ = replace(
            episode_, value=value if value is not None else episode_.value, worst=worse(episode_, value), phase=phase, blind=blind
        )
        book[place] = _kept(episode_, now_, begun, changes, shown=(now_.phase, now_.blind) != (episode_.phase, episode_.blind))


def _opened(rule: Rule, env: str, moment: Moment, now: datetime) -> Episode:
    """The episode of a rule that has just fired; what fired while nobody watched is opened now, too."""
    instance, seen = moment.step.instance, moment.seen
    value, since = seen.value if seen else None, instance.since or moment.end
    return replace(
        begun(rule, episode_id(rule.name, instance.series, instance.number, since), instance.series, env, now),
        number=instance.number,
        value=value,
        worst=value,
        since=since,
        extra={"said": masked(seen.said)} if seen and seen.said else {},
    )


def begun(rule: Rule, known_as: str, series: str, env: str, now: datetime) -> Episode:
    """An episode of the rule that begins now, before anything is known of its number."""
    return Episode(
        id=known_as,
        rule=rule.name,
        series=series,
        number=1,
        env=env,
        title=rule.title,
        owner=rule.owner,
        section=rule.section,
        severity=rule.severity,
        unit=rule.unit,
        limit=rule.limit,
        above=rule.above is not None,
        value=None,
        worst=None,
        since=now,
        opened=now,
        routes=rule.routes,
    )


def _close(
    episode: Episode, moment: Moment, book: dict[tuple[str, str], Episode], begun: dict[str, Episode], changes: Changes
) -> None:
    value = moment.seen.value if moment.seen else None
    over = replace(
        episode,
        phase="closed",
        closed=changes.now,
        reason=moment.step.reason or "recovered",
        value=value if value is not None else episode.value,
        blind="",
        version=episode.version + 1,
    )
    del book[episode.rule, episode.series]
    if begun.pop(episode.id, None):
        changes.missed = [each for each in changes.missed if (each.rule, each.series) != (over.rule, over.series)] + [over]
        return
    _kept(episode, over, begun, changes, shown=True)
    changes.news.append(("resolved", over))


def _tend(episode: Episode, rule: Rule, changes: Changes) -> None:
    """What time or an edited rule makes due: a snooze that is over, a reminder, a severity that has grown."""
    if SEVERITIES.index(rule.severity) < SEVERITIES.index(episode.severity):
        now_ = replace(episode, severity=rule.severity, handling="open", version=episode.version + 1)
        news: News = "more severe"
    elif is_awake(episode, changes.now):
        now_ = replace(episode, handling="open", snoozed_until=None, reminded=changes.now, version=episode.version + 1)
        news = "snooze over"
    elif is_due_again(episode, rule, changes.now):
        now_, news = replace(episode, reminded=changes.now), "reminder"
    else:
        return
    _kept(episode, now_, {}, changes, shown=True)
    changes.news.append((news, now_))


def _kept(was: Episode, now_: Episode, begun: dict[str, Episode], changes: Changes, *, shown: bool) -> Episode:
    """Notes what changed of an episode, where it is one that the store already has."""
    if was.id in begun:
        begun[was.id] = now_
        return now_
    different = {name: getattr(now_, name) for name in MUTABLE if getattr(now_, name) != getattr(was, name)}
    if different:
        changes.changed.setdefault(was.id, {}).update(different)
    if shown:
        changes.shown[was.id] = now_
    return now_


MUTABLE = (
    "value",
    "worst",
    "phase",
    "blind",
    "closed",
    "reason",
    "severity",
    "handling",
    "snoozed_until",
    "reminded",
    "version",
)


def _bundled(fired: Sequence[Episode]) -> Iterator[Episode]:
    """Few new episodes have a message each; those of a storm share messages, the most urgent first."""
    urgent = sorted(fired, key=lambda episode: (SEVERITIES.index(episode.severity), episode.rule, episode.series))
    if len(urgent) <= STORM:
        yield from urgent
        return
    for first in range(0, len(urgent), TOGETHER):
        together = urgent[first : first + TOGETHER]
        bundle = bundle_id(each.id for each in together)
        yield from (replace(each, extra={**each.extra, "bundle": bundle}) for each in together)


def intents(changes: Changes, owing: Owing, note: Note) -> Iterator[Intent]:
    """What is owed for these changes, in the order in which each channel is to hear it."""
    for episode in changes.opened:
        yield from owing.fired(episode)
    for episode in changes.missed:
        yield from owing.missed(episode)
    for episode in changes.shown.values():
        yield from owing.shown(episode)
    for news, episode in changes.news:
        yield from owing.noted(episode, note(news, episode, changes.now))
        if news == "resolved":
            yield from owing.over(episode)


def worse(episode: Episode, value: float | None) -> float | None:
    """The worst value so far, this one included."""
    known = [each for each in (episode.worst, value) if each is not None]
    return (max if episode.above else min)(known) if known else None


def is_due_again(episode: Episode, rule: Rule, now: datetime) -> bool:
    """Whether it is time to say once more that it goes on and that nobody has taken it."""
    return (
        episode.phase == "firing"
        and episode.handling == "open"
        and rule.repeat_every > timedelta(0)
        and now - (episode.reminded or episode.opened) >= rule.repeat_every
    )


def is_awake(episode: Episode, now: datetime) -> bool:
    """Whether its snooze has run out while it still goes on."""
    return episode.handling == "snoozed" and episode.snoozed_until is not None and episode.snoozed_until <= now


def belongs(series: str, env: str) -> bool:
    """Whether an instance is one of that environment ("prod", or "prod, region:eu")."""
    return series == env or series.startswith(f"{env}, ")


def _env_of(series: str, rule: Rule, env: str) -> str:
    return next((each for each in rule.environments if belongs(series, each)), env)


def plain_note(news: News, episode: Episode, now: datetime) -> str:
    """The barest words; how alerts speak in Slack is Slack's business."""
    return f"{episode.title}: {news}"
