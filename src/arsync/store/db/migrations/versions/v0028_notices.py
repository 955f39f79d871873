"""The running numbers of notices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Id

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "notices",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("key", Id(), nullable=True),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("contact_id", Id(), server_default="", nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_notices_connection_id")
        ),
        sa.ForeignKeyConstraint(["key"], ["actions.key"], name=op.f("fk_notices_key")),
        sa.PrimaryKeyConstraint("connection_id", "number", name=op.f("pk_notices")),
        sa.UniqueConstraint("key", name=op.f("uq_notices_key")),
    )
