"""Who may do something at the moment: one row for each such thing, held for a while by the database's clock, with a fence."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import BigInteger, ColumnElement, Connection, case, or_, select, type_coerce

from bot.store import replicas, tables
from bot.store.tables import MICROSECOND, Clock, inserting


def hold(conn: Connection, name: str, owner: str, lasts: timedelta) -> int | None:
    """The fence, where it is this owner's for `lasts` from now: it had it, nobody has it, or whoever had it is silent or late.

    The fence rises with every change of hands. Held for longer than it can be, it was taken before a clock was set back: free.
    """
    column, length = tables.lease.c, lasts // MICROSECOND
    until = type_coerce(column.until, BigInteger)
    new = inserting(conn.dialect.name, tables.lease).values(name=name, owner=owner, until=Clock() + length, fence=1)
    free = or_(column.owner == owner, until <= Clock(), until > Clock() + 2 * length, replicas.silent(column.owner))
    fence = column.fence + case((column.owner == owner, 0), else_=1)
    taking = new.on_conflict_do_update(
        index_elements=["name"], set_={"owner": owner, "until": Clock() + length, "fence": fence}, where=free
    )
    if not conn.execute(taking).rowcount:
        return None
    return int(conn.execute(select(column.fence).where(column.name == name)).scalar_one())


def let_go(conn: Connection, owner: str) -> None:
    """The next one need not wait; the fences stay."""
    conn.execute(tables.lease.update().where(tables.lease.c.owner == owner).values(until=tables.EPOCH))


def holders(conn: Connection) -> dict[str, str]:
    """Who has what now, by its name."""
    held = select(tables.lease.c.name, tables.lease.c.owner).where(_held())
    return {row[0]: row[1] for row in conn.execute(held)}


def _held() -> ColumnElement[bool]:
    return type_coerce(tables.lease.c.until, BigInteger) > Clock()
