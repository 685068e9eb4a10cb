"""The schema's versions: an older one is brought up to date in one transaction, a newer one is left alone."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, exc, inspect, select, text

from bot.ports import StoreError
from bot.store.tables import metadata, oldest_schema

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext, RevisionStep

MIGRATIONS: Final = Path(__file__).with_name("migrations")
NEWEST: Final = "0003"
LOCK: Final = 7_239_201_452  # the key by which replicas that start at once wait for each other

log = logging.getLogger(__name__)


def upgrade(conn: Connection, place: str, to: str = NEWEST, steps: Path = MIGRATIONS) -> None:
    """Brings the schema to that version, all of it or nothing. Raises StoreError where a newer paybot or others wrote it."""
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT set_config('statement_timeout', '0', true), pg_advisory_xact_lock(:key)"), {"key": LOCK})
    present = version(conn, place)
    if present == to or is_ahead(conn, place, present, to):
        return
    log.info("the schema of the store goes from %s to %s", present or "nothing", to)
    try:
        _migrate(conn, to, steps)
    except exc.ProgrammingError as error:  # PostgreSQL's word for what is there already, or is not
        raise _stuck(place, present, to) from error
    except exc.OperationalError as error:
        if getattr(error.orig, "sqlite_errorname", "") != "SQLITE_ERROR":  # SQLite's word for the same
            raise
        raise _stuck(place, present, to) from error


def _stuck(place: str, present: str | None, to: str) -> StoreError:
    return StoreError(
        f"{place} could not be brought from schema {present or 'nothing'} to {to}; it is as it was", retriable=False
    )


def is_ahead(conn: Connection, place: str, present: str | None, ours: str = NEWEST) -> bool:
    """Whether a newer paybot has brought it one step further, and this one can go on with that. Raises StoreError where not."""
    if present is None or present <= ours:
        return False
    oldest = conn.execute(select(oldest_schema.c.version)).scalar() if inspect(conn).has_table(oldest_schema.name) else None
    is_next = present.isdecimal() and int(present) == int(ours) + 1
    if not is_next or oldest is None or str(oldest) > ours:
        raise StoreError(
            f"{place} was written by a newer paybot (schema {present}, this one knows up to {ours}); "
            "start the newer one, or restore a backup",
            retriable=False,
        )
    return True


def version(conn: Connection, place: str) -> str | None:
    """The schema's version; None where there is none yet. Raises StoreError where the tables are not paybot's."""
    tables = set(inspect(conn).get_table_names())
    if "alembic_version" in tables:
        found = conn.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return None if found is None else str(found)
    if foreign := sorted(tables & set(metadata.tables)):
        raise StoreError(f"{place} has tables that are not paybot's ({', '.join(foreign)}); give paybot its own", retriable=False)
    return None


def _migrate(conn: Connection, to: str, folder: Path) -> None:
    from alembic.config import Config  # noqa: PLC0415 - only where there is something to migrate
    from alembic.runtime.environment import EnvironmentContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)

    def steps(revision: Any, context: MigrationContext) -> list[RevisionStep]:
        return scripts._upgrade_revs(to, revision)  # as in the documentation of EnvironmentContext

    with EnvironmentContext(config, scripts, fn=steps, destination_rev=to) as environment:
        environment.configure(connection=conn, target_metadata=metadata, transactional_ddl=True)
        environment.run_migrations()
