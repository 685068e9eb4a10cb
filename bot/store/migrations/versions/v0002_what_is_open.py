"""Claims and sweeps read only what is open; one episode for one breach; the audit's rows can only be added."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

NO_CHANGE = "the audit is only ever added to"


def upgrade() -> None:
    partial("ix_outbox_unsettled", "outbox", ["target", "priority", "created", "seq"], "settled IS NULL")
    partial("ix_outbox_unswept", "outbox", ["target", "settled"], "swept IS NULL AND attempts > 1 AND status = 'done'")
    partial("uq_episode_number", "episode", ["rule", "series", "number"], "NOT drill", unique=True)
    op.create_index("ix_audit_episode", "audit", ["episode"])
    if op.get_bind().dialect.name == "postgresql":
        guard_postgres()
    else:
        guard_sqlite()


def partial(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    op.create_index(name, table, columns, unique=unique, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def guard_sqlite() -> None:
    for act in ("UPDATE", "DELETE"):
        op.execute(f"CREATE TRIGGER audit_no_{act.lower()} BEFORE {act} ON audit BEGIN SELECT RAISE(ABORT, '{NO_CHANGE}'); END")


def guard_postgres() -> None:
    op.execute(
        f"CREATE FUNCTION audit_is_added_to() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{NO_CHANGE}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_added_to()"
    )
