"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Allocations, Amount, Id, Moment, Rate, TextMap, Texts

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "contacts",
        sa.Column("connection_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), server_default="", nullable=False),
        sa.Column("more_emails", Texts(), nullable=False),
        sa.Column("first_name", sa.Text(), server_default="", nullable=False),
        sa.Column("currency", sa.Text(), server_default="", nullable=False),
        sa.Column("country", sa.Text(), server_default="", nullable=False),
        sa.Column("groups", Texts(), nullable=False),
        sa.Column("parent_id", Id(), server_default="", nullable=False),
        sa.Column("bill_to_parent", sa.Boolean(), nullable=False),
        sa.Column("merged_into", Id(), server_default="", nullable=False),
        sa.Column("created_on", sa.Date(), nullable=True),
        sa.Column("terms", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Text(), server_default="", nullable=False),
        sa.Column("updated_at", Moment(), nullable=True),
        sa.Column("row_hash", sa.BigInteger(), nullable=False),
        sa.Column("sweep", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("connection_id", "id", name=op.f("pk_contacts")),
    )
    op.create_table(
        "credits",
        sa.Column("connection_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("contact_id", Id(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("rate", Rate(), nullable=True),
        sa.Column("total", Amount(), nullable=False),
        sa.Column("unallocated", Amount(), nullable=False),
        sa.Column("allocations", Allocations(), nullable=False),
        sa.Column("version", sa.Text(), server_default="", nullable=False),
        sa.Column("updated_at", Moment(), nullable=True),
        sa.Column("row_hash", sa.BigInteger(), nullable=False),
        sa.Column("sweep", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("connection_id", "id", name=op.f("pk_credits")),
    )
    op.create_index(
        op.f("ix_credits_connection_id_contact_id"),
        "credits",
        ["connection_id", "contact_id"],
        unique=False,
    )
    op.create_table(
        "grants",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("saved_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
    )
    op.create_table(
        "invoices",
        sa.Column("connection_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("contact_id", Id(), nullable=False),
        sa.Column("number", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("rate", Rate(), nullable=True),
        sa.Column("total", Amount(), nullable=False),
        sa.Column("amount_due", Amount(), nullable=False),
        sa.Column("reference", sa.Text(), server_default="", nullable=False),
        sa.Column("sent", sa.Boolean(), nullable=True),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("expected_on", sa.Date(), nullable=True),
        sa.Column("email", sa.Text(), server_default="", nullable=False),
        sa.Column("link", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Text(), server_default="", nullable=False),
        sa.Column("updated_at", Moment(), nullable=True),
        sa.Column("row_hash", sa.BigInteger(), nullable=False),
        sa.Column("sweep", sa.Text(), server_default="", nullable=False),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("connection_id", "id", name=op.f("pk_invoices")),
    )
    op.create_index(
        op.f("ix_invoices_connection_id_contact_id"),
        "invoices",
        ["connection_id", "contact_id"],
        unique=False,
    )
    op.create_table(
        "open_balances",
        sa.Column("connection_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sweep", sa.Text(), nullable=False),
        sa.Column("invoice_id", Id(), nullable=False),
        sa.Column("amount_due", Amount(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint(
            "connection_id", "sweep", "invoice_id", name=op.f("pk_open_balances")
        ),
    )
    op.create_table(
        "payments",
        sa.Column("connection_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("contact_id", Id(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("rate", Rate(), nullable=True),
        sa.Column("amount", Amount(), nullable=False),
        sa.Column("unallocated", Amount(), nullable=False),
        sa.Column("allocations", Allocations(), nullable=False),
        sa.Column("reference", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Text(), server_default="", nullable=False),
        sa.Column("updated_at", Moment(), nullable=True),
        sa.Column("row_hash", sa.BigInteger(), nullable=False),
        sa.Column("sweep", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("connection_id", "id", name=op.f("pk_payments")),
    )
    op.create_index(
        op.f("ix_payments_connection_id_contact_id"),
        "payments",
        ["connection_id", "contact_id"],
        unique=False,
    )
    op.create_table(
        "problems",
        sa.Column("connection_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("number", sa.Text(), server_default="", nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("seen_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("connection_id", "kind", "id", name=op.f("pk_problems")),
    )
    op.create_table(
        "connections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("organisation_name", sa.Text(), server_default="", nullable=False),
        sa.Column("base_currency", sa.Text(), server_default="", nullable=False),
        sa.Column("country", sa.Text(), server_default="", nullable=False),
        sa.Column("time_zone", sa.Text(), server_default="", nullable=False),
        sa.Column("short_code", sa.Text(), server_default="", nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("locked_until", sa.Date(), nullable=True),
        sa.Column("own_reminders", sa.Boolean(), nullable=True),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("grant_id", sa.Integer(), nullable=True),
        sa.Column("settings", TextMap(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("taken_over_on", sa.Date(), nullable=True),
        sa.Column("removed_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name=op.f("fk_connections_grant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connections")),
        sa.UniqueConstraint("name", name=op.f("uq_connections_name")),
        sa.UniqueConstraint(
            "platform", "organisation_id", name=op.f("uq_connections_platform_organisation_id")
        ),
    )
    op.create_table(
        "actions",
        sa.Column("key", Id(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("contact_id", Id(), nullable=False),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("not_before", Moment(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("rulebook_hash", sa.Text(), server_default="", nullable=False),
        sa.Column("before", TextMap(), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_sent_at", Moment(), nullable=True),
        sa.Column("sent_on", sa.Date(), nullable=True),
        sa.Column("lease_until", Moment(), nullable=True),
        sa.Column("receipt_reference", sa.Text(), nullable=True),
        sa.Column("receipt_detail", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("by_person", sa.Boolean(), nullable=False),
        sa.Column("done_at", Moment(), nullable=True),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_actions_connection_id")
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_actions")),
    )
    op.create_index(
        op.f("ix_actions_connection_id_contact_id"),
        "actions",
        ["connection_id", "contact_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_actions_connection_id_state"), "actions", ["connection_id", "state"], unique=False
    )
    op.create_table(
        "cursors",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("saved_at", Moment(), nullable=False),
        sa.Column("completed_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_cursors_connection_id")
        ),
        sa.PrimaryKeyConstraint("connection_id", name=op.f("pk_cursors")),
    )
    op.create_table(
        "disputes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", Id(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("settled_on", sa.Date(), nullable=True),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", Moment(), nullable=False),
        sa.Column("settled_by", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_disputes_connection_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disputes")),
    )
    op.create_index(
        op.f("ix_disputes_connection_id_invoice_id"),
        "disputes",
        ["connection_id", "invoice_id"],
        unique=False,
    )
    op.create_table(
        "promises",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("invoice_id", Id(), nullable=False),
        sa.Column("promised_on", sa.Date(), nullable=False),
        sa.Column("amount", Amount(), nullable=True),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("kept", sa.Boolean(), nullable=True),
        sa.Column("replaced", sa.Boolean(), nullable=False),
        sa.Column("amount_due", Amount(), nullable=True),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", Moment(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_promises_connection_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promises")),
    )
    op.create_index(
        op.f("ix_promises_connection_id_invoice_id"),
        "promises",
        ["connection_id", "invoice_id"],
        unique=False,
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("started_at", Moment(), nullable=False),
        sa.Column("finished_at", Moment(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_runs_connection_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
    )
    op.create_index(
        op.f("ix_runs_connection_id_started_at"),
        "runs",
        ["connection_id", "started_at"],
        unique=False,
    )
    op.create_table(
        "sweeps",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("of_balances", sa.Boolean(), nullable=False),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_sweeps_connection_id")
        ),
        sa.PrimaryKeyConstraint("connection_id", "name", "kind", name=op.f("pk_sweeps")),
    )
    op.create_table(
        "action_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", Id(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=True),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["key"], ["actions.key"], name=op.f("fk_action_events_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_events")),
    )
    op.create_index(op.f("ix_action_events_key"), "action_events", ["key"], unique=False)
