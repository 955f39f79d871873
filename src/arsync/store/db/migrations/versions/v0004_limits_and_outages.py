"""What processes share about calls, a platform's outage, and a renewal of tokens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Moment

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables and columns; they fill with the next run."""
    op.create_table(
        "paces",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tally", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_paces")),
    )
    op.create_table(
        "outages",
        sa.Column("connection_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failed_at", Moment(), nullable=False),
        sa.Column("retry_at", Moment(), nullable=True),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_outages_connection_id_connections"),
        ),
        sa.PrimaryKeyConstraint("connection_id", name=op.f("pk_outages")),
    )
    op.add_column("grants", sa.Column("renewal_at", Moment(), nullable=True))
    op.add_column("grants", sa.Column("told_at", Moment(), nullable=True))
