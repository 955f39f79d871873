"""Each address has a daily mail of its own: connections may notify different people."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Moment

revision = "0030"
down_revision = "0029"

_OLD = sa.table(
    "daily_mails",
    sa.column("day", sa.Date()),
    sa.column("tried_at", Moment()),
    sa.column("leaving_at", Moment()),
    sa.column("told_at", Moment()),
    sa.column("failure", sa.Text()),
)


def upgrade() -> None:
    """Make the table anew: SQLite cannot change a primary key."""
    rows = [dict(row) for row in op.get_bind().execute(sa.select(_OLD)).mappings()]
    op.drop_table("daily_mails")
    table = op.create_table(
        "daily_mails",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("tried_at", Moment(), nullable=False),
        sa.Column("leaving_at", Moment(), nullable=True),
        sa.Column("told_at", Moment(), nullable=True),
        sa.Column("failure", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("day", "address", name=op.f("pk_daily_mails")),
    )
    if rows:
        op.bulk_insert(table, [{**row, "address": ""} for row in rows])
