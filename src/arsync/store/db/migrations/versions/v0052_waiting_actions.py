"""An index of what waits for approval."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"


def upgrade() -> None:
    """Make the index."""
    waits = sa.text("state = 'awaiting approval'")
    op.create_index(
        "ix_actions_waiting",
        "actions",
        ["connection_id", "kind", "created_at", "contact_id", "episode", "key"],
        unique=False,
        sqlite_where=waits,
        postgresql_where=waits,
    )
