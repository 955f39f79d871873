"""Since when conditions of the rulebook have held."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Id

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Make the table; it fills from the next plan on."""
    op.create_table(
        "held_conditions",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("condition", Id(), nullable=False),
        sa.Column("subject", Id(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("unsure_since", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_held_conditions_connection_id")
        ),
        sa.PrimaryKeyConstraint(
            "connection_id", "condition", "subject", name=op.f("pk_held_conditions")
        ),
    )
