"""A promise may be about several invoices, or all that a customer owes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Id

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Move the invoice of each promise into a table of its own, and say what replaced it."""
    op.create_table(
        "promised_invoices",
        sa.Column("promise_id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", Id(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["promise_id"], ["promises.id"], name=op.f("fk_promised_invoices_promise_id")
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_promised_invoices_connection_id")
        ),
        sa.PrimaryKeyConstraint("promise_id", "invoice_id", name=op.f("pk_promised_invoices")),
    )
    op.create_index(
        op.f("ix_promised_invoices_connection_id_invoice_id"),
        "promised_invoices",
        ["connection_id", "invoice_id"],
        unique=False,
    )
    op.execute(
        "INSERT INTO promised_invoices (promise_id, invoice_id, connection_id, position)"
        " SELECT id, invoice_id, connection_id, 0 FROM promises"
    )
    op.add_column("promises", sa.Column("contact_id", Id(), nullable=False, server_default=""))
    op.add_column(
        "promises", sa.Column("also", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("promises", sa.Column("replaced_by", sa.Integer(), nullable=True))
    # A replaced promise stands again when the one that came next for its invoice is withdrawn.
    op.execute(
        "UPDATE promises SET replaced_by = (SELECT MIN(later.id) FROM promises AS later"
        " WHERE later.connection_id = promises.connection_id"
        " AND later.invoice_id = promises.invoice_id AND later.id > promises.id)"
        " WHERE replaced AND kept IS NULL"
    )
    op.drop_index(op.f("ix_promises_connection_id_invoice_id"), table_name="promises")
    op.drop_column("promises", "invoice_id")
    # Promises are judged by the payments themselves: what was due then is not asked any more.
    op.drop_column("promises", "amount_due")
    op.create_index(op.f("ix_promises_connection_id"), "promises", ["connection_id"], unique=False)
