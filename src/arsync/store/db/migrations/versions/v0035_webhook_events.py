"""Which webhook events have come, so that a replay is known, and how many of each outcome."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Moment

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "webhook_events",
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("forget_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("event", name=op.f("pk_webhook_events")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_webhook_events_forget_at"), "webhook_events", ["forget_at"])
    op.create_table(
        "webhook_counts",
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("deliveries", sa.BigInteger(), nullable=False),
        sa.Column("last_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("platform", "day", "outcome", name=op.f("pk_webhook_counts")),
    )
