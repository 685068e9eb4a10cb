"""The outbox as rows: claimed by lease and fence, settled by compare-and-set, in order for each episode and target."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, func, insert, or_, select, update

from bot.alerts.intent import Intent, Status, Target
from bot.store import tables

UNDONE = ("new", "sending", "unknown")
COLUMNS = tuple(each.name for each in fields(Intent))


def add(conn: Connection, intents: Iterable[Intent]) -> None:
    rows = [{name: getattr(each, name) for name in COLUMNS} | {"payload": dict(each.payload)} for each in intents]
    if rows:
        conn.execute(insert(tables.outbox), rows)


def newest_seq(conn: Connection) -> dict[tuple[str, str], int]:
    """The newest number of each episode that is open, by target."""
    column = tables.outbox.c
    open_ = select(tables.episode.c.id).where(tables.episode.c.closed.is_(None))
    query = select(column.episode, column.target, func.max(column.seq)).where(column.episode.in_(open_))
    return {(row[0], row[1]): row[2] for row in conn.execute(query.group_by(column.episode, column.target))}


def claim(conn: Connection, target: Target, owner: str, now: datetime, lease_s: float, limit: int = 1) -> tuple[Intent, ...]:
    """The next intents of a target, now this owner's; each with the status that it had before: who finds a doubt looks first."""
    column = tables.outbox.c
    earlier = tables.outbox.alias("earlier")
    waits = (
        select(earlier.c.key)
        .where(
            earlier.c.episode == column.episode,
            earlier.c.target == column.target,
            earlier.c.seq < column.seq,
            earlier.c.status.in_(UNDONE),
        )
        .exists()
    )
    query = (
        select(tables.outbox)
        .where(
            column.target == target,
            or_(
                column.status == "new",
                and_(column.status.in_(UNDONE), or_(column.lease_until.is_(None), column.lease_until <= now)),
            ),
            or_(column.not_before.is_(None), column.not_before <= now),
            ~waits,
        )
        .order_by(column.priority, column.created, column.seq)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return tuple(_claimed(conn, row, owner, now, lease_s) for row in conn.execute(query).all())


def _claimed(conn: Connection, row: Row[Any], owner: str, now: datetime, lease_s: float) -> Intent:
    was = _intent(row)
    changes = {"owner": owner, "fence": was.fence + 1, "attempts": was.attempts + 1, "first_try": was.first_try or now}
    lease = now + timedelta(seconds=lease_s)
    conn.execute(
        update(tables.outbox).where(tables.outbox.c.key == was.key).values(status="sending", lease_until=lease, **changes)
    )
    return Intent(**{name: getattr(was, name) for name in COLUMNS} | changes)


def settle(
    conn: Connection,
    intent: Intent,
    status: Status,
    now: datetime,
    *,
    remote_id: str = "",
    said: str = "",
    not_before: datetime | None = None,
) -> bool:
    """Writes what came of a claim, if it still is this owner's: by its fence and its name."""
    column = tables.outbox.c
    mine = and_(column.key == intent.key, column.fence == intent.fence, column.owner == intent.owner, column.status.in_(UNDONE))
    values = {
        "status": status,
        "said": said,
        "not_before": not_before,
        "lease_until": None,
        "remote_id": remote_id or intent.remote_id,
    }
    settled = {"settled": now} if status not in UNDONE else {}
    return bool(conn.execute(update(tables.outbox).where(mine).values(**values, **settled)).rowcount)


def renew(conn: Connection, intent: Intent, now: datetime, lease_s: float) -> bool:
    """Whether the claim still held, and does for longer now."""
    column = tables.outbox.c
    mine = and_(column.key == intent.key, column.fence == intent.fence, column.owner == intent.owner, column.status == "sending")
    return bool(conn.execute(update(tables.outbox).where(mine).values(lease_until=now + timedelta(seconds=lease_s))).rowcount)


def intent(conn: Connection, key: str) -> Intent | None:
    found = conn.execute(select(tables.outbox).where(tables.outbox.c.key == key)).first()
    return _intent(found) if found else None


def to_sweep(conn: Connection, target: Target, before: datetime) -> tuple[Intent, ...]:
    """What took more than one attempt, was done before then, and has not been looked over."""
    column = tables.outbox.c
    query = select(tables.outbox).where(
        column.target == target, column.status == "done", column.attempts > 1, column.swept.is_(None), column.settled <= before
    )
    return tuple(_intent(each) for each in conn.execute(query.order_by(column.settled).limit(100)))


def swept(conn: Connection, key: str, now: datetime) -> None:
    conn.execute(update(tables.outbox).where(tables.outbox.c.key == key).values(swept=now))


def undone(conn: Connection, episode: str, target: Target) -> tuple[Intent, ...]:
    column = tables.outbox.c
    query = select(tables.outbox).where(column.episode == episode, column.target == target, column.status.in_(UNDONE))
    return tuple(_intent(each) for each in conn.execute(query.order_by(column.seq)))


def dead(conn: Connection) -> tuple[Intent, ...]:
    """What a channel refused for good, the newest first."""
    query = select(tables.outbox).where(tables.outbox.c.status == "dead").order_by(tables.outbox.c.created.desc()).limit(100)
    return tuple(_intent(each) for each in conn.execute(query))


def depth(conn: Connection) -> dict[str, int]:
    """How many intents wait, by target."""
    column = tables.outbox.c
    query = select(column.target, func.count()).where(column.status.in_(UNDONE)).group_by(column.target)
    return {row[0]: row[1] for row in conn.execute(query)}


def _intent(found: Row[Any]) -> Intent:
    return Intent(**{name: found._mapping[name] for name in COLUMNS})
