"""What each contact owes by the platform's own figure."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Id, Moment

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Make the table; it fills as contacts are read."""
    op.create_table(
        "own_balances",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", Id(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("less_credits", sa.Boolean(), nullable=True),
        sa.Column("in_base", sa.Boolean(), nullable=True),
        sa.Column("seen_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_own_balances_connection_id_connections"),
        ),
        sa.PrimaryKeyConstraint("connection_id", "contact_id", name=op.f("pk_own_balances")),
    )
