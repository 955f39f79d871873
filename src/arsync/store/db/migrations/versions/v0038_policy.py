"""Drafts of rulebooks, and what trying them showed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Moment

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "rules_drafts",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("base", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False, server_default=""),
        sa.Column("saved_by", sa.Text(), nullable=False),
        sa.Column("saved_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("connection_id", name=op.f("pk_rules_drafts")),
        _of_connection("rules_drafts"),
    )
    op.create_table(
        "tries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False, server_default=""),
        sa.Column("rules", sa.LargeBinary()),
        sa.Column("rules_hash", sa.Text(), nullable=False, server_default=""),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("beat_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment()),
        sa.Column("customers_done", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("customers", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("problem", sa.Text(), nullable=False, server_default=""),
        sa.Column("result", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tries")),
        _of_connection("tries"),
    )
    op.create_index(op.f("ix_tries_connection_id_id"), "tries", ["connection_id", "id"])


def _of_connection(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_connection_id")
    return sa.ForeignKeyConstraint(["connection_id"], ["connections.id"], name=name)
