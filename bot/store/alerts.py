"""Instances, episodes and ticks, as rows. Every function works within the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from bot.alerts.episode import Episode
from bot.alerts.state import Instance
from bot.ports import StoreError
from bot.store import replicas, tables
from bot.store.tables import EPOCH, MICROSECOND, inserting

TICK_LEASE: Final = timedelta(seconds=25)  # whoever did not finish a tick by then has ended: sources answer within 20 s
TICKS_KEPT: Final = 10_000
FIXED: Final = frozenset({"id", "version"})
COLUMNS: Final = frozenset(each.name for each in fields(Episode))
INSTANCE: Final = tuple(each.name for each in fields(Instance))


def instances(conn: Connection) -> dict[tuple[str, str], Instance]:
    """What is known of every instance, by rule and series."""
    found = [_instance(row) for row in conn.execute(select(tables.instance))]
    return {(each.rule, each.series): each for each in found}


def keep_instance(conn: Connection, instance: Instance) -> None:
    """Writes it, new or known. Raises StoreError where another process has judged a later moment of it already."""
    values = {name: getattr(instance, name) for name in INSTANCE}
    values["fired"] = [(moment - EPOCH) // MICROSECOND for moment in instance.fired]
    if not conn.execute(_keeping(conn.dialect.name), values).rowcount:
        raise StoreError("another paybot has judged a later moment already", retriable=True)


@cache
def _keeping(dialect: str) -> Any:
    """The statement for any instance: made once, as a tick may keep thousands."""
    column, new = tables.instance.c, inserting(dialect, tables.instance)
    return new.on_conflict_do_update(
        index_elements=["rule", "series"],
        set_={name: new.excluded[name] for name in INSTANCE if name not in {"rule", "series"}},
        where=or_(column.end.is_(None), column.end <= new.excluded.end),
    )


def _instance(row: Row[Any]) -> Instance:
    values = dict(row._mapping)
    return Instance(**values | {"fired": tuple(EPOCH + each * MICROSECOND for each in values["fired"])})


def open_episodes(conn: Connection) -> tuple[Episode, ...]:
    """Every episode that is not closed, the oldest first. Nobody else changes them until this transaction ends."""
    column = tables.episode.c
    query = select(tables.episode).where(column.closed.is_(None)).order_by(column.opened, column.id).with_for_update()
    return tuple(_episode(row) for row in conn.execute(query))


def episode(conn: Connection, known_as: str) -> Episode | None:
    """The episode with this ID; None where there is none (any more)."""
    row = conn.execute(select(tables.episode).where(tables.episode.c.id == known_as)).first()
    return _episode(row) if row else None


def recent_episodes(conn: Connection, since: datetime, limit: int) -> tuple[Episode, ...]:
    """Those that were open at some time since then, the newest first."""
    column = tables.episode.c
    query = select(tables.episode).where(or_(column.closed.is_(None), column.closed >= since))
    return tuple(_episode(row) for row in conn.execute(query.order_by(column.opened.desc(), column.id).limit(limit)))


def bundle(conn: Connection, known_as: str) -> tuple[Episode, ...]:
    """The episodes that share a message, the oldest first."""
    rows = conn.execute(select(tables.episode).where(tables.episode.c.extra["bundle"].as_string() == known_as))
    return tuple(sorted((_episode(row) for row in rows), key=lambda each: (each.opened, each.rule, each.series)))


def add_episode(conn: Connection, new: Episode) -> None:
    """Raises StoreError where another process has opened this instance's episode of that number."""
    conn.execute(insert(tables.episode).values(_values({name: getattr(new, name) for name in COLUMNS})))


def change_episode(conn: Connection, known_as: str, expected_version: int | None, **changes: Any) -> Episode | None:
    """The episode with these changes and the next version; None where it is at another version than expected, or gone."""
    _refuse(set(changes) - (COLUMNS - FIXED))
    column = tables.episode.c
    statement = update(tables.episode).where(column.id == known_as)
    if expected_version is not None:
        statement = statement.where(column.version == expected_version)
    done = conn.execute(statement.values(version=column.version + 1, **_values(changes)))
    return episode(conn, known_as) if done.rowcount else None


def keep_episode(conn: Connection, known_as: str, changes: Mapping[str, Any]) -> None:
    """Changes columns as they are given, without a new version unless one is among them: what nobody must know who presses."""
    _refuse(set(changes) - (COLUMNS - {"id"}))
    if changes:
        conn.execute(update(tables.episode).where(tables.episode.c.id == known_as).values(_values(changes)))


def forget_episodes(conn: Connection, before: datetime) -> None:
    """Removes what was closed before then, with what was sent for it; never what is open. The audit keeps its rows."""
    column = tables.episode.c
    old = column.closed < before  # never true where it is null
    conn.execute(delete(tables.outbox).where(tables.outbox.c.episode.in_(select(column.id).where(old))))
    conn.execute(delete(tables.episode).where(old))


def _refuse(names: set[str]) -> None:
    if names:
        raise ValueError(f"an episode's {', '.join(sorted(names))} cannot be changed")


def _episode(row: Row[Any]) -> Episode:
    values = dict(row._mapping)
    return Episode(**values | {name: tuple(values[name]) for name in ("reasons", "routes")})


def _values(changes: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON takes them: lists and dicts."""
    shaped = {"reasons": list, "routes": list, "extra": dict}
    return {name: shaped[name](value) if name in shaped else value for name, value in changes.items()}


def claim_tick(conn: Connection, number: int, now: datetime, owner: str) -> bool:
    """Whether this tick is this owner's: nobody has it, or it has it already and did not finish, or whoever had it has ended."""
    new = inserting(conn.dialect.name, tables.tick).values(number=number, claimed=now, owner=owner)
    if conn.execute(new.on_conflict_do_nothing()).rowcount:
        return True
    column = tables.tick.c
    late = or_(column.claimed < now - TICK_LEASE, column.claimed > now + TICK_LEASE)
    left = or_(column.owner == owner, late, replicas.silent(column.owner))
    again = update(tables.tick).where(column.number == number, column.finished.is_(None), left)
    return bool(conn.execute(again.values(claimed=now, owner=owner)).rowcount)


def finish_tick(conn: Connection, number: int, now: datetime) -> None:
    """Marks it as done, with all that this transaction has written. Raises StoreError where another has done it meanwhile."""
    column = tables.tick.c
    done = update(tables.tick).where(column.number == number, column.finished.is_(None)).values(finished=now)
    if not conn.execute(done).rowcount:
        raise StoreError(f"another paybot has done tick {number} meanwhile", retriable=True)
    conn.execute(delete(tables.tick).where(column.number < number - TICKS_KEPT))


def last_tick(conn: Connection) -> int | None:
    """The newest tick that was done."""
    column = tables.tick.c
    return conn.execute(
        select(column.number).where(column.finished.is_not(None)).order_by(column.number.desc()).limit(1)
    ).scalar()
