"""What measures were on each day, and which goals were missed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Moment

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "measure_snapshots",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("in_base", sa.Boolean(), nullable=False),
        sa.Column("recomputed", sa.Boolean(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.Column("taken_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint(
            "connection_id", "day", "currency", "in_base", name=op.f("pk_measure_snapshots")
        ),
        _of_connection("measure_snapshots"),
    )
    op.create_table(
        "goal_misses",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("missed_on", sa.Date(), nullable=False),
        sa.Column("figure", sa.Text(), nullable=False),
        sa.Column("goal", sa.Text(), nullable=False),
        sa.Column("told_on", sa.Date()),
        sa.PrimaryKeyConstraint("connection_id", "measure", "month", name=op.f("pk_goal_misses")),
        _of_connection("goal_misses"),
    )


def _of_connection(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_connection_id")
    return sa.ForeignKeyConstraint(["connection_id"], ["connections.id"], name=name)
