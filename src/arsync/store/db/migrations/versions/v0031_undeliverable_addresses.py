"""Mail addresses that take no mail, and how far mailboxes were read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Id, Moment

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "undeliverable_addresses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", Id(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("action_key", Id(), server_default="", nullable=False),
        sa.Column("recorded_at", Moment(), nullable=False),
        sa.Column("cleared_by", sa.Text(), server_default="", nullable=False),
        sa.Column("cleared_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_undeliverable_addresses_connection_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_undeliverable_addresses")),
    )
    op.create_index(
        op.f("ix_undeliverable_addresses_connection_id_contact_id"),
        "undeliverable_addresses",
        ["connection_id", "contact_id"],
        unique=False,
    )
    op.create_table(
        "mailbox_positions",
        sa.Column("mailbox", sa.Text(), nullable=False),
        sa.Column("uid_validity", sa.BigInteger(), nullable=False),
        sa.Column("last_uid", sa.BigInteger(), nullable=False),
        sa.Column("read_at", Moment(), nullable=False),
        sa.Column("failure", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("mailbox", name=op.f("pk_mailbox_positions")),
    )
