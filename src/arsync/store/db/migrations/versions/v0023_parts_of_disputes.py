"""How much is disputed, why in a code, whose it is, what is needed, and what came of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Amount

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Make the columns. A dispute of before is about all of its invoice, for no reason of a code.

    What was due when it was opened is not known of it, nor what came of it.
    """
    for name in ("code", "owner", "needs", "outcome", "outcome_note"):
        op.add_column("disputes", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    for name in ("amount", "due_then", "total_then"):
        op.add_column("disputes", sa.Column(name, Amount(), nullable=True))
    op.add_column("disputes", sa.Column("credit_agreed_on", sa.Date(), nullable=True))
    op.add_column(
        "disputes", sa.Column("changes", sa.Integer(), nullable=False, server_default="0")
    )
