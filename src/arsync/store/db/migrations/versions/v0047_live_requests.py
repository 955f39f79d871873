"""Drafts of rulebooks that a second person has to put live."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Moment

revision = "0047"
down_revision = "0046"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "live_requests",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("draft_hash", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_live_requests_connection_id_connections"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_live_requests_user_id_users")
        ),
        sa.PrimaryKeyConstraint("connection_id", name=op.f("pk_live_requests")),
    )
