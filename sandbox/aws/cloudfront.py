"""The company's CloudFront logs: who fetched which receipt, and the rest of what its distribution serves.

With CloudFront's habits: several files an hour, some entries hours late in a file of their own, rows that are shorter or longer
than the header says, viewers that are gone before the answer, and edge locations that no airport is near to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sandbox.aws.files import DAY_MS, HOUR_MS, File, stamps
from sandbox.chance import Chance, Ints
from sandbox.shape import MINUTE_MS

if TYPE_CHECKING:
    from sandbox.world import World

DISTRIBUTION = "E1LINDENMARKT0"
EDGES = ("FRA56-P3", "CDG50-C1", "LHR61-P2", "ARN54-C1", "AMS1-P1", "IAD89-C3", "SIN2-P4", "QQX1-C1")
STATUSES = (200, 304, 206, 403, 404, 0)
METHODS = ("GET", "HEAD")
FIELDS = (
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query "
    "cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol "
    "ssl-cipher x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port time-to-first-byte "
    "x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start sc-range-end"
)
HEADER = f"#Version: 1.0\n#Fields: {FIELDS}\n".encode()
RANGE = "\t-\t-"
ENDS = {7: "", 9: f"{RANGE}\tapplication-layer\tnew"}  # of some rows: fields that are lacking, or new
PARTS = 4  # files of an hour on an ordinary day

_EDGE_STEPS = (0.34, 0.5, 0.66, 0.78, 0.88, 0.95, 0.99)  # shares of the edges, added up
_STATUS_STEPS = (0.93, 0.96, 0.975, 0.988, 0.992)
_DOWNLOADED_SHARE = 0.62
_AGAIN_SHARE = 0.08
_SCANNED_SHARE = 0.05  # of the mails with a link to the receipt: a scanner asks for its head
_ASSET_SHARE = 0.25  # of the sessions: a browser without the script in its cache
_LATE_SHARE = 0.003
_LONGEST_MS = 20 * HOUR_MS
_PART_MS = HOUR_MS // PARTS
_LATEST_MS = 23 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests as columns: `at` the end of the response (epoch milliseconds), `asset` whether it was no receipt.

    `method`, `edge` and `status` are indices into METHODS, EDGES and STATUSES; `late` whether its entry is delivered hours late.
    """

    at: Ints
    session: Ints
    asset: NDArray[np.bool_]
    method: Ints
    edge: Ints
    status: Ints
    late: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.at)

    def __getitem__(self, which: NDArray[np.bool_] | Ints) -> Requests:
        return Requests(*(getattr(self, column.name)[which] for column in fields(Requests)))


def requested(world: World, start_ms: int, end_ms: int) -> Requests:
    """What viewers were answered from `start_ms` until before `end_ms`, in that order."""
    chance = Chance(world.seed, "cloudfront")
    receipts = world.events("receipt.rendered", world.env).between(start_ms - _LONGEST_MS, end_ms)
    sessions = world.events("checkout.started", world.env).between(start_ms - MINUTE_MS, end_ms)
    wait = np.minimum(chance.lognormal("wait", receipts.session, 4 * MINUTE_MS, 1.6), _LONGEST_MS / 2).astype(np.int64)
    further = np.minimum(chance.lognormal("further", receipts.session, 40 * MINUTE_MS, 1.0), _LONGEST_MS / 2).astype(np.int64)
    wanted = chance.uniform("wanted", receipts.session) < _DOWNLOADED_SHARE
    again = wanted & (chance.uniform("again", receipts.session) < _AGAIN_SHARE)
    scanned = chance.uniform("scanned", receipts.session) < _SCANNED_SHARE
    fresh = chance.uniform("asset", sessions.session) < _ASSET_SHARE
    both = _joined(
        [
            _answers(chance, 0, receipts.time[wanted] + wait[wanted], receipts.session[wanted]),
            _answers(chance, 1, receipts.time[again] + wait[again] + further[again], receipts.session[again]),
            _answers(chance, 2, receipts.time[scanned] + 2_000, receipts.session[scanned]),
            _answers(chance, 3, sessions.time[fresh] + 700, sessions.session[fresh]),
        ]
    )
    inside = both[(both.at >= start_ms) & (both.at < end_ms)]
    return inside[np.lexsort((inside.session, inside.at))]


def _answers(chance: Chance, turn: int, at: Ints, session: Ints) -> Requests:
    key = session * 4 + turn
    edge = np.searchsorted(_EDGE_STEPS, chance.uniform("edge", session), side="right")
    status = np.searchsorted(_STATUS_STEPS, chance.uniform("status", key), side="right")
    late = chance.uniform("late", key) < _LATE_SHARE
    same = np.full(len(key), turn == 2, np.int64)
    return Requests(at, session, np.full(len(key), turn == 3), same, edge, np.where(turn == 3, 0, status), late)


def _joined(parts: list[Requests]) -> Requests:
    return Requests(*(np.concatenate([getattr(part, column.name) for part in parts]) for column in fields(Requests)))


class CloudFront:
    """The log files below `cdn/`, by the hour of their requests; an hour without requests has none."""

    prefix = "cdn/"

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = Chance(world.seed, "cloudfront files")

    def day_in(self, listed: str) -> int | None:
        """The day (epoch milliseconds) to which a listing's prefix or a key belongs, None where it names none."""
        date = listed.removeprefix(f"{self.prefix}{DISTRIBUTION}.")[:10]
        try:
            return round(datetime.fromisoformat(f"{date}T00:00:00+00:00").timestamp() * 1000)
        except ValueError:
            return None

    def files(self, day_ms: int, since_ms: int, now_ms: int) -> Iterator[File]:
        """The files of a day that appeared after `since_ms` and until `now_ms`: some in the hour, late entries in one more."""
        for hour in range(day_ms, day_ms + DAY_MS, HOUR_MS):
            new = [part for part in range(PARTS + 1) if since_ms < self._ready(hour, part) <= now_ms]
            if not new or hour + HOUR_MS <= self._world.begin_ms:
                continue
            found = requested(self._world, hour, hour + HOUR_MS)
            for part in new:
                own = found[_in_part(found, hour, part)]
                if len(own):
                    yield File(self._key(hour, part), self._ready(hour, part), HEADER + written(self._world, own))

    def complete_until(self, now_ms: int) -> int:
        """Until when (epoch milliseconds) every entry that is not late has been delivered."""
        parts = ((hour, part) for hour in range(now_ms // HOUR_MS * HOUR_MS, 0, -HOUR_MS) for part in reversed(range(PARTS)))
        pending = [hour + part * _PART_MS for hour, part in _until(parts, 3 * PARTS) if self._ready(hour, part) > now_ms]
        return min(pending, default=now_ms)

    def _ready(self, hour: int, part: int) -> int:
        """When a file appears: some minutes after its part of the hour; the late one up to a day later."""
        wait = self._drawn("wait", hour, part)
        return (
            hour + HOUR_MS + int(wait * _LATEST_MS)
            if part == PARTS
            else hour + (part + 1) * _PART_MS + int((5 + 20 * wait) * MINUTE_MS)
        )

    def _key(self, hour: int, part: int) -> str:
        unique = f"{int(self._drawn('name', hour, part) * 2**32):08x}"
        return f"{self.prefix}{DISTRIBUTION}.{datetime.fromtimestamp(hour / 1000, UTC):%Y-%m-%d-%H}.{unique}.gz"

    def _drawn(self, purpose: str, hour: int, part: int) -> float:
        return float(self._chance.uniform(purpose, np.array([hour // HOUR_MS * 8 + part]))[0])


def _in_part(found: Requests, hour: int, part: int) -> NDArray[np.bool_]:
    """The entries of one of the hour's files."""
    return found.late if part == PARTS else ~found.late & ((found.at - hour) // _PART_MS == part)


def _until(parts: Iterator[tuple[int, int]], many: int) -> Iterator[tuple[int, int]]:
    return (next(parts) for _ in range(many))


def written(world: World, found: Requests) -> bytes:
    """The requests as lines; one of some hundred is shorter or longer than the header says."""
    columns = (
        stamps(found.at),
        found.session,
        found.asset,
        found.method,
        found.edge,
        found.status,
        (Chance(world.seed, "request").uniform("id", found.at * 131 + found.session) * 2.0**53).astype(np.int64),
    )
    return "".join(_line(*row) for row in zip(*(column.tolist() for column in columns), strict=True)).encode()


def _line(at: str, session: int, asset: bool, method: int, edge: int, status: int, identity: int) -> str:
    client = f"203.0.113.{identity % 254}" if identity % 2 == 0 else f"2001:db8::{identity % 65_000:x}"
    path = "/assets/checkout-5.13.0.js" if asset else f"/receipts/rcpt_{session:012x}.pdf"
    result = "Error" if status >= 3 else "Miss" if identity % 5 == 0 else "Hit"
    size = 4_000 + identity % 90_000
    return (
        f"{at[:10]}\t{at[11:19]}\t{EDGES[edge]}\t{size}\t{client}\t{METHODS[method]}\td111111abcdef8.cloudfront.net\t{path}\t"
        f"{STATUSES[status]:03d}\t-\tMozilla/5.0%20(compatible)\t-\t-\t{result}\t{identity:014x}AAAA==\t"
        f"receipts.lindenmarkt.example\thttps\t412\t0.0{identity % 90}\t-\tTLSv1.3\tTLS_AES_128_GCM_SHA256\t{result}\tHTTP/2.0\t"
        f"-\t-\t{1_024 + identity % 60_000}\t0.01\t{result}\tapplication/pdf\t{size}{ENDS.get(identity % 401, RANGE)}\n"
    )
