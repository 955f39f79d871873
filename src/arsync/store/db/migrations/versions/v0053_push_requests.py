"""Pushes of rules that a second person has to confirm, apart from drafts that one has to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Moment

revision = "0053"
down_revision = "0052"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "push_requests",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("draft_hash", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_push_requests_connection_id_connections"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_push_requests_user_id_users")
        ),
        sa.PrimaryKeyConstraint("connection_id", name=op.f("pk_push_requests")),
    )
