"""Postal addresses, customer numbers and purchase orders: what a letter names."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Texts

revision = "0029"
down_revision = "0028"

_COLUMNS = {
    "connections": ("legal_name", "phone", "email", "tax_number", "registration_number"),
    "contacts": ("customer_number",),
    "invoices": ("purchase_order",),
}


def upgrade() -> None:
    """Make the columns.

    The connectors' cursors see to it that the next pull reads the contacts in full, which fills
    theirs; an invoice is read again before each message about it.
    """
    for table, names in _COLUMNS.items():
        for name in names:
            op.add_column(table, sa.Column(name, sa.Text(), server_default="", nullable=False))
    for table in ("connections", "contacts"):
        op.add_column(table, sa.Column("address", Texts(), server_default="", nullable=False))
