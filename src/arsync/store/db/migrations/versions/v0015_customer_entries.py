"""Entries of `customers`, bound to the contacts that their names first fitted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Id

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "customer_entries",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("contact_id", Id(), nullable=False),
        sa.Column("parent_id", Id(), server_default="", nullable=False),
        sa.Column("matched_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_customer_entries_connection_id"),
        ),
        sa.PrimaryKeyConstraint("connection_id", "entry", name=op.f("pk_customer_entries")),
    )
    op.create_index(
        op.f("ix_customer_entries_connection_id_contact_id"),
        "customer_entries",
        ["connection_id", "contact_id"],
        unique=False,
    )
    where = sa.text("parent_id != ''")
    op.create_index(
        "ix_customer_entries_parent",
        "customer_entries",
        ["connection_id", "parent_id"],
        unique=False,
        sqlite_where=where,
        postgresql_where=where,
    )
