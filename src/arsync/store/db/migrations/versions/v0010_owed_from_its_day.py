"""The index of open invoices has their days: what is dated later is not owed yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the index again; of a million invoices that takes a few seconds."""
    where = sa.text("status = 'open'")
    op.drop_index("ix_invoices_open", table_name="invoices")
    op.create_index(
        "ix_invoices_open",
        "invoices",
        [
            "connection_id",
            "contact_id",
            "currency",
            "status",
            "issued_on",
            "due_on",
            "amount_due",
            "rate",
        ],
        unique=False,
        sqlite_where=where,
        postgresql_where=where,
    )
