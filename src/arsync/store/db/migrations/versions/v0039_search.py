"""Indexes by which a search finds customers by name and invoices by number."""

from __future__ import annotations

from alembic import op

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    """Make the indexes; of a hundred thousand documents that takes a second."""
    # The connection comes second: with it first, SQLite would take such an index for looking up a
    # few customers by their ids, until it has counted what is in it. PostgreSQL sorts texts as
    # people do, and then finds no beginnings; its pattern order does.
    op.create_index(
        op.f("ix_contacts_name_connection_id"),
        "contacts",
        ["name", "connection_id"],
        unique=False,
        postgresql_ops={"name": "text_pattern_ops"},
    )
    op.create_index(
        op.f("ix_invoices_number_connection_id"),
        "invoices",
        ["number", "connection_id"],
        unique=False,
        postgresql_ops={"number": "text_pattern_ops"},
    )
