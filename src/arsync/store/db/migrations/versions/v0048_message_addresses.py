"""To which addresses messages went, as they are compared; and no search for shared ones."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Id

revision = "0048"
down_revision = "0047"

ROWS_AT_ONCE = 1_000

_STARTED = ("sending", "sent", "unknown", "confirmed")
_MESSAGES = ("reminder", "letter", "account_letter")


def upgrade() -> None:
    """Make the table, and fill it from the messages that left."""
    addresses = op.create_table(
        "message_addresses",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("address", Id(), nullable=False),
        sa.Column("key", Id(), nullable=False),
        sa.ForeignKeyConstraint(["key"], ["actions.key"], name=op.f("fk_message_addresses_key")),
        sa.PrimaryKeyConstraint(
            "connection_id", "address", "key", name=op.f("pk_message_addresses")
        ),
    )
    op.create_index(op.f("ix_message_addresses_key"), "message_addresses", ["key"])
    op.drop_index(op.f("ix_contacts_connection_id_email"), "contacts")
    db = op.get_bind()
    rows = list(_of_messages(db))
    for start in range(0, len(rows), ROWS_AT_ONCE):
        db.execute(sa.insert(addresses), rows[start : start + ROWS_AT_ONCE])


def _of_messages(db: sa.Connection) -> Iterator[dict[str, Any]]:
    table = sa.table("actions", *map(sa.column, ("key", "connection_id", "action", "before")))
    query = sa.select(table).where(
        sa.column("kind").in_(_MESSAGES), sa.column("state").in_(_STARTED)
    )
    for row in db.execute(query):
        for address in _addresses(json.loads(row.action), json.loads(row.before or "{}")):
            yield {"connection_id": row.connection_id, "address": address, "key": row.key}


def _addresses(action: dict[str, Any], before: dict[str, str]) -> set[str]:
    payload = action.get("payload") or {}
    if action.get("via") == "sms":
        return {before["sms.to"]} if before.get("sms.to") else set()
    if action.get("via") == "post":
        return set()
    named = re.split(r"[,;]", payload.get("to") or "")
    return {address.strip().casefold() for address in named} - {""}
