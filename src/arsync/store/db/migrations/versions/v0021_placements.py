"""Debts that were placed with an agency or a lawyer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Amount, Id, Moment

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "placements",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("key", Id(), nullable=False),
        sa.Column("contact_id", Id(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("placed_on", sa.Date(), nullable=False),
        sa.Column("cost", Amount(), nullable=True),
        sa.Column("currency", sa.Text(), server_default="", nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("ended_as", sa.Text(), server_default="", nullable=False),
        sa.Column("ended_why", sa.Text(), server_default="", nullable=False),
        sa.Column("ended_by", sa.Text(), server_default="", nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_placements_connection_id")
        ),
        sa.PrimaryKeyConstraint("connection_id", "key", name=op.f("pk_placements")),
    )
    op.create_index(
        op.f("ix_placements_connection_id_contact_id"),
        "placements",
        ["connection_id", "contact_id"],
        unique=False,
    )
    op.create_table(
        "placed_debts",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("key", Id(), nullable=False),
        sa.Column("invoice_id", Id(), nullable=False),
        sa.Column("amount", Amount(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_placed_debts_connection_id")
        ),
        sa.PrimaryKeyConstraint("connection_id", "key", "invoice_id", name=op.f("pk_placed_debts")),
    )
    op.create_index(
        op.f("ix_placed_debts_connection_id_invoice_id"),
        "placed_debts",
        ["connection_id", "invoice_id"],
        unique=False,
    )
