"""The owner is notified per organisation of an authorisation that has ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Moment

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Move the moment of notification from the grant to its organisations that are lost."""
    op.add_column("connections", sa.Column("told_at", Moment(), nullable=True))
    op.execute(
        "UPDATE connections SET told_at = (SELECT told_at FROM grants WHERE grants.id ="
        " connections.grant_id) WHERE state = 'needs reconnect'"
    )
    op.drop_column("grants", "told_at")
