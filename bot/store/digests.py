"""Digests as rows: which local date's is whose to post, what it said, and who takes what it told of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, or_, select, update

from bot.ports import StoreError
from bot.store import replicas, tables
from bot.store.tables import inserting

LEASE: Final = timedelta(seconds=45)  # whoever claimed one and did not finish it by then has ended: it takes some 15 s at most
KEPT: Final = timedelta(days=400)  # so long a date is known to have had its digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The digest of one local date. `content` is what it says, {} where it was not posted, and `said` why."""

    digest: str
    local_date: date
    claimed: datetime
    owner: str
    finished: datetime | None = None
    content: Mapping[str, Any] = field(default_factory=dict)
    said: str = ""
    channel: str = ""
    ts: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """What a digest told of as not well, from the first one (`since`) until it is well again, and who takes it ("" nobody)."""

    name: str
    since: date
    title: str
    taken_by: str = ""
    taken_at: datetime | None = None


def claim(conn: Connection, digest: str, local_date: date, now: datetime, owner: str) -> bool:
    """Whether that date's is this owner's to make: nobody has it, or whoever had it has ended before it was posted."""
    values = {"digest": digest, "local_date": str(local_date), "claimed": now, "owner": owner}
    new = inserting(conn.dialect.name, tables.digest_run).values(values)
    if conn.execute(new.on_conflict_do_nothing()).rowcount:
        return True
    column = tables.digest_run.c
    late = or_(column.claimed < now - LEASE, column.claimed > now + LEASE)
    left = or_(column.owner == owner, late, replicas.silent(column.owner))
    again = update(tables.digest_run).where(_of(digest, local_date), column.finished.is_(None), left)
    return bool(conn.execute(again.values(claimed=now, owner=owner)).rowcount)


def reclaim(conn: Connection, digest: str, local_date: date, now: datetime, owner: str) -> bool:
    """Whether a date that was passed over is this owner's to make after all."""
    column = tables.digest_run.c
    over = and_(_of(digest, local_date), column.finished.is_not(None), column.content.is_(None))
    changed = {"claimed": now, "owner": owner, "finished": None, "said": ""}
    return bool(conn.execute(update(tables.digest_run).where(over).values(changed)).rowcount)


def finish(conn: Connection, run: Run, now: datetime, content: Mapping[str, Any]) -> None:
    """It is made, and posting it is owed from this transaction on. Raises StoreError where another has it meanwhile."""
    column = tables.digest_run.c
    mine = and_(_of(run.digest, run.local_date), column.finished.is_(None), column.owner == run.owner)
    done = update(tables.digest_run).where(mine).values(finished=now, content=dict(content))
    if not conn.execute(done).rowcount:
        raise StoreError(f"another paybot makes the digest of {run.local_date}", retriable=True)
    conn.execute(delete(tables.digest_run).where(column.finished < now - KEPT))


def skip(conn: Connection, digest: str, local_date: date, now: datetime, owner: str, said: str) -> bool:
    """Notes that there will be none for that date; False where it has one, or somebody is making it."""
    changed = {"claimed": now, "owner": owner, "finished": now, "said": said}
    new = inserting(conn.dialect.name, tables.digest_run).values(digest=digest, local_date=str(local_date), **changed)
    column = tables.digest_run.c
    left = and_(column.finished.is_(None), column.claimed < now - LEASE)
    keys = ["digest", "local_date"]
    return bool(conn.execute(new.on_conflict_do_update(index_elements=keys, set_=changed, where=left)).rowcount)


def run(conn: Connection, digest: str, local_date: date) -> Run | None:
    row = conn.execute(select(tables.digest_run).where(_of(digest, local_date))).first()
    return _run(row) if row else None


def newest(conn: Connection, digest: str, *, posted: bool = False) -> Run | None:
    """The one of the latest date, or the latest that was posted."""
    column = tables.digest_run.c
    wanted = and_(column.digest == digest, column.content.is_not(None)) if posted else column.digest == digest
    row = conn.execute(select(tables.digest_run).where(wanted).order_by(column.local_date.desc()).limit(1)).first()
    return _run(row) if row else None


def unsent(conn: Connection, digest: str, after: date) -> tuple[Run, ...]:
    """Those of later dates that were not posted, the oldest first."""
    column = tables.digest_run.c
    wanted = and_(column.digest == digest, column.local_date > str(after), column.said != "")
    return tuple(_run(row) for row in conn.execute(select(tables.digest_run).where(wanted).order_by(column.local_date)))


def since(conn: Connection, moment: datetime) -> tuple[Run, ...]:
    """Those that were finished since then, or are not finished, of whatever digest."""
    column = tables.digest_run.c
    query = select(tables.digest_run).where(or_(column.finished.is_(None), column.finished >= moment))
    return tuple(_run(row) for row in conn.execute(query.order_by(column.digest, column.local_date)))


def placed(conn: Connection, digest: str, local_date: date, channel: str, ts: str) -> None:
    """Its message stands there."""
    conn.execute(update(tables.digest_run).where(_of(digest, local_date)).values(channel=channel, ts=ts))


def _of(digest: str, local_date: date) -> ColumnElement[bool]:
    column = tables.digest_run.c
    return and_(column.digest == digest, column.local_date == str(local_date))


def _run(row: Row[Any]) -> Run:
    values = dict(row._mapping)
    return Run(**values | {"local_date": date.fromisoformat(values["local_date"]), "content": values["content"] or {}})


# --- who takes what -----------------------------------------------------------------------------------------------------


def concerns(conn: Connection, digest: str) -> tuple[Concern, ...]:
    """What is not well yet, the oldest first."""
    column = tables.concern.c
    query = select(tables.concern).where(column.digest == digest, column.closed.is_(None)).order_by(column.since, column.name)
    return tuple(_concern(row) for row in conn.execute(query))


def told(conn: Connection, digest: str, local_date: date, now: datetime, titles: Mapping[str, str]) -> tuple[Concern, ...]:
    """Carries over what still is not well, begins what is new, and ends the rest: the concerns of this date's digest.

    What nobody can tell must be among `titles` where it was a concern before: only what is known to be well ends.
    """
    known = {each.name: each for each in concerns(conn, digest)}
    column = tables.concern.c
    over = [name for name in known if name not in titles]
    conn.execute(
        update(tables.concern).where(column.digest == digest, column.closed.is_(None), column.name.in_(over)).values(closed=now)
    )
    for name, title in titles.items():
        if name not in known:
            new = {"digest": digest, "name": name, "since": str(local_date), "title": title, "taken_by": ""}
            conn.execute(
                inserting(conn.dialect.name, tables.concern)
                .values(new)
                .on_conflict_do_update(index_elements=["digest", "name", "since"], set_={"closed": None, "title": title})
            )
    return concerns(conn, digest)


def take(conn: Connection, digest: str, name: str, who: str, now: datetime) -> Concern | None:
    """The concern as it stands after somebody took it: theirs where nobody was quicker; None where it is over."""
    column = tables.concern.c
    open_ = and_(column.digest == digest, column.name == name, column.closed.is_(None))
    conn.execute(update(tables.concern).where(open_, column.taken_by == "").values(taken_by=who, taken_at=now))
    row = conn.execute(select(tables.concern).where(open_)).first()
    return _concern(row) if row else None


def _concern(row: Row[Any]) -> Concern:
    values = row._mapping
    return Concern(
        name=values["name"],
        since=date.fromisoformat(values["since"]),
        title=values["title"],
        taken_by=values["taken_by"],
        taken_at=values["taken_at"],
    )
