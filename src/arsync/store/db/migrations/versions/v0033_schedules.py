"""When each connection is due, in the store; connections that are paused, and their labels."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Moment

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    """Make the tables; each connection is due at once."""
    op.create_table(
        "schedules",
        sa.Column("connection_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("every_seconds", sa.Integer(), nullable=True),
        sa.Column("next_at", Moment(), nullable=False),
        sa.Column("wanted_at", Moment(), nullable=True),
        sa.Column("wanted_why", sa.Text(), server_default="", nullable=False),
        sa.Column("started_at", Moment(), nullable=True),
        sa.Column("not_before", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_schedules_connection_id")
        ),
        sa.PrimaryKeyConstraint("connection_id", name=op.f("pk_schedules")),
    )
    op.create_index(op.f("ix_schedules_wanted_at"), "schedules", ["wanted_at"])
    op.create_index("ix_schedules_started_at_next_at", "schedules", ["started_at", "next_at"])
    op.execute(
        "INSERT INTO schedules (connection_id, next_at) "
        "SELECT id, created_at FROM connections WHERE removed_at IS NULL"
    )
    op.create_table(
        "connection_labels",
        sa.Column("connection_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_connection_labels_connection_id")
        ),
        sa.PrimaryKeyConstraint("connection_id", "label", name=op.f("pk_connection_labels")),
    )
    op.add_column("connections", sa.Column("paused_at", Moment(), nullable=True))
    for name in ("paused_by", "paused_why"):
        op.add_column("connections", sa.Column(name, sa.Text(), server_default="", nullable=False))
