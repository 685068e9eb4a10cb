"""The company's Segment archive: the track calls of its sessions, as Segment received them, in hourly gzip files.

With Segment's habits: a call can come hours late or twice, a file can hold a line that is cut off, digits of seconds vary with
the library that sent them, and one of two versions of the app breaks the tracking plan now and then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sandbox.aws.files import DAY_MS, HOUR_MS, File, stamps
from sandbox.chance import Chance, Ints
from sandbox.declines import NO_CODE
from sandbox.ledger import Rows
from sandbox.lives import Kind

if TYPE_CHECKING:
    from sandbox.world import World

SOURCE_ID = "q4Vd7ZkR2mPbT9sXw"
EVENTS: Mapping[str, Kind] = {
    "payments.checkout.started": "checkout.started",
    "payments.checkout.completed": "checkout.completed",
    "payments.checkout.expired": "checkout.expired",
    "payments.retry.initiated": "retry.initiated",
    "payments.retry.completed": "retry.completed",  # only where the payment went through
    "payments.receipt.generated": "receipt.rendered",
}
NAMES = tuple(EVENTS)
VERSIONS = ("5.12.0", "5.13.0")
VIOLATIONS = ("", "currency missing", "amount as string", "unknown property")
CURRENCIES = ("eur", "eur", "usd", "gbp", "sek")

_NEW_APP_SHARE = 0.3
_VIOLATION_SHARE = 0.006  # of the newer version's calls
_LATE_SHARE = 0.004
_TWICE_SHARE = 0.01
_LATEST_MS = 30 * HOUR_MS  # a phone that was switched off over night
_AGAIN_MS = 6 * HOUR_MS
_READY_MS = HOUR_MS + 40 * 60_000  # an hour's file is there at about forty minutes past the next hour
_BAD_FILES = 0.08
_NAMELESS_FILES = 0.12  # gzip inside, though their names do not say so


@dataclass(frozen=True, slots=True)
class Tracks:
    """Track calls as columns.

    `event` is an index into EVENTS, `call` the number that makes its messageId, `at` when it happened, `sent` and `received` when
    this copy was (epoch milliseconds), `again` whether an earlier copy was received, `version` and `violation` indices into
    VERSIONS and VIOLATIONS.
    """

    event: Ints
    session: Ints
    attempt: Ints
    call: Ints
    at: Ints
    sent: Ints
    received: Ints
    again: NDArray[np.bool_]
    version: Ints
    violation: Ints

    def __len__(self) -> int:
        return len(self.at)

    def __getitem__(self, which: NDArray[np.bool_] | Ints | slice) -> Tracks:
        return Tracks(*(getattr(self, column.name)[which] for column in fields(Tracks)))


def received(world: World, start_ms: int, end_ms: int) -> Tracks:
    """Every copy of every call that Segment received from `start_ms` until before `end_ms`, in that order."""
    chance = Chance(world.seed, "segment")
    earliest = start_ms - _LATEST_MS - _AGAIN_MS - HOUR_MS
    happened = [
        _tracks(chance, number, _sent(world, kind).between(earliest, end_ms)) for number, kind in enumerate(EVENTS.values())
    ]
    firsts = _joined(happened)
    both = _joined([firsts, _copies(chance, firsts)])
    inside = both[(both.received >= start_ms) & (both.received < end_ms)]
    return inside[np.lexsort((inside.call, inside.received))]


def _sent(world: World, kind: Kind) -> Rows:
    rows = world.events(kind, world.env)
    return rows[rows.code == NO_CODE] if kind == "retry.completed" else rows


def _joined(parts: list[Tracks]) -> Tracks:
    return Tracks(*(np.concatenate([getattr(part, column.name) for part in parts]) for column in fields(Tracks)))


def _tracks(chance: Chance, event: int, rows: Rows) -> Tracks:
    call = (rows.session * 4 + rows.attempt) * 8 + event
    late = chance.uniform("late", call) < _LATE_SHARE
    wait = np.where(
        late, HOUR_MS + chance.uniform("wait", call) * (_LATEST_MS - HOUR_MS), 60 + chance.uniform("wait", call) * 3000
    )
    sent = rows.time + wait.astype(np.int64)
    version = (chance.uniform("app", rows.session) < _NEW_APP_SHARE).astype(np.int64)
    wrong = (version == 1) & (chance.uniform("violation", call) < _VIOLATION_SHARE)
    kind = np.searchsorted((0.5, 0.8), chance.uniform("violation/kind", call), side="right") + 1
    took = 20 + (chance.uniform("took", call) * 380).astype(np.int64)
    never = np.zeros(len(call), np.bool_)
    attempt = rows.attempt.astype(np.int64)
    at_all = np.full(len(call), event)
    return Tracks(at_all, rows.session, attempt, call, rows.time, sent, sent + took, never, version, np.where(wrong, kind, 0))


def _copies(chance: Chance, firsts: Tracks) -> Tracks:
    """What is received again because the sender heard no answer: mostly within seconds, sometimes hours later."""
    twice = firsts[chance.uniform("twice", firsts.call) < _TWICE_SHARE]
    later = (np.exp(chance.uniform("later", twice.call) * np.log(_AGAIN_MS - 1000)) + 1000).astype(np.int64)
    moved = (getattr(twice, column.name) for column in fields(Tracks))
    event, session, attempt, call, at, sent, came, _, version, violation = moved
    return Tracks(event, session, attempt, call, at, sent + later, came + later, np.ones(len(call), np.bool_), version, violation)


def amounts(world: World, session: Ints) -> Ints:
    """What each session is about, in minor units: chance from its number."""
    return np.asarray(chance_of_amounts(world).lognormal("amount", session, 4_900, 0.8).astype(np.int64) + 50)


def currencies(world: World, session: Ints) -> Ints:
    """Indices into CURRENCIES."""
    return np.asarray((chance_of_amounts(world).uniform("currency", session) * len(CURRENCIES)).astype(np.int64))


def chance_of_amounts(world: World) -> Chance:
    return Chance(world.seed, "amounts")


class Segment:
    """The archive's files below `segment-logs/<source>/`, by the day on which their calls were received."""

    prefix = f"segment-logs/{SOURCE_ID}/"

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = Chance(world.seed, "segment files")

    def day_in(self, listed: str) -> int | None:
        """The day (epoch milliseconds) to which a listing's prefix or a key belongs, None for all or none."""
        part = listed.removeprefix(self.prefix).split("/")[0]
        return int(part) if part.isdecimal() and int(part) % DAY_MS == 0 else None

    def files(self, day_ms: int, since_ms: int, now_ms: int) -> Iterator[File]:
        """The files of a day that appeared after `since_ms` and until `now_ms`."""
        ready = {
            hour: self._ready(hour) for hour in range(day_ms, day_ms + DAY_MS, HOUR_MS) if hour + HOUR_MS > self._world.begin_ms
        }
        new = [hour for hour, at in ready.items() if since_ms < at <= now_ms]
        if not new:
            return
        tracks = received(self._world, new[0], new[-1] + HOUR_MS)
        for hour in new:
            low, high = np.searchsorted(tracks.received, (hour, hour + HOUR_MS))
            yield File(self.key(hour), ready[hour], self._text(hour, tracks[slice(int(low), int(high))]))

    def _ready(self, hour_ms: int) -> int:
        return hour_ms + _READY_MS + int(self._drawn("ready", hour_ms) * 180_000)

    def key(self, hour_ms: int) -> str:
        """The name of the hour's file."""
        unique = f"{int(self._drawn('name', hour_ms) * 2**52):013x}"
        suffix = "" if self._drawn("nameless", hour_ms) < _NAMELESS_FILES else ".gz"
        return f"{self.prefix}{hour_ms // DAY_MS * DAY_MS}/{hour_ms}.{unique}{suffix}"

    def bad(self, hour_ms: int) -> bool:
        """Whether the hour's file ends in a line that is cut off: a further copy of its first call."""
        return self._drawn("bad", hour_ms) < _BAD_FILES

    def _text(self, hour_ms: int, tracks: Tracks) -> bytes:
        whole = written(self._world, tracks)
        return whole + whole[: whole.find(b"\n") // 2] + b"\n" if self.bad(hour_ms) and whole else whole

    def _drawn(self, purpose: str, hour_ms: int) -> float:
        return float(self._chance.uniform(purpose, np.array([hour_ms // HOUR_MS]))[0])


def written(world: World, tracks: Tracks) -> bytes:
    """The calls as NDJSON.

    Segment computes `timestamp` as receivedAt - (sentAt - originalTimestamp); the clock of the sender is set so that it comes out
    as the moment when the event happened.
    """
    columns = (
        tracks.event,
        tracks.session,
        tracks.attempt,
        tracks.violation,
        tracks.version,
        amounts(world, tracks.session),
        currencies(world, tracks.session),
        (Chance(world.seed, "message").uniform("id", tracks.call) * 2.0**53).astype(np.int64),
        stamps(tracks.at - (tracks.received - tracks.sent)),
        stamps(tracks.received),
        stamps(tracks.sent),
        stamps(tracks.at),
    )
    return "".join(_line(row) for row in zip(*(column.tolist() for column in columns), strict=True)).encode()


def _line(row: tuple[Any, ...]) -> str:
    event, session, attempt, violation, version, amount, currency, identity, originally, received, sent, at = row
    server = event >= 3  # the browser sends the first three, milliseconds as JavaScript has them; the server writes nanoseconds
    library, own = ("analytics-go", "go-") if server else ("analytics.js", "ajs-next-")
    end = f"000{identity % 1000:03d}Z" if server else "Z"
    properties = (
        f'"session_id":"cs_live_{session:012x}","amount":' + (f'"{amount}"' if violation == 2 else str(amount)),
        "" if violation == 1 else f',"currency":"{CURRENCIES[currency]}"',
        f',"attempt":{attempt}' if event in (3, 4) else "",
        f',"receipt_id":"rcpt_{session:012x}"' if event == 5 else "",
        f',"customer_email":"kim.{identity % 997}@example.com"' if violation == 3 else "",
    )
    return (
        f'{{"anonymousId":"{session:012x}","context":{{"app":{{"name":"checkout","version":"{VERSIONS[version]}"}},'
        f'"library":{{"name":"{library}"}}}},"event":"{NAMES[event]}","integrations":{{}},"messageId":"{own}{identity:014x}",'
        f'"originalTimestamp":"{originally}{end}","properties":{{{"".join(properties)}}},'
        f'"receivedAt":"{received.rstrip("0").rstrip(".")}Z","sentAt":"{sent}{end}","timestamp":"{at}{end}","type":"track"}}\n'
    )
