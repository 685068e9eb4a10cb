"""The outbox as rows: claimed by lease and fence, settled by compare-and-set, in order for each episode and target."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, literal_column, or_, select, update

from bot.alerts.intent import Intent, Status, Target
from bot.store import replicas, tables

COLUMNS: Final = tuple(each.name for each in fields(Intent))
OVER: Final[frozenset[Status]] = frozenset({"done", "dead"})
ENDS: Final = ("resolve", "close")
MOST: Final = 100  # rows that one look shows


def add(conn: Connection, intents: Iterable[Intent]) -> None:
    """Raises StoreError where another process has used a number of the same episode and target."""
    rows = [_row(each) for each in intents]
    if rows:
        conn.execute(insert(tables.outbox), rows)


def newest_seq(conn: Connection) -> dict[tuple[str, str], int]:
    """The newest number of each episode, by target."""
    column = tables.outbox.c
    query = select(column.episode, column.target, func.max(column.seq)).group_by(column.episode, column.target)
    return {(row[0], row[1]): row[2] for row in conn.execute(query)}


def claim(conn: Connection, target: Target, owner: str, now: datetime, lease_s: float, limit: int = 1) -> tuple[Intent, ...]:
    """The next intents of a target, now this owner's: the most urgent first, then the oldest.

    None comes before an earlier one of its episode. Each comes with the status that it had before, so that whoever finds an
    attempt in doubt looks first.
    """
    column = tables.outbox.c
    query = (
        select(tables.outbox)
        .where(
            column.settled.is_(None),
            column.target == target,
            or_(column.lease_until.is_(None), column.lease_until <= now, replicas.silent(column.owner)),
            or_(column.not_before.is_(None), column.not_before <= now),
            ~_waits(),
        )
        .order_by(column.priority, column.created, column.seq, column.key)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return tuple(_claimed(conn, _intent(row), owner, now, lease_s) for row in conn.execute(query).all())


def _waits() -> ColumnElement[bool]:
    """Whether an earlier intent of the same episode and target is still open."""
    earlier, column = tables.outbox.alias("earlier"), tables.outbox.c
    return (
        select(earlier.c.key)
        .where(
            earlier.c.settled.is_(None),
            earlier.c.episode == column.episode,
            earlier.c.target == column.target,
            earlier.c.seq < column.seq,
        )
        .exists()
    )


def _claimed(conn: Connection, was: Intent, owner: str, now: datetime, lease_s: float) -> Intent:
    ours = replace(was, owner=owner, fence=was.fence + 1, attempts=was.attempts + 1, first_try=was.first_try or now)
    values = {"owner": owner, "fence": ours.fence, "attempts": ours.attempts, "first_try": ours.first_try, "status": "sending"}
    lease = now + timedelta(seconds=lease_s)
    conn.execute(update(tables.outbox).where(tables.outbox.c.key == was.key).values(lease_until=lease, **values))
    return ours


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
    """Writes what came of a claim; False, and nothing written, where the intent is another owner's meanwhile.

    The same outcome may be written twice: whoever does not know whether the first commit was heard does it again.
    """
    column = tables.outbox.c
    values = {
        "status": status,
        "said": said,
        "not_before": None if status in OVER else not_before,
        "lease_until": None,
        "remote_id": remote_id or intent.remote_id,
        "settled": now if status in OVER else None,
    }
    mine = and_(_held(intent), or_(column.settled.is_(None), column.status == status))
    return bool(conn.execute(update(tables.outbox).where(mine).values(values)).rowcount)


def renew(conn: Connection, intent: Intent, now: datetime, lease_s: float) -> bool:
    """Whether the claim is still this owner's; it then lasts for `lease_s` from now on."""
    mine = and_(_held(intent), tables.outbox.c.status == "sending")
    return bool(conn.execute(update(tables.outbox).where(mine).values(lease_until=now + timedelta(seconds=lease_s))).rowcount)


def _held(intent: Intent) -> ColumnElement[bool]:
    column = tables.outbox.c
    return and_(column.key == intent.key, column.fence == intent.fence, column.owner == intent.owner)


def intent(conn: Connection, key: str) -> Intent | None:
    """The intent as it stands; None where there is none (any more)."""
    row = conn.execute(select(tables.outbox).where(tables.outbox.c.key == key)).first()
    return _intent(row) if row else None


def to_sweep(conn: Connection, target: Target, before: datetime) -> tuple[Intent, ...]:
    """What took several attempts, was done by then and has not been swept; a hundred at most, the oldest first."""
    column = tables.outbox.c
    unswept = and_(column.swept.is_(None), column.attempts > literal_column("1"), column.status == literal_column("'done'"))
    query = select(tables.outbox).where(unswept, column.target == target, column.settled <= before)
    return tuple(_intent(row) for row in conn.execute(query.order_by(column.settled).limit(MOST)))


def ending(conn: Connection, intent: Intent) -> Intent | None:
    """The end that was told for the same episode and target after this intent, where one was."""
    column = tables.outbox.c
    query = select(tables.outbox).where(
        column.episode == intent.episode,
        column.target == intent.target,
        column.seq > intent.seq,
        column.status == "done",
        column.kind.in_(ENDS),
    )
    row = conn.execute(query.order_by(column.seq.desc()).limit(1)).first()
    return _intent(row) if row else None


def swept(conn: Connection, key: str, now: datetime) -> None:
    """It need not be looked at again."""
    conn.execute(update(tables.outbox).where(tables.outbox.c.key == key).values(swept=now))


def undone(conn: Connection, episode: str, target: Target) -> tuple[Intent, ...]:
    """What is still open for an episode and target, in order."""
    column = tables.outbox.c
    query = select(tables.outbox).where(column.settled.is_(None), column.episode == episode, column.target == target)
    return tuple(_intent(row) for row in conn.execute(query.order_by(column.seq)))


def unsettled(conn: Connection, before: datetime) -> tuple[Intent, ...]:
    """What was owed by then and is neither done nor given up; a hundred at most, the oldest first."""
    column = tables.outbox.c
    query = select(tables.outbox).where(column.settled.is_(None), column.created <= before)
    return tuple(_intent(row) for row in conn.execute(query.order_by(column.created, column.key).limit(MOST)))


def dead(conn: Connection) -> tuple[Intent, ...]:
    """What was given up; a hundred at most, the newest first."""
    column = tables.outbox.c
    query = select(tables.outbox).where(column.status == "dead").order_by(column.settled.desc(), column.key).limit(MOST)
    return tuple(_intent(row) for row in conn.execute(query))


def depth(conn: Connection) -> dict[str, int]:
    """How many intents are open, by target."""
    column = tables.outbox.c
    query = select(column.target, func.count()).where(column.settled.is_(None)).group_by(column.target)
    return {row[0]: row[1] for row in conn.execute(query)}


def _row(each: Intent) -> dict[str, Any]:
    settled = each.created if each.status in OVER else None
    return {name: getattr(each, name) for name in COLUMNS} | {"payload": dict(each.payload), "settled": settled}


def _intent(row: Row[Any]) -> Intent:
    return Intent(**{name: row._mapping[name] for name in COLUMNS})
