"""Entries of a customer's timeline that a person keeps on top."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Id, Moment

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "pinned_entries",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", Id(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("pinned_by", sa.Text(), nullable=False),
        sa.Column("pinned_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_pinned_entries_connection_id_connections"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id", "contact_id", "mark", name=op.f("pk_pinned_entries")
        ),
    )
