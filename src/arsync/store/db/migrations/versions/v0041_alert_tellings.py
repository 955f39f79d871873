"""Who was told of alerts, by mail or webhook."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Moment

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "alert_tellings",
        sa.Column("action_key", sa.Text(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("tried_at", Moment()),
        sa.Column("next_at", Moment()),
        sa.Column("failure", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_alert_tellings_connection_id")
        ),
        sa.PrimaryKeyConstraint("action_key", "way", "address", name=op.f("pk_alert_tellings")),
    )
    op.create_index(
        op.f("ix_alert_tellings_connection_id_state"),
        "alert_tellings",
        ["connection_id", "state"],
        unique=False,
    )
