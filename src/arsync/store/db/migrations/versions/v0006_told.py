"""Which open outcomes the owner was notified of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Moment

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the column; the next run notifies the owner of what is open now."""
    op.add_column("actions", sa.Column("told_at", Moment(), nullable=True))
