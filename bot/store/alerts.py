"""Instances, episodes and ticks, as rows. Every function works within the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.alerts.episode import Episode
from bot.alerts.state import Instance
from bot.store import tables

TICK_LEASE = timedelta(seconds=15)  # whoever claimed a tick and did not finish it by then has ended
TICKS_KEPT = 10_000
LISTS = ("reasons", "routes")


def upsert(conn: Connection, table: Table) -> Any:
    """An INSERT that can say what happens on a conflict; each database has its own."""
    return (postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert)(table)


def instances(conn: Connection) -> dict[tuple[str, str], Instance]:
    """What is known of every instance, by rule and series."""
    found = [_instance(row) for row in conn.execute(select(tables.instance))]
    return {(each.rule, each.series): each for each in found}


def keep_instance(conn: Connection, instance: Instance) -> None:
    values = asdict(instance) | {"fired": [moment.timestamp() for moment in instance.fired]}
    statement = upsert(conn, tables.instance).values(values)
    conn.execute(statement.on_conflict_do_update(index_elements=["rule", "series"], set_=values))


def _instance(row: Row[Any]) -> Instance:
    values = dict(row._mapping)
    return Instance(**values | {"fired": tuple(datetime.fromtimestamp(each, UTC) for each in values["fired"])})


def open_episodes(conn: Connection) -> tuple[Episode, ...]:
    """Every episode that is not closed, the oldest first; they stay as they are until this transaction ends."""
    query = select(tables.episode).where(tables.episode.c.closed.is_(None)).order_by(tables.episode.c.opened).with_for_update()
    return tuple(_episode(row) for row in conn.execute(query))


def episode(conn: Connection, known_as: str) -> Episode | None:
    row = conn.execute(select(tables.episode).where(tables.episode.c.id == known_as)).first()
    return _episode(row) if row else None


def recent_episodes(conn: Connection, since: datetime, limit: int) -> tuple[Episode, ...]:
    """The open episodes, and those closed since then, the newest first."""
    column = tables.episode.c
    query = select(tables.episode).where(or_(column.closed.is_(None), column.closed >= since)).order_by(column.opened.desc())
    return tuple(_episode(row) for row in conn.execute(query.limit(limit)))


def bundle(conn: Connection, known_as: str) -> tuple[Episode, ...]:
    """The episodes that share a message."""
    rows = conn.execute(select(tables.episode).where(tables.episode.c.extra["bundle"].as_string() == known_as))
    return tuple(sorted((_episode(row) for row in rows), key=lambda each: (each.opened, each.rule, each.series)))


def add_episode(conn: Connection, new: Episode) -> None:
    conn.execute(insert(tables.episode).values(_values({each.name: getattr(new, each.name) for each in fields(new)})))


def change_episode(conn: Connection, known_as: str, expected_version: int | None, **changes: Any) -> Episode | None:
    """The episode with these changes and the next version; None where it is not at the expected one (or gone)."""
    column = tables.episode.c
    where = [column.id == known_as, *([column.version == expected_version] if expected_version is not None else [])]
    done = conn.execute(update(tables.episode).where(*where).values(version=column.version + 1, **_values(changes)))
    return episode(conn, known_as) if done.rowcount else None


def keep_episode(conn: Connection, known_as: str, changes: Mapping[str, Any]) -> None:
    """Changes columns without a new version: what nobody has to know before they press."""
    conn.execute(update(tables.episode).where(tables.episode.c.id == known_as).values(_values(changes)))


def forget_episodes(conn: Connection, before: datetime) -> None:
    """Removes what was closed before then, with what was sent for it; never what is open."""
    column = tables.episode.c
    gone = select(column.id).where(column.closed.is_not(None), column.closed < before)
    conn.execute(delete(tables.outbox).where(tables.outbox.c.episode.in_(gone)))
    conn.execute(delete(tables.episode).where(column.closed.is_not(None), column.closed < before))


def _episode(row: Row[Any]) -> Episode:
    values = dict(row._mapping)
    return Episode(**values | {name: tuple(values[name]) for name in LISTS})


def _values(changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: list(value) if name in LISTS else dict(value) if name == "extra" else value for name, value in changes.items()}


def claim_tick(conn: Connection, number: int, now: datetime, owner: str) -> bool:
    """Whether this tick is this owner's: nobody has it, or whoever had it ended before it was done."""
    statement = upsert(conn, tables.tick).values(number=number, claimed=now, owner=owner)
    if conn.execute(statement.on_conflict_do_nothing()).rowcount:
        return True
    column = tables.tick.c
    left = update(tables.tick).where(column.number == number, column.finished.is_(None), column.claimed < now - TICK_LEASE)
    return bool(conn.execute(left.values(claimed=now, owner=owner)).rowcount)


def finish_tick(conn: Connection, number: int, now: datetime) -> None:
    conn.execute(update(tables.tick).where(tables.tick.c.number == number).values(finished=now))
    conn.execute(delete(tables.tick).where(tables.tick.c.number < number - TICKS_KEPT))
