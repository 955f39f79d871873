"""A line that a person puts above the text of one letter."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Id, Moment

revision = "0045"
down_revision = "0044"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "personal_lines",
        sa.Column("action_key", Id(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("added_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["action_key"], ["actions.key"], name=op.f("fk_personal_lines_action_key")
        ),
        sa.PrimaryKeyConstraint("action_key", name=op.f("pk_personal_lines")),
    )
