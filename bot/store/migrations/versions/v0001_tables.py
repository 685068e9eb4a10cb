"""The first tables: instances, episodes, ticks, the outbox, the inbox, the audit and the digests."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

OPEN = "'new', 'sending', 'unknown'"


def upgrade() -> None:
    judged()
    sent()
    heard()


def words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def moments(*names: str, nullable: bool = True) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=nullable) for name in names]


def judged() -> None:
    op.create_table(
        "instance",
        sa.Column("rule", sa.Text, primary_key=True),
        sa.Column("series", sa.Text, primary_key=True),
        *words("signal"),
        *moments("since"),
        sa.Column("held_s", sa.Double, nullable=False),
        sa.Column("value", sa.Double),
        *moments("end"),
        sa.Column("silent", sa.Integer, nullable=False),
        *moments("failed_since"),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("fired", sa.JSON, nullable=False),
        sa.CheckConstraint("signal IN ('ok', 'pending', 'firing', 'recovering')", name="ck_signal"),
    )
    op.create_table(
        "episode",
        sa.Column("id", sa.Text, primary_key=True),
        *words("rule", "series"),
        sa.Column("number", sa.Integer, nullable=False),
        *words("env", "title", "owner", "section", "severity", "unit"),
        sa.Column("limit", sa.Double, nullable=False),
        sa.Column("above", sa.Boolean, nullable=False),
        sa.Column("value", sa.Double),
        sa.Column("worst", sa.Double),
        *moments("since", "opened", nullable=False),
        *moments("closed"),
        *words("reason", "phase", "handling", "acked_by"),
        *moments("acked_at"),
        *words("snoozed_by"),
        *moments("snoozed_until"),
        *words("escalated_by"),
        *moments("escalated_at"),
        *words("incident_url"),
        *moments("reminded"),
        sa.Column("reasons", sa.JSON, nullable=False),
        *words("blind"),
        sa.Column("drill", sa.Boolean, nullable=False),
        sa.Column("routes", sa.JSON, nullable=False),
        *words("channel", "ts", "chart"),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("extra", sa.JSON, nullable=False),
        sa.CheckConstraint("phase IN ('firing', 'recovering', 'closed')", name="ck_phase"),
        sa.CheckConstraint("handling IN ('open', 'acked', 'snoozed')", name="ck_handling"),
    )
    op.create_index("ix_episode_closed", "episode", ["closed"])
    op.create_table(
        "tick",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        *moments("claimed", nullable=False),
        *words("owner"),
        *moments("finished"),
    )


def sent() -> None:
    op.create_table(
        "outbox",
        sa.Column("key", sa.Text, primary_key=True),
        *words("episode"),
        sa.Column("seq", sa.Integer, nullable=False),
        *words("target", "kind"),
        sa.Column("payload", sa.JSON, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        *words("status"),
        sa.Column("attempts", sa.Integer, nullable=False),
        *words("owner"),
        sa.Column("fence", sa.Integer, nullable=False),
        *moments("created", nullable=False),
        *moments("first_try", "not_before", "lease_until", "settled"),
        *words("remote_id", "said"),
        *moments("swept"),
        sa.UniqueConstraint("episode", "target", "seq", name="uq_outbox_seq"),
        sa.CheckConstraint(f"status IN ({OPEN}, 'done', 'dead')", name="ck_status"),
        sa.CheckConstraint(f"(settled IS NULL) = (status IN ({OPEN}))", name="ck_settled"),
    )


def heard() -> None:
    op.create_table("inbox", sa.Column("key", sa.Text, primary_key=True), *moments("until", nullable=False))
    op.create_index("ix_inbox_until", "inbox", ["until"])
    op.create_table(
        "audit",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        *moments("at", nullable=False),
        *words("who", "what", "episode", "outcome", "why", "before", "hash"),
    )
    op.create_table(
        "digest_run",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("local_date", sa.Text, primary_key=True),
        *moments("claimed", nullable=False),
        *words("owner"),
        *moments("finished"),
    )
