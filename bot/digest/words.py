"""A digest in words: each line that its message, its bare text and a terminal have in common. Pure, not escaped yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from bot.digest.content import Alert, Content, Note, Row, Shown
from bot.store.digests import Concern
from commands import digest as asking
from commands.clock import known_zone
from commands.words import NBSP, count, duration, listed, span, stamp

SIGNS: Final[Mapping[str, str]] = {
    "good": f"✓{NBSP}well",
    "bad": f"⚠{NBSP}look",
    "plain": "–",
    "unknown": f"?{NBSP}no data",
}
HANDLED: Final = {"open": "🔴", "acked": "🟠", "snoozed": "💤"}
MOST_ALERTS: Final = 8
MOST_LINES: Final = 5
MINUTE: Final = timedelta(minutes=1)

Name = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells of a digest as it stands; `name` is what people call somebody, never a mention."""

    shown: Shown
    name: Name = str

    @property
    def content(self) -> Content:
        return self.shown.content

    def headline(self) -> str:
        """ "Stand-up, Mon 23 Nov: checkout and overrides need a look; 2 alerts open; 41 % of the budget of 30 days left"."""
        if self.content.quiet:
            return f"{self.title()}: nothing needs a look in any of the {len(self.content.rows)} sections"
        amber, unknown = self.content.amber, self.content.unknown
        parts = (
            f"{listed(amber)} need{'s' if len(amber) == 1 else ''} a look"
            if amber
            else ""
            if unknown
            else "nothing needs a look",
            f"no data for {listed(unknown)}" if unknown else "",
            self.alerts(),
        )
        return f"{self.title()}: {'; '.join(part for part in parts if part)}"

    def title(self) -> str:
        return f"Stand-up, {day(self.content.day)}"

    def alerts(self) -> str:
        """How many are open, and how many of them nobody has."""
        many = self.content.many_alerts
        if many is None:
            return "open alerts are unknown"
        if not many:
            return "no alert is open"
        free = sum(alert.handling == "open" for alert in self.content.alerts)
        nobody = f" ({'nobody has any of them' if free == many else f'nobody has {free}'})" if free and many > 1 else ""
        return f"{count(many)} alert{'' if many == 1 else 's'} open{nobody}"

    def place(self) -> str:
        """The range that it tells of, in which zone, and what it is compared with."""
        content = self.content
        zone = known_zone(content.zone).key
        parts = (
            span(content.start, content.end, zone),
            zone,
            f"env {content.env}",
            f"compared with {content.compared}" if content.compared and not content.quiet else "",
        )
        return " · ".join(part for part in parts if part)

    def delays(self) -> Iterator[str]:
        """That it is late, and which dates had none."""
        if self.content.late_s:
            late = timedelta(seconds=self.content.late_s) // MINUTE * MINUTE
            yield f"This comes {duration(late)} late: paybot was not there when it was due."
        if self.content.missed:
            yield f"There was none on {listed([day(each) for each in self.content.missed])}: paybot was down; this one covers it."

    def calm(self) -> Iterator[str]:
        """The second and the third line of a quiet morning."""
        facts = (self.alerts(), *(note.said for note in self.content.notes if note.name in {asking.BUDGET, asking.BACKLOG}))
        yield f"{first('; '.join(facts))}."
        yield f"{first(self.people())}." if self.content.people else "Nobody can say who is on call."

    def people(self) -> str:
        people = self.content.people
        return f"on call: {people}" if people and people != "nobody" else "nobody is on call" if people else ""

    # --- what is not well ---------------------------------------------------------------------------------------------

    def attention(self) -> Iterator[tuple[str, tuple[str, ...], Concern | None]]:
        """Name, lines and concern of each part that is not well, or that is not known to be well again; sections first."""
        content = self.content
        kept = {each.name for each in self.shown.told}
        for name, part in content.parts.items():
            if part.state == "bad" or (part.state == "unknown" and name in kept):
                yield name, tuple(self._lines(part)), self.shown.concern(name)

    def _lines(self, part: Row | Note) -> Iterator[str]:
        if isinstance(part, Note):
            yield f"{part.said}{f' · {part.owner}' if part.owner else ''}"
            yield from (f"• {line}" for line in part.lines[:MOST_LINES])
            if len(part.lines) > MOST_LINES:
                yield f"• and {len(part.lines) - MOST_LINES} more"
            return
        yield " · ".join(each for each in (part.number, part.owner) if each)
        if part.meanwhile:
            yield part.meanwhile

    def taken(self, concern: Concern | None) -> str:
        """ "Taken by Mira Holm on Fri 20 Nov; amber for 3 days", "Nobody has it; amber for 3 days"; new and free is ""."""
        if concern is None:
            return "A later stand-up found it well again"
        days = (self.content.day - concern.since).days
        age = f"amber for {days} day{'' if days == 1 else 's'}" if days else ""
        if concern.taken_by:
            on = concern.taken_at.astimezone(known_zone(self.content.zone)).date() if concern.taken_at else None
            who = f"Taken by {self.name(concern.taken_by)}{f' on {day(on)}' if on and on != self.content.day else ''}"
        else:
            who = "Nobody has it" if days else ""
        return "; ".join(part for part in (who, age) if part)

    def meanwhile(self) -> Iterator[str]:
        """What was beyond its limit since the last stand-up and is not any more."""
        for row in self.content.rows:
            if row.meanwhile and row.state != "bad":
                yield f"{row.name.capitalize()} was {row.meanwhile}"

    def rest(self) -> Iterator[str]:
        """The lists that need nobody: what is left of the budget, what waits."""
        for note in self.content.notes:
            if note.state in {"good", "plain"} and note.name in {asking.BUDGET, asking.BACKLOG}:
                yield f"{first(note.name)}: {note.said}"

    # --- alerts and the rest --------------------------------------------------------------------------------------------

    def open_alerts(self) -> Iterator[str]:
        """The most urgent ones, each with its age at that moment and with who has it."""
        shown = self.content.alerts[:MOST_ALERTS]
        yield from (self._alert(alert) for alert in shown)
        left = (self.content.many_alerts or 0) - len(shown)
        if left > 0:
            yield f"and {count(left)} more: /pay alerts"

    def _alert(self, alert: Alert) -> str:
        age = max(self.content.end - alert.since, timedelta(0)) // MINUTE * MINUTE
        where = f" ({alert.series})" if alert.series and alert.series != self.content.env else ""
        who = self.name(alert.who) if alert.who else "nobody"
        handled = {
            "open": "nobody has it",
            "acked": f"acknowledged by {who}",
            "snoozed": f"snoozed by {who}"
            + (f" until {stamp(alert.until, known_zone(self.content.zone).key)}" if alert.until else ""),
        }[alert.handling]
        return f"{HANDLED[alert.handling]} {alert.title}{where}: {alert.severity}, open for {duration(age)}, {handled}"


def lines(shown: Shown, name: Name = str) -> Iterator[str]:
    """The whole digest as lines of text."""
    teller, content = Teller(shown, name), shown.content
    yield teller.headline()
    if content.quiet:
        yield from (*teller.calm(), *teller.delays())
        return
    yield from (teller.place(), *teller.delays(), *teller.open_alerts())
    for row in content.rows:
        yield f"{SIGNS[row.state]:<10} {row.name}: {' · '.join(each for each in (row.number, row.change) if each)}"
    for part, said, concern in teller.attention():
        taken = teller.taken(concern)
        yield f"⚠ {first(part)}: {said[0]}{f' ({taken})' if taken else ''}"
        yield from (f"  {line}" for line in said[1:])
    yield from (*teller.meanwhile(), *teller.rest(), *content.dead, *content.gaps)
    yield first(teller.people())


def day(on: date) -> str:
    """ "Mon 23 Nov", whatever the machine's language is."""
    return stamp(datetime.combine(on, time(), UTC), "UTC").rsplit(" ", 1)[0]


def first(words: str) -> str:
    """With a capital first letter; names like "schema" stay as they are after it."""
    return words[:1].upper() + words[1:]
