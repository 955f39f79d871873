"""Indexes for what each action asks again: whose turn it is, and how many left today."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the indexes; the first takes the place of a shorter one."""
    op.create_index(
        op.f("ix_actions_connection_id_state_position_created_at_key"),
        "actions",
        ["connection_id", "state", "position", "created_at", "key"],
        unique=False,
    )
    op.drop_index(op.f("ix_actions_connection_id_state"), table_name="actions")
    op.create_index(
        op.f("ix_actions_connection_id_kind_sent_on"),
        "actions",
        ["connection_id", "kind", "sent_on"],
        unique=False,
    )
    op.create_index(op.f("ix_runs_connection_id_id"), "runs", ["connection_id", "id"], unique=False)
