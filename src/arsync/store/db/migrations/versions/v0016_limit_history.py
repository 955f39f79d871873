"""Credit limits as they changed: which rule set them, when, and who ran it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Amount, Id, Moment

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Make the table; it fills from the next plan on."""
    op.create_table(
        "limit_history",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", Id(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("amount", Amount(), nullable=True),
        sa.Column("is_unlimited", sa.Boolean(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("rule", sa.Text(), server_default="", nullable=False),
        sa.Column("file", sa.Text(), server_default="", nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("rulebook_hash", sa.Text(), server_default="", nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_limit_history_connection_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_limit_history")),
    )
    op.create_index(
        op.f("ix_limit_history_connection_id_contact_id_id"),
        "limit_history",
        ["connection_id", "contact_id", "id"],
        unique=False,
    )
