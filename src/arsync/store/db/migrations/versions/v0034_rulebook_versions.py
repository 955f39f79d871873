"""The text of each rulebook by which something was planned, and what was pushed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Moment

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    """Make the tables; they fill with the next run."""
    op.create_table(
        "rulebook_versions",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("letters_hash", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", Moment(), nullable=False),
        sa.Column("recorded_by", sa.Text(), server_default="", nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("redacted_at", Moment()),
        sa.PrimaryKeyConstraint("hash", "letters_hash", name=op.f("pk_rulebook_versions")),
    )
    op.create_table(
        "pushed_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hash", sa.Text(), server_default="", nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("pushed_at", Moment(), nullable=False),
        sa.Column("pushed_by", sa.Text(), server_default="", nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pushed_rules")),
    )
