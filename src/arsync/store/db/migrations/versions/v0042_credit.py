"""Applications for credit, what was learnt about the applicants, and what was decided."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Amount, Id, Moment

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "credit_applications",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", Id(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("folded_name", sa.Text(), nullable=False),
        sa.Column("applied_on", sa.Date(), nullable=False),
        sa.Column("registration_number", sa.Text(), server_default="", nullable=False),
        sa.Column("vat_number", sa.Text(), server_default="", nullable=False),
        sa.Column("country", sa.Text(), server_default="", nullable=False),
        sa.Column("limit_asked", Amount()),
        sa.Column("currency", sa.Text(), server_default="", nullable=False),
        sa.Column("terms_asked", sa.Text(), server_default="", nullable=False),
        sa.Column("trading_since", sa.Date()),
        sa.Column("people", sa.Text(), server_default="[]", nullable=False),
        sa.Column("signed_file", sa.Text(), server_default="", nullable=False),
        sa.Column("signed_sha256", sa.Text(), server_default="", nullable=False),
        sa.Column("signed_on", sa.Date()),
        sa.Column("signed_version", sa.Text(), server_default="", nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_credit_applications_connection_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_applications")),
    )
    op.create_index(
        op.f("ix_credit_applications_connection_id_contact_id"),
        "credit_applications",
        ["connection_id", "contact_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_credit_applications_connection_id_folded_name"),
        "credit_applications",
        ["connection_id", "folded_name"],
        unique=False,
    )
    op.create_table(
        "credit_references",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("application_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), server_default="", nullable=False),
        sa.Column("asked_on", sa.Date()),
        sa.Column("answer", sa.Text()),
        sa.Column("answered_on", sa.Date()),
        sa.Column("highest_credit", Amount()),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["credit_applications.id"],
            name=op.f("fk_credit_references_application_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_references")),
    )
    op.create_index(
        op.f("ix_credit_references_application_id"),
        "credit_references",
        ["application_id"],
        unique=False,
    )
    op.create_table(
        "credit_data",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("application_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["credit_applications.id"],
            name=op.f("fk_credit_data_application_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_data")),
    )
    op.create_index(
        op.f("ix_credit_data_application_id"), "credit_data", ["application_id"], unique=False
    )
    op.create_table(
        "credit_decisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("application_id", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("credit_limit", Amount()),
        sa.Column("currency", sa.Text(), server_default="", nullable=False),
        sa.Column("until", sa.Date()),
        sa.Column("review_on", sa.Date()),
        sa.Column("terms", sa.Text(), server_default="", nullable=False),
        sa.Column("rule", sa.Text(), server_default="", nullable=False),
        sa.Column("file", sa.Text(), server_default="", nullable=False),
        sa.Column("line", sa.Integer(), server_default="0", nullable=False),
        sa.Column("facts", sa.Text(), server_default="{}", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", Moment(), nullable=False),
        sa.Column("first_approved_by", sa.Text(), server_default="", nullable=False),
        sa.Column("ended_by", sa.Text(), server_default="", nullable=False),
        sa.Column("ended_why", sa.Text(), server_default="", nullable=False),
        sa.Column("ended_at", Moment()),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["credit_applications.id"],
            name=op.f("fk_credit_decisions_application_id"),
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_credit_decisions_connection_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_decisions")),
    )
    op.create_index(
        op.f("ix_credit_decisions_application_id"),
        "credit_decisions",
        ["application_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_credit_decisions_connection_id"),
        "credit_decisions",
        ["connection_id"],
        unique=False,
    )
    op.create_table(
        "credit_approvals",
        sa.Column("application_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column("approved_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["credit_applications.id"],
            name=op.f("fk_credit_approvals_application_id"),
        ),
        sa.PrimaryKeyConstraint("application_id", name=op.f("pk_credit_approvals")),
    )
