"""`/pay status`: what each process and each source is doing, what waits, and what is late. Pure; what is not known is said so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from bot.alerts.unsent import Finding
from bot.digest.calendar import DAY, Plan
from bot.digest.runner import NOT_YET
from bot.health import Budget, Seen
from bot.slack.messages import Message
from bot.slack.tables import section
from bot.slack.text import escape
from commands.words import clock, count, duration, listed, stamp

if TYPE_CHECKING:
    from bot.store.digests import Run
    from bot.store.pulse import Pulse
    from bot.store.replicas import Replica

CHANNELS: Final = {"slack": "Slack", "pagerduty": "PagerDuty", "opsgenie": "Opsgenie"}
MOST: Final = 5  # of a kind that is listed in full
FARTHEST: Final = 400  # days in which the next digest is looked for
ON_TIME: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceNow:
    """A source: `seen` is None where it is not configured."""

    title: str
    seen: Seen | None
    budget: tuple[Budget, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """How paybot stands at a moment, as one process sees it. `pulse` and `unsent` are None where the store cannot be asked."""

    at: datetime
    env: str
    tick: timedelta
    me: Replica
    ready: Mapping[str, bool] = field(default_factory=dict)
    pulse: Pulse | None = None
    unsent: tuple[Finding, ...] | None = None
    channels: tuple[str, ...] = ("slack",)
    sources: tuple[SourceNow, ...] = ()
    digest_at: datetime | None = None


def status_message(now: Now, zone: str) -> Message:
    """For the asker alone, times in `zone`."""
    texts = ("\n".join(lines) for lines in (head(now, zone), processes(now, zone), channels(now, zone), sources(now, zone)))
    blocks = tuple(section(escape(text)) for text in texts if text)
    return Message(escape(f"paybot status: {wellness(now)}"), blocks)


def head(now: Now, zone: str) -> Iterator[str]:
    yield f"*paybot status* · {now.env} · {stamp(now.at, zone)}"
    yield wellness(now)
    if now.pulse is None:
        yield "The last tick is not known: the store cannot be asked."
    elif now.pulse.tick is None:
        yield "No tick was done yet."
    else:
        number, done = now.pulse.tick.number, now.pulse.tick.finished
        late = duration(max(timedelta(0), done - due(number, now.tick)))
        behind = behind_by(number, now.tick, now.at)
        tail = f"; *{duration(behind)} behind*" if behind else ""
        yield f"Last tick: {clock(done, zone)}:{done:%S}, {late} after it was due{tail}."
    run = now.pulse.digest if now.pulse else None
    newest = f"; the newest, of {run.local_date:%d %b}, {outcome_in_words(run)}" if run else ""
    yield f"Next stand-up digest: {stamp(now.digest_at, zone) if now.digest_at else 'none'}{newest}."


def wellness(now: Now) -> str:
    """The one line that counts."""
    wrong = [f"{part} is not ready" for part, holds in now.ready.items() if not holds]
    if now.pulse is None:
        wrong.append("what is unsent is not known")
    elif now.unsent is None:
        wrong.append("what is unsent was not looked at yet")
    elif now.unsent:
        wrong.append(f"{count(len(now.unsent))} unsent")
    silent = [seen.title for seen in now.sources if seen.seen and seen.seen.up is False]
    wrong += [f"{listed(silent)} {'does' if len(silent) == 1 else 'do'} not answer"] if silent else []
    return f"Not all is well: {'; '.join(wrong)}." if wrong else "All is well."


def processes(now: Now, zone: str) -> Iterator[str]:
    known = now.pulse.replicas if now.pulse else ()
    shown = known or (now.me,)  # a process that has its store to itself writes no row
    lives = sum(each.lives for each in shown)
    yield f"*Processes* · {count(lives)} {'lives' if lives == 1 else 'live'}"
    for each in shown:
        me = each.owner == now.me.owner
        heard = "" if me else f" · heard {ago(now.at - each.seen) if each.seen else 'never'}"
        yield (
            f"• {each.host} ({each.owner}) · {each.version} · since {stamp(each.started, zone)}{heard}"
            f"{' · this one' if me else ''}{'' if each.lives else ' · *silent*'}"
        )
        held = sorted(name for name, owner in (now.pulse.held if now.pulse else {}).items() if owner == each.owner)
        yield f"    holds: {', '.join(held) if held else 'everything' if not known else 'nothing'}"
        parts = now.me.parts if me else each.parts
        yield "    " + "; ".join(f"{part}: {said}" for part, said in parts.items())


def channels(now: Now, zone: str) -> Iterator[str]:
    yield "*What is owed*"
    if now.pulse is None:
        yield "Not known: the store cannot be asked."
        return
    for target in dict.fromkeys((*now.channels, *now.pulse.waiting, *now.pulse.dead)):
        waiting, dead = now.pulse.waiting.get(target), now.pulse.dead.get(target, 0)
        waits = (
            f"{count(waiting.many)} waiting, the oldest for {duration(now.at - waiting.oldest)}" if waiting else "nothing waits"
        )
        yield f"• {CHANNELS.get(target, target)}: {waits}; {count(dead)} given up"
    for finding in (now.unsent or ())[:MOST]:
        channel = CHANNELS.get(finding.target, finding.target)
        yield f"• *Unsent* to {channel} since {clock(finding.since, zone)}: {finding.what} of {finding.of}"
    if len(now.unsent or ()) > MOST:
        yield f"• and {count(len(now.unsent or ()) - MOST)} more that are unsent"


def sources(now: Now, zone: str) -> Iterator[str]:
    yield "*Sources*, as this process has seen them"
    for source in now.sources:
        if source.seen is not None:
            yield f"• {source.title}: {'; '.join(source_in_words(source, source.seen, now.at, zone))}"
    lacking = [source.title for source in now.sources if source.seen is None]
    if lacking:
        yield f"• not configured: {', '.join(lacking)}"


def source_in_words(source: SourceNow, seen: Seen, at: datetime, zone: str) -> Iterator[str]:
    if seen.up is None:
        yield "not asked yet"
    if seen.down_since:
        yield f"*no answer since {clock(seen.down_since, zone)}*, it {seen.fault}"
    if seen.answered:
        took = f" in {duration(timedelta(seconds=seen.took_s))}" if seen.took_s else ""
        yield f"answered {ago(at - seen.answered)}{took}"
    if seen.failed_at and not seen.down_since:
        yield f"last fault {clock(seen.failed_at, zone)}: it {seen.fault}"
    if seen.calls:
        yield f"{count(seen.failed)} of {count(seen.calls)} calls of the last hour failed"
    for budget in source.budget:
        yield f"{count(budget.remaining)} of {count(budget.size)} requests left ({budget.name})"


def ago(span: timedelta) -> str:
    return "just now" if span < timedelta(seconds=1) else f"{duration(span)} ago"


def due(number: int, tick: timedelta) -> datetime:
    """When the tick of that number was due."""
    return datetime.fromtimestamp(number * tick.total_seconds(), tz=UTC)


def behind_by(number: int, tick: timedelta, at: datetime) -> timedelta:
    """How long the tick after the newest that was done is overdue; zero while it is not due yet."""
    return max(timedelta(0), at - due(number + 1, tick))


def next_due(plan: Plan, at: datetime) -> datetime | None:
    """When the next digest is due; None where none is within a year."""
    today = at.astimezone(plan.tz).date()
    days = (today + number * DAY for number in range(-1, FARTHEST))
    return next((plan.due(day) for day in days if plan.is_due_on(day) and plan.due(day) > at), None)


def digest_outcome(run: Run, plan: Plan) -> str:
    """What became of a date's digest: "posted", "late" (ON_TIME after it was due), "missed"; else "none", "waiting" or "made"."""
    if run.said:
        return "none" if run.said == NOT_YET else "missed"
    if run.finished is None or not run.ts:
        return "made" if run.content else "waiting"
    return "late" if run.finished - plan.due(run.local_date) > ON_TIME else "posted"


def outcome_in_words(run: Run) -> str:
    if run.said:
        return f"was not posted: {run.said}"
    if run.ts:
        return "was posted"
    return "is on its way" if run.content else "is being made"
