"""The day on which an invoice was first seen, so that one entered late is not chased at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Make the column. Of the invoices there are nobody knows the day: they are treated as ever."""
    op.add_column("invoices", sa.Column("seen_on", sa.Date(), nullable=True))
