"""What a digest says, as one frozen value that a database row keeps: facts only, which words and messages are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Any, Final

from bot.store.digests import Concern

MOST_ALERTS: Final = 40  # that are kept; all are counted
MOST_DEAD: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A section's state ("good", "bad", "plain" without a limit, "unknown"), its number, and how that compares."""

    name: str
    state: str
    number: str
    change: str = ""
    owner: str = ""
    meanwhile: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A list: what it says in a sentence, whose it is, and its lines."""

    name: str
    state: str
    said: str
    owner: str = ""
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An open alert. `handling` is "open", "acked" or "snoozed" and `who` did that: a Slack ID, or a name in words."""

    title: str
    series: str
    severity: str
    since: datetime
    handling: str = "open"
    who: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The digest of `day`: from `start` on, up to `end`.

    `many_alerts` counts the open ones, None where nobody can say; `alerts` are the most urgent. `dead` names what could not be
    delivered, `gaps` the sources that gave no answer, `missed` the dates before that had no digest. `picture` is a file's ID.
    """

    day: date
    start: datetime
    end: datetime
    zone: str
    env: str
    compared: str = ""
    late_s: float = 0.0
    missed: tuple[date, ...] = ()
    rows: tuple[Row, ...] = ()
    notes: tuple[Note, ...] = ()
    alerts: tuple[Alert, ...] = ()
    many_alerts: int | None = None
    dead: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    people: str = ""
    picture: str = ""
    alt: str = ""
    picture_fault: str = ""
    links: tuple[tuple[str, str], ...] = ()
    reference: str = ""

    @property
    def parts(self) -> Mapping[str, Row | Note]:
        """Rows and lists by their names, in order."""
        rows: dict[str, Row | Note] = {row.name: row for row in self.rows}
        return {**rows, **{note.name: note for note in self.notes}}

    @property
    def amber(self) -> tuple[str, ...]:
        """The names of what is not well."""
        return tuple(name for name, part in self.parts.items() if part.state == "bad")

    @property
    def unknown(self) -> tuple[str, ...]:
        """The names of what nobody can tell."""
        return tuple(name for name, part in self.parts.items() if part.state == "unknown")

    @property
    def quiet(self) -> bool:
        """Whether all is known and nothing is to be looked at."""
        unwell = self.amber or self.unknown or self.alerts or self.dead or self.gaps or self.missed
        return not unwell and self.many_alerts == 0 and not any(row.meanwhile for row in self.rows)

    def to_json(self) -> dict[str, Any]:
        """As a row keeps it: dates and times in ISO 8601."""
        return {name: _plain(value) for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Content:
        """What `to_json` gave, also where a later version has kept more."""
        values = _known(cls, kept)
        return cls(
            **values
            | {
                "day": date.fromisoformat(values["day"]),
                "start": datetime.fromisoformat(values["start"]),
                "end": datetime.fromisoformat(values["end"]),
                "missed": tuple(map(date.fromisoformat, values.get("missed", ()))),
                "rows": tuple(Row(**_known(Row, each)) for each in values.get("rows", ())),
                "notes": tuple(_note(each) for each in values.get("notes", ())),
                "alerts": tuple(_alert(each) for each in values.get("alerts", ())),
                "links": tuple((title, url) for title, url in values.get("links", ())),
                **{name: tuple(values.get(name, ())) for name in ("dead", "gaps")},
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A digest as it stands: what it says, what of it is not well yet and who takes that, and what people are called."""

    content: Content
    concerns: tuple[Concern, ...] = ()

    def concern(self, name: str) -> Concern | None:
        """The concern of that name, where this digest tells of it: not one that began later."""
        return next((each for each in self.concerns if each.name == name and each.since <= self.content.day), None)

    @property
    def told(self) -> tuple[Concern, ...]:
        """What is not well yet of what this digest tells of."""
        return tuple(each for each in self.concerns if each.since <= self.content.day)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _known(kind: type, kept: Mapping[str, Any]) -> dict[str, Any]:
    names = {each.name for each in fields(kind)}
    return {name: value for name, value in kept.items() if name in names}


def _note(kept: Mapping[str, Any]) -> Note:
    return Note(**_known(Note, kept) | {"lines": tuple(kept.get("lines", ()))})


def _alert(kept: Mapping[str, Any]) -> Alert:
    until = kept.get("until")
    times = {"since": datetime.fromisoformat(kept["since"]), "until": datetime.fromisoformat(until) if until else None}
    return Alert(**_known(Alert, kept) | times)
