"""What several processes must know of each other, what the stand-up has said and who takes what, and people's own settings.

Only adds: a process of the version before may go on beside a newer one (`schema.oldest`).
"""

import sqlalchemy as sa
from alembic import op

from bot.store.tables import Moment, Words

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("digest_run", sa.Column("content", sa.JSON))
    op.add_column("digest_run", sa.Column("said", Words, nullable=False, server_default=""))
    op.add_column("digest_run", sa.Column("channel", Words, nullable=False, server_default=""))
    op.add_column("digest_run", sa.Column("ts", Words, nullable=False, server_default=""))
    op.create_table(
        "concern",
        sa.Column("digest", Words, primary_key=True),
        sa.Column("name", Words, primary_key=True),
        sa.Column("since", Words, primary_key=True),
        sa.Column("title", Words, nullable=False),
        sa.Column("taken_by", Words, nullable=False),
        sa.Column("taken_at", Moment),
        sa.Column("closed", Moment),
    )
    op.create_table(
        "replica",
        sa.Column("owner", Words, primary_key=True),
        sa.Column("host", Words, nullable=False),
        sa.Column("version", Words, nullable=False),
        sa.Column("started", Moment, nullable=False),
        sa.Column("seen", Moment, nullable=False),
        sa.Column("parts", sa.JSON, nullable=False),
    )
    op.create_table(
        "lease",
        sa.Column("name", Words, primary_key=True),
        sa.Column("owner", Words, nullable=False),
        sa.Column("until", Moment, nullable=False),
        sa.Column("fence", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "person",
        sa.Column("team", Words, primary_key=True),
        sa.Column("user", Words, primary_key=True),
        sa.Column("zone", Words, nullable=False),
        sa.Column("theme", Words, nullable=False),
        sa.Column("only_me", sa.Boolean, nullable=False),
        sa.Column("changed", Moment, nullable=False),
    )
    op.create_table(
        "oldest_schema",
        sa.Column("version", Words, primary_key=True),
    )
    op.execute("INSERT INTO oldest_schema (version) VALUES ('0003')")
