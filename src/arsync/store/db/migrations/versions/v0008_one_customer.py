"""Indexes by which one customer is read without its ledger, and sums without its documents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_OWED = {
    "invoices": (["status", "due_on", "amount_due", "rate"], "status = 'open'"),
    "credits": (["status", "unallocated", "rate"], "unallocated != 0"),
    "payments": (["status", "unallocated", "rate"], "unallocated != 0"),
}


def upgrade() -> None:
    """Make the indexes; of a million invoices that takes a few seconds."""
    for column in ("parent_id", "merged_into"):
        where = sa.text(f"{column} != ''")
        op.create_index(
            op.f(f"ix_contacts_connection_id_{column}"),
            "contacts",
            ["connection_id", column],
            unique=False,
            sqlite_where=where,
            postgresql_where=where,
        )
    for table, (columns, condition) in _OWED.items():
        where = sa.text(condition)
        op.create_index(
            f"ix_{table}_open",
            table,
            ["connection_id", "contact_id", "currency", *columns],
            unique=False,
            sqlite_where=where,
            postgresql_where=where,
        )
