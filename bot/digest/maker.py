"""Makes a date's digest: the sources are asked once, the store is read once, the picture is uploaded, and all of it is kept."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final, Protocol

from bot.alerts.episode import Episode
from bot.alerts.intent import Intent
from bot.alerts.rule import SEVERITIES
from bot.answer import Answer
from bot.digest.content import MOST_ALERTS, MOST_DEAD, Alert, Content, Note, Row
from bot.digest.runner import Due, Made
from bot.digest.words import day as day_words
from bot.ports import ChatError, StoreError
from bot.slack.text import masked
from bot.store.digests import Concern
from charts.data import Table, Value
from commands import SECTIONS
from commands import digest as asking
from commands.args import Ask
from commands.panel import Section
from commands.words import listed, stamp

DIGEST: Final = asking.digest(tuple(SECTIONS.values()))
REVIEWED: Final = frozenset({asking.OVERRIDES})  # what somebody must take, also when nothing new comes
LATE: Final = timedelta(minutes=5)
TITLES: Final = {"slack": "Slack", "pagerduty": "PagerDuty", "opsgenie": "Opsgenie"}
STORE: Final = "The alert system"

log = logging.getLogger(__name__)


class Answers(Protocol):
    """`bot.answer.Analyst`: it answers by its own deadline, and what fails is a gap."""

    def answer(self, ask: Ask, section: Section | None = None) -> Answer: ...


Upload = Callable[[bytes, str, str, str], str]  # PNG, file name, title, alt text; gives the file's ID, raises ChatError


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the store knows: open alerts, what could not be delivered, and what earlier digests told of."""

    episodes: tuple[Episode, ...] = ()
    dead: tuple[Intent, ...] = ()
    concerns: tuple[Concern, ...] = ()


class Maker:
    """Calling it gives the digest; the same answers and the same store give the same one. Raises StoreError.

    `standing` reads the store for a digest's name; without `upload` there is no picture.
    """

    def __init__(self, analyst: Answers, standing: Callable[[str], Standing], env: str, upload: Upload | None = None) -> None:
        self._analyst = analyst
        self._standing = standing
        self._env = env
        self._upload = upload

    def __call__(self, due: Due) -> Made:
        """The digest to be posted, with what it tells of as not well."""
        standing = self._standing(due.digest)
        answer = self._answered(due)
        content = self._pictured(content_of(due, answer, standing), answer)
        return Made(content.to_json(), concerns_of(content, standing.concerns))

    def preview(self, due: Due) -> tuple[Content, tuple[Concern, ...]]:
        """What it would say now, and what would not be well; where the store is away, that is a gap. Nothing is kept."""
        answer = self._answered(due)
        try:
            standing: Standing | StoreError = self._standing(due.digest)
        except StoreError as error:
            standing = error
        content = content_of(due, answer, standing)
        known = standing.concerns if isinstance(standing, Standing) else ()
        return content, as_told(concerns_of(content, known), known, due.day)

    def rehearse(self, due: Due) -> bool:
        """Asks all that the digest asks, and forgets the answers; whether there were any from all sources."""
        return not self._answered(due).gaps

    def _answered(self, due: Due) -> Answer:
        return self._analyst.answer(asking.asked(due.start, due.end, due.zone, self._env), DIGEST)

    def _pictured(self, content: Content, answer: Answer) -> Content:
        """With its picture uploaded, or why there is none; a quiet morning has none."""
        if content.quiet or answer.image is None or self._upload is None:
            return content
        try:
            file = self._upload(answer.image, f"stand-up-{content.day}.png", f"Stand-up {content.day}", answer.alt)
        except ChatError as error:
            log.warning("the digest's picture could not be uploaded", extra={"code": error.code})
            return replace(content, picture_fault="The picture could not be uploaded to Slack.")
        return replace(content, picture=file)


# --- from the answer and the store to the content -------------------------------------------------------------------


def content_of(due: Due, answer: Answer, standing: Standing | StoreError) -> Content:
    """What there is to say; masked, as the database keeps it."""
    tables = {each.title: each.table for each in answer.tables}
    against = answer.ask.against
    gaps = [masked(gap.sentence()) for gap in answer.gaps]
    if isinstance(standing, StoreError):
        gaps.append(f"{STORE} cannot read its store now ({standing.said}); missing here: open alerts, who takes what.")
    known = standing if isinstance(standing, Standing) else Standing()
    open_ = [each for each in known.episodes if each.closed is None and not each.drill]
    return Content(
        day=due.day,
        start=answer.ask.window.start,
        end=answer.ask.window.end,
        zone=answer.ask.window.zone,
        env=answer.ask.env,
        compared=against.words if against else "",
        late_s=due.late.total_seconds() if due.late >= LATE else 0.0,
        missed=due.missed,
        rows=tuple(_row(each) for each in tables.get(asking.ROWS, Table()).rows),
        notes=tuple(_notes(tables, known.concerns, due.day)),
        alerts=tuple(_alert(each) for each in sorted(open_, key=_urgency)[:MOST_ALERTS]),
        many_alerts=len(open_) if isinstance(standing, Standing) else None,
        dead=tuple(_undelivered(known.dead, due.start)),
        gaps=tuple(gaps),
        people=_people(tables.get(asking.PEOPLE, Table()), answer.ask.window.zone),
        alt=masked(answer.alt),
        picture_fault=answer.picture_fault,
        links=tuple((link.title, link.url) for link in answer.links),
        reference=answer.reference,
    )


def _row(cells: tuple[Value, ...]) -> Row:
    name, state, number, change, owner, meanwhile = (masked(str(cell or "")) for cell in cells)
    return Row(name=name, state=state, number=number, change=change, owner=owner, meanwhile=meanwhile)


def _notes(tables: Mapping[str, Table], concerns: tuple[Concern, ...], day: date) -> Iterable[Note]:
    for name in (asking.BUDGET, asking.OVERRIDES, asking.SCHEMA, asking.BACKLOG, asking.DEAD):
        rows = tables.get(name, Table()).rows
        state, said, owner = (masked(str(cell or "")) for cell in rows[0]) if rows else ("unknown", "no data", "")
        note = Note(name=name, state=state, said=said, owner=owner, lines=tuple(masked(str(row[1])) for row in rows[1:]))
        yield _left_over(note, concerns, day)


def _left_over(note: Note, concerns: tuple[Concern, ...], day: date) -> Note:
    """Nothing new is to be reviewed, but nobody has taken what was: it stays."""
    before = next((each for each in concerns if each.name == note.name and each.since < day), None)
    if note.name not in REVIEWED or note.state != "good" or before is None or before.taken_by:
        return note
    return replace(note, state="bad", said=f"nobody has taken those told of since {day_words(before.since)}; no new one")


def _alert(episode: Episode) -> Alert:
    who = {"acked": episode.acked_by, "snoozed": episode.snoozed_by}.get(episode.handling, "")
    return Alert(
        title=masked(episode.title),
        series=masked(episode.series),
        severity=episode.severity,
        since=episode.since,
        handling=episode.handling,
        who=who,
        until=episode.snoozed_until if episode.handling == "snoozed" else None,
    )


def _urgency(episode: Episode) -> tuple[object, ...]:
    """What nobody has before what somebody has, before what is snoozed; within that by severity and age."""
    handling = {"open": 0, "acked": 1, "snoozed": 2}[episode.handling]
    return handling, SEVERITIES.index(episode.severity), episode.opened, episode.id


def _undelivered(dead: Iterable[Intent], since: datetime) -> Iterable[str]:
    """What was given up since the last stand-up."""
    for intent in [each for each in dead if each.created >= since][:MOST_DEAD]:
        yield masked(f"{TITLES[intent.target]} did not take a message ({intent.kind}): {intent.said}")


def _people(found: Table, zone: str) -> str:
    """ "Mira Holm until Mon 23 Nov 18:00", "nobody", "" where nobody knows."""
    if not found.columns:
        return ""
    first = [row for row in found.rows if row[0] == 1]
    return masked(listed([_person(row, zone) for row in first])) if first else "nobody"


def _person(row: tuple[Value, ...], zone: str) -> str:
    until = row[2] if len(row) > 2 else None
    end = f" until {stamp(datetime.fromtimestamp(until, UTC), zone)}" if isinstance(until, int | float) else ""
    return f"{row[1]}{end}"


# --- what is not well -----------------------------------------------------------------------------------------------


def concerns_of(content: Content, before: tuple[Concern, ...]) -> dict[str, str]:
    """The titles of what is not well by their names; what nobody can tell stays what it was."""
    known = {each.name: each.title for each in before}
    amber = {name: name.capitalize() for name in content.amber}
    return {**{name: title for name, title in known.items() if name in content.unknown}, **amber}


def as_told(titles: Mapping[str, str], before: tuple[Concern, ...], day: date) -> tuple[Concern, ...]:
    """The concerns as they would stand after a digest that tells of these."""
    known = {each.name: each for each in before}
    return tuple(known.get(name, Concern(name=name, since=day, title=title)) for name, title in titles.items())
