"""People who sign in, what they may, and what they did; connections that were stopped."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Amount, Moment

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    """Make the tables, and the columns of what was stopped."""
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        _text("name"),
        sa.Column("email", sa.Text(), nullable=False),
        _text("password_hash"),
        sa.Column("totp_key", sa.LargeBinary()),
        sa.Column("totp_step", sa.BigInteger(), nullable=False, server_default="0"),
        _text("oidc_subject"),
        _text("locale"),
        sa.Column("theme", sa.Text(), nullable=False, server_default="auto"),
        sa.Column("shortcuts", sa.Text(), nullable=False, server_default="on"),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("disabled_at", Moment()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )
    op.create_table(
        "user_roles",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("scope_value", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("sees_amounts", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("approves_up_to", Amount()),
        sa.PrimaryKeyConstraint("user_id", "scope", "scope_value", name=op.f("pk_user_roles")),
        _of_user("user_roles"),
    )
    op.create_table(
        "sign_in_tries",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("began_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sign_in_tries")),
    )
    _sessions_and_links()
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment()),
        sa.Column("last_used_at", Moment()),
        sa.Column("revoked_at", Moment()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_tokens_token_hash")),
        _of_user("api_tokens"),
    )
    op.create_index(op.f("ix_api_tokens_user_id"), "api_tokens", ["user_id"])
    _log_and_answers()
    with op.batch_alter_table("connections") as batch:
        batch.add_column(sa.Column("stopped_at", Moment()))
        batch.add_column(_text("stopped_by"))
        batch.add_column(_text("stopped_why"))


def _sessions_and_links() -> None:
    op.create_table(
        "web_sessions",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("seen_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        _text("agent"),
        _text("address"),
        sa.Column("half_open", sa.Boolean(), nullable=False, server_default=sa.false()),
        _text("message"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_web_sessions")),
        _of_user("web_sessions"),
    )
    op.create_index(op.f("ix_web_sessions_user_id"), "web_sessions", ["user_id"])
    op.create_table(
        "one_time_links",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Integer()),
        _text("made_by"),
        sa.Column("kept", sa.LargeBinary()),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("used_at", Moment()),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_one_time_links")),
        _of_user("one_time_links"),
    )


def _log_and_answers() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        _text("address"),
        sa.Column("connection_id", sa.Integer()),
        sa.Column("what", sa.Text(), nullable=False),
        _text("about"),
        _text("words"),
        _text("rules_hash"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connections.id"],
            name=op.f("fk_audit_log_connection_id"),
        ),
    )
    op.create_index(op.f("ix_audit_log_at"), "audit_log", ["at"])
    op.create_index(op.f("ix_audit_log_connection_id_at"), "audit_log", ["connection_id", "at"])
    op.create_table(
        "form_answers",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("form_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("begun_at", Moment(), nullable=False),
        _text("location"),
        _text("message"),
        sa.PrimaryKeyConstraint("user_id", "form_id", name=op.f("pk_form_answers")),
        _of_user("form_answers"),
    )
    op.create_index(op.f("ix_form_answers_begun_at"), "form_answers", ["begun_at"])
    op.create_table(
        "first_approvals",
        sa.Column("action_key", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("action_key", name=op.f("pk_first_approvals")),
        _of_user("first_approvals"),
        sa.ForeignKeyConstraint(
            ["action_key"], ["actions.key"], name=op.f("fk_first_approvals_action_key")
        ),
    )


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False, server_default="")


def _of_user(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f(f"fk_{table}_user_id"))
