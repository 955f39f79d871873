"""Suppliers, and what they owe back beside their bills; all is read again by the next run."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Amount, Id, Rate

revision = "0051"
down_revision = "0050"


def upgrade() -> None:
    """Make the tables; the copy of bills alone is dropped, and with it how far it was read."""
    op.drop_table("open_bills")
    op.execute("DELETE FROM bill_cursors")
    op.create_table(
        "suppliers",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("company_name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("own_contact_id", Id(), nullable=False),
        sa.Column("contact_id", Id(), nullable=False),
        sa.Column("likely_contact_id", Id(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_suppliers_connection_id_connections"),
        ),
        sa.PrimaryKeyConstraint("connection_id", "id", name=op.f("pk_suppliers")),
    )
    for column in ("contact_id", "likely_contact_id"):
        op.create_index(
            op.f(f"ix_suppliers_connection_id_{column}"),
            "suppliers",
            ["connection_id", column],
            unique=False,
        )
    op.create_table(
        "payables",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("supplier_id", Id(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("rate", Rate(), nullable=True),
        sa.Column("amount", Amount(), nullable=True),
        sa.Column("credit", sa.Text(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("whole", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_payables_connection_id_connections"),
        ),
        sa.PrimaryKeyConstraint("connection_id", "id", name=op.f("pk_payables")),
    )
    op.create_index(
        op.f("ix_payables_connection_id_supplier_id"),
        "payables",
        ["connection_id", "supplier_id"],
        unique=False,
    )
