"""Customers of trials of cadences, and an index from which measures are added up."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Id

revision = "0044"
down_revision = "0043"


def upgrade() -> None:
    """Make the table and the index."""
    op.create_table(
        "trial_arms",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("trial", sa.Text(), nullable=False),
        sa.Column("contact_id", Id(), nullable=False),
        sa.Column("is_tried", sa.Boolean(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("connection_id", "trial", "contact_id", name=op.f("pk_trial_arms")),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_trial_arms_connection_id")
        ),
    )
    op.create_index(
        "ix_invoices_measured",
        "invoices",
        [
            "connection_id",
            "issued_on",
            "currency",
            "rate",
            "status",
            "total",
            "amount_due",
            "paid_on",
            "updated_at",
        ],
    )
