"""Open bills of suppliers, and how far they are read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Amount, Id, Moment, Rate

revision = "0050"
down_revision = "0049"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "open_bills",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("supplier_id", Id(), nullable=False),
        sa.Column("supplier_name", sa.Text(), nullable=False),
        sa.Column("company_name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("rate", Rate(), nullable=True),
        sa.Column("amount_due", Amount(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("own_contact_id", Id(), nullable=False),
        sa.Column("contact_id", Id(), nullable=False),
        sa.Column("likely_contact_id", Id(), nullable=False),
        sa.Column("whole", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_open_bills_connection_id_connections"),
        ),
        sa.PrimaryKeyConstraint("connection_id", "id", name=op.f("pk_open_bills")),
    )
    for column in ("contact_id", "likely_contact_id"):
        op.create_index(
            op.f(f"ix_open_bills_connection_id_{column}"),
            "open_bills",
            ["connection_id", column],
            unique=False,
        )
    op.create_table(
        "bill_cursors",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("completed_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_bill_cursors_connection_id_connections"),
        ),
        sa.PrimaryKeyConstraint("connection_id", name=op.f("pk_bill_cursors")),
    )
