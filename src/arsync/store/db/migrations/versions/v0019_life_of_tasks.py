"""Whose a task is, when it is due, when it comes back, and the code of its outcome."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Make the columns. Tasks that were done ended on the day of their moment, in words alone."""
    for name in ("outcome_code", "owner"):
        op.add_column("actions", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    for name in ("done_on", "due_on", "next_on"):
        op.add_column("actions", sa.Column(name, sa.Date(), nullable=True))
    op.add_column("actions", sa.Column("tries", sa.Integer(), nullable=False, server_default="0"))
