"""The daily mails to the owner."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Moment

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "daily_mails",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("tried_at", Moment(), nullable=False),
        sa.Column("leaving_at", Moment(), nullable=True),
        sa.Column("told_at", Moment(), nullable=True),
        sa.Column("failure", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_daily_mails")),
    )
