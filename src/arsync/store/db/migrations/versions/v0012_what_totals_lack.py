"""What is due on a document that could not be read, as far as that much can be read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the columns; they fill as documents are read."""
    op.add_column("problems", sa.Column("amount", sa.BigInteger(), nullable=True))
    op.add_column("problems", sa.Column("currency", sa.Text(), nullable=False, server_default=""))
