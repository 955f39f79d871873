"""References that are asked by letter, and what they answer besides a word."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Amount, Id

revision = "0049"
down_revision = "0048"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("credit_applications", sa.Column("consented_on", sa.Date()))
    for column in (
        sa.Column("known_for", sa.Text(), server_default="", nullable=False),
        sa.Column("limit_granted", Amount()),
        sa.Column("pays", sa.Text(), server_default="", nullable=False),
        sa.Column("letter_key", Id(), server_default="", nullable=False),
        sa.Column("reminder_key", Id(), server_default="", nullable=False),
        sa.Column("letters", sa.Integer(), server_default="0", nullable=False),
    ):
        op.add_column("credit_references", column)
