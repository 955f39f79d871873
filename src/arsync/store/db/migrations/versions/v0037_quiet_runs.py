"""Which runs met nothing new and did nothing, so that their rows can go after some weeks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    """Add the column; of the runs so far nobody knows, and they stay."""
    op.add_column(
        "runs", sa.Column("quiet", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.create_index(
        "ix_runs_quiet",
        "runs",
        ["finished_at"],
        unique=False,
        sqlite_where=sa.text("quiet"),
        postgresql_where=sa.text("quiet"),
    )
