"""Indexes by which a search finds customers by name and invoices by number."""

from __future__ import annotations

from alembic import op

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    """Make the indexes; of a hundred thousand documents that takes a second."""
    # PostgreSQL sorts texts as people do, and then finds no beginnings; its pattern order does.
    op.create_index(
        op.f("ix_contacts_connection_id_name"),
        "contacts",
        ["connection_id", "name"],
        unique=False,
        postgresql_ops={"name": "text_pattern_ops"},
    )
    op.create_index(
        op.f("ix_invoices_connection_id_number"),
        "invoices",
        ["connection_id", "number"],
        unique=False,
        postgresql_ops={"number": "text_pattern_ops"},
    )
