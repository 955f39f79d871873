"""When a connection's rows came back from a backup, and up to when the backup knows of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Moment

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the columns; a store that was never restored leaves them empty."""
    op.add_column("connections", sa.Column("restored_at", Moment(), nullable=True))
    op.add_column("connections", sa.Column("backed_up_at", Moment(), nullable=True))
