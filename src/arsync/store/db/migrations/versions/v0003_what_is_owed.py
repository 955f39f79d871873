"""Whether what is owed is certain: whose odd documents are, who moved, who differs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Amount, Id, Moment, Rate, Texts

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add columns and tables; they fill as documents are read."""
    op.add_column("payments", sa.Column("reconciled", sa.Boolean(), nullable=True))
    op.add_column("problems", sa.Column("contact_id", Id(), server_default="", nullable=False))
    op.add_column("problems", sa.Column("invoice_ids", Texts(), server_default="", nullable=False))
    op.create_table(
        "moved_invoices",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", Id(), nullable=False),
        sa.Column("from_contact", Id(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_moved_invoices_connection_id_connections"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id", "invoice_id", "from_contact", name=op.f("pk_moved_invoices")
        ),
    )
    op.create_table(
        "differences",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", Id(), nullable=False),
        sa.Column("theirs", Amount(), nullable=False),
        sa.Column("ours", Amount(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("rate", Rate(), nullable=True),
        sa.Column("seen_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_differences_connection_id_connections"),
        ),
        sa.PrimaryKeyConstraint("connection_id", "contact_id", name=op.f("pk_differences")),
    )
