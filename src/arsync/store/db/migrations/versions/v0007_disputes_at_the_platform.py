"""Since when an accounting system itself shows an invoice as disputed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column; it fills as documents are read."""
    op.add_column("invoices", sa.Column("disputed_on", sa.Date(), nullable=True))
    op.create_index(
        "ix_invoices_disputed",
        "invoices",
        ["connection_id"],
        unique=False,
        sqlite_where=sa.text("disputed_on IS NOT NULL"),
        postgresql_where=sa.text("disputed_on IS NOT NULL"),
    )
