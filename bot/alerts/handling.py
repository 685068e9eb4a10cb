"""What people may do with an episode, and what comes of it in each of its states. Pure: names and stores are others' business."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from bot.alerts.episode import Episode
from bot.alerts.intent import Target
from commands.clock import known_zone
from commands.words import clock, stamp

Action = Literal["acknowledge", "unacknowledge", "snooze", "end_snooze", "escalate"]
News = Literal["triggered", "acknowledged", "unacknowledged", "resolved"]  # what PagerDuty tells of an incident
Outcome = Literal["done", "nothing", "refused"]
Spot = tuple[str, str]  # a channel, and the ts of a message in it

LONGEST_SNOOZE: Final = timedelta(days=7)
WHO: Final = "{who}"
AGAIN: Final = "If you still want that, press again in the message as it stands now."
UNKNOWN: Final = "paybot does not know this alert any more; nothing was changed."
NO_PAGER: Final = "PagerDuty is not set up here, so nobody can be paged from Slack. Nothing was changed."
DID: Final[Mapping[str, str]] = {
    "acknowledge": "acknowledged this",
    "unacknowledge": "took the acknowledgement back",
    "snooze": "snoozed this",
    "end_snooze": "ended the snooze",
    "escalate": "escalated this to PagerDuty",
}
PAGERS: Final[tuple[Target, ...]] = ("pagerduty", "opsgenie")


@dataclass(frozen=True, slots=True)
class Where:
    """The presser's time zone, and the messages that a press may belong to: that with the button, and that of its thread.

    No message is named where only the presser sees the buttons.
    """

    zone: str = "UTC"
    spots: tuple[Spot, ...] = ()


NOWHERE: Final = Where()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A press: what, on which version of the episode, by whom (`by` a Slack user ID, `name` what people call them).

    `zone` is the presser's; `until` the end of a snooze. `pages` says whether there is a pager to escalate to, and
    `undelivered` that the newest thing owed to PagerDuty for this episode was given up.
    """

    action: Action
    version: int
    by: str
    name: str
    now: datetime
    zone: str = "UTC"
    until: datetime | None = None
    pages: bool = True
    undelivered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What comes of a press. `words` are for the presser, with WHO where the name of `who` stands.

    `changes` are the episode's new values, `note` the line for its thread, `taken` the pagers that hear that somebody has it;
    with `paged` PagerDuty is to page.
    """

    outcome: Outcome
    words: str
    who: str = ""
    changes: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    taken: tuple[Target, ...] = ()
    paged: bool = False

    def said(self, named: Callable[[str], str]) -> str:
        """The sentence, with people as `named` calls them."""
        return self.words.replace(WHO, named(self.who)) if self.who else self.words


def decided(episode: Episode, wanted: Wanted) -> Decision:
    """What comes of a press on an episode as it stands.

    What has been done already is told as such; all else counts only where the presser saw the episode as it is.
    """
    if episode.phase == "closed":
        return nothing(f"This alert is over since {at(episode.closed, wanted)}; nothing was changed.")
    if (done := _DONE[wanted.action](episode, wanted)) is not None:
        return done
    if wanted.version != episode.version:
        return meanwhile(episode, wanted)
    return _TO_DO[wanted.action](episode, wanted)


def meanwhile(episode: Episode, wanted: Wanted) -> Decision:
    """The presser saw another version than the present one: what happened since, by whom, and how it stands."""
    acts = episode.extra
    if acts.get("act", "") in DID and acts.get("act_version", "").isdigit() and int(acts["act_version"]) > wanted.version:
        when = f" at {at(moment(acts.get('act_at', '')), wanted)}" if moment(acts.get("act_at", "")) else ""
        until = f" until {at(episode.snoozed_until, wanted)}" if acts["act"] == "snooze" and episode.handling == "snoozed" else ""
        who = acts.get("act_by", "")
        return nothing(f"Nothing was changed: meanwhile {name(who, wanted)} {DID[acts['act']]}{until or when}. {AGAIN}", who)
    return nothing(f"Nothing was changed: this alert is not as that message shows it any more. {AGAIN}")


# What has been done already, by action: None where there is something to do.


def _acknowledged(episode: Episode, wanted: Wanted) -> Decision | None:
    if episode.handling != "acked":
        return None
    when = f" at {at(episode.acked_at, wanted)}" if episode.acked_at else ""
    return nothing(f"{name(episode.acked_by, wanted, first=True)} already acknowledged this{when}.", episode.acked_by)


def _unacknowledged(episode: Episode, wanted: Wanted) -> Decision | None:
    return None if episode.handling == "acked" else nothing("Nobody has this acknowledged now; nothing was changed.")


def _snoozed(episode: Episode, wanted: Wanted) -> Decision | None:
    until = wanted.until
    if until is None or until <= wanted.now:
        return refused("That time is over already; nothing was changed.")
    if until - wanted.now > LONGEST_SNOOZE:
        return refused("A snooze lasts seven days at most; nothing was changed.")
    if episode.handling != "snoozed" or episode.snoozed_until != until:
        return None
    return nothing(
        f"{name(episode.snoozed_by, wanted, first=True)} already snoozed this until {at(until, wanted)}.", episode.snoozed_by
    )


def _awake(episode: Episode, wanted: Wanted) -> Decision | None:
    return None if episode.handling == "snoozed" else nothing("This alert is not snoozed; nothing was changed.")


def _escalated(episode: Episode, wanted: Wanted) -> Decision | None:
    if not wanted.pages:
        return refused(NO_PAGER)
    if wanted.undelivered or "pager_over" in episode.extra:
        return None
    if episode.escalated_by:
        when = f" at {at(episode.escalated_at, wanted)}" if episode.escalated_at else ""
        return nothing(f"Already escalated by {name(episode.escalated_by, wanted)}{when}: paged once.", episode.escalated_by)
    if "pagerduty" in episode.routes:
        return nothing(f"PagerDuty was told when this fired, at {at(episode.opened, wanted)}: paged once.")
    return None


# What is to be done, by action.


def _acknowledge(episode: Episode, wanted: Wanted) -> Decision:
    changes = {"handling": "acked", "acked_by": wanted.by, "acked_at": wanted.now, "snoozed_by": "", "snoozed_until": None}
    return acted(episode, wanted, "Acknowledged.", changes, taken=routed(episode))


def _unacknowledge(episode: Episode, wanted: Wanted) -> Decision:
    keeps = " PagerDuty keeps its own until it runs out there." if "pagerduty" in episode.routes else ""
    changes = {"handling": "open", "acked_by": "", "acked_at": None}
    return acted(episode, wanted, f"The acknowledgement is taken back.{keeps}", changes)


def _snooze(episode: Episode, wanted: Wanted) -> Decision:
    changes = {
        "handling": "snoozed",
        "snoozed_by": wanted.by,
        "snoozed_until": wanted.until,
        "acked_by": "",
        "acked_at": None,
    }
    end = at(wanted.until, wanted)
    taken = routed(episode) if episode.handling == "open" else ()
    return acted(episode, wanted, f"Snoozed until {end}.", changes, f" until {end} ({known_zone(wanted.zone).key})", taken)


def _end_snooze(episode: Episode, wanted: Wanted) -> Decision:
    return acted(episode, wanted, "The snooze is ended.", {"handling": "open", "snoozed_by": "", "snoozed_until": None})


def _escalate(episode: Episode, wanted: Wanted) -> Decision:
    changes: dict[str, Any] = {
        "escalated_by": wanted.by,
        "escalated_at": wanted.now,
        "routes": tuple(dict.fromkeys((*episode.routes, "pagerduty"))),
    }
    if "pager_over" in episode.extra:
        changes["incident_url"] = ""  # of the incident that is over; this opens another
    return acted(episode, wanted, "Escalated: PagerDuty is being told.", changes, paged=True)


def acted(
    episode: Episode,
    wanted: Wanted,
    words: str,
    changes: Mapping[str, Any],
    more: str = "",
    taken: tuple[Target, ...] = (),
    *,
    paged: bool = False,
) -> Decision:
    """Done: with the line for the thread, and with what later presses on an older version are told."""
    return Decision(
        outcome="done",
        words=words,
        changes={**changes, "extra": remembered(episode, wanted.action, wanted.by, wanted.now)},
        note=f"{wanted.name} {DID[wanted.action]}{more}.",
        taken=taken,
        paged=paged,
    )


_DONE: Final[Mapping[Action, Callable[[Episode, Wanted], Decision | None]]] = {
    "acknowledge": _acknowledged,
    "unacknowledge": _unacknowledged,
    "snooze": _snoozed,
    "end_snooze": _awake,
    "escalate": _escalated,
}
_TO_DO: Final[Mapping[Action, Callable[[Episode, Wanted], Decision]]] = {
    "acknowledge": _acknowledge,
    "unacknowledge": _unacknowledge,
    "snooze": _snooze,
    "end_snooze": _end_snooze,
    "escalate": _escalate,
}


def reported(episode: Episode, news: News, who: str, when: datetime, url: str = "") -> Decision:
    """What comes of what PagerDuty tells: `who` did it there at `when`, maybe a while ago; `url` leads to the incident.

    Where `who` is "" no person did it: our own event came back, or a time ran out there. What people did in Slack since then
    stands. A resolve there is no end here: the numbers decide that.
    """
    link = {"incident_url": url} if url and not episode.incident_url else {}
    acted_last = moment(episode.extra.get("act_at", ""))
    if episode.phase == "closed" or (acted_last is not None and acted_last > when):
        return linked(link)
    by = f"{who} in PagerDuty" if who else ""
    if news == "acknowledged" and who and episode.handling == "open":
        return _taken_there(episode, by, when, link, f"{by} acknowledged this.")
    if news == "unacknowledged" and episode.handling == "acked" and episode.acked_by.endswith(" in PagerDuty"):
        extra = remembered(episode, "unacknowledge", "PagerDuty", when)
        changes = {"handling": "open", "acked_by": "", "acked_at": None, **link, "extra": extra}
        return Decision(outcome="done", words="", changes=changes, note="The acknowledgement in PagerDuty was taken back.")
    if news == "resolved" and "pager_over" not in episode.extra:
        return _resolved_there(episode, by, when, link)
    return linked(link)


def linked(link: Mapping[str, Any]) -> Decision:
    """Nothing but a link to the incident, or nothing at all."""
    return Decision(outcome="done" if link else "nothing", words="", changes=link)


def _taken_there(episode: Episode, by: str, when: datetime, link: Mapping[str, Any], note: str) -> Decision:
    extra = remembered(episode, "acknowledge", by, when)
    others = tuple(pager for pager in routed(episode) if pager != "pagerduty")
    changes = {"handling": "acked", "acked_by": by, "acked_at": when, **link, "extra": extra}
    return Decision(outcome="done", words="", changes=changes, note=note, taken=others)


def _resolved_there(episode: Episode, by: str, when: datetime, link: Mapping[str, Any]) -> Decision:
    """The incident is over: who closed it has this in hand, and from now on an escalation opens a new one."""
    note = f"{by or 'PagerDuty'} resolved the incident. This alert ends when the numbers are good again."
    if by and episode.handling == "open":
        taken = _taken_there(episode, by, when, link, note)
    else:
        taken = Decision(outcome="done", words="", changes={**link, "extra": episode.extra}, note=note)
    extra = {**taken.changes["extra"], "pager_over": when.isoformat()}
    return replace(taken, changes={**taken.changes, "extra": extra})


def remembered(episode: Episode, act: Action, by: str, now: datetime) -> dict[str, str]:
    """The episode's further facts with the newest act of a person; the change that carries them raises the version by one."""
    facts = {**episode.extra, "act": act, "act_by": by, "act_at": now.isoformat(), "act_version": str(episode.version + 1)}
    if act == "escalate":
        facts.pop("pager_over", None)
    return facts


def routed(episode: Episode) -> tuple[Target, ...]:
    """The pagers that know of this episode."""
    return tuple(pager for pager in PAGERS if pager in episode.routes)


def nothing(words: str, who: str = "") -> Decision:
    return Decision(outcome="nothing", words=words, who=who)


def refused(words: str) -> Decision:
    return Decision(outcome="refused", words=words)


def name(who: str, wanted: Wanted, *, first: bool = False) -> str:
    """Where somebody's name stands; the presser is "you"."""
    if who and who == wanted.by:
        return "You" if first else "you"
    return WHO if who else "Somebody" if first else "somebody"


def at(when: datetime | None, wanted: Wanted) -> str:
    """The time of day as the presser's clocks show it, with its day where that is not today."""
    if when is None:
        return "now"
    zone = known_zone(wanted.zone)
    today = when.astimezone(zone).date() == wanted.now.astimezone(zone).date()
    return clock(when, zone.key) if today else stamp(when, zone.key)


def moment(text: str) -> datetime | None:
    """The instant that `isoformat` wrote, None for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None
