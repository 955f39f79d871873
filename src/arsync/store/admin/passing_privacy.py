"""What is held of a customer in passing: beside its records, and in words about other things."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, and_, func, select, update

from arsync.store.db.bulk import one_of
from arsync.store.db.measure_tables import trial_arms
from arsync.store.db.people_tables import form_answers, web_sessions
from arsync.store.db.policy_tables import live_requests, push_requests, rules_drafts
from arsync.store.db.tables import (
    differences,
    moved_invoices,
    own_balances,
    payments,
    personal_lines,
    pinned_entries,
    problems,
    runs,
)
from arsync.store.ledger.record_rows import FORGOTTEN

_BY_CONTACT: dict[str, Table] = {
    "unreadable": problems,
    "pinned_entries": pinned_entries,
    "own_balances": own_balances,
    "differences": differences,
    "trials": trial_arms,
}
"""What is shown of a customer, row by row, by the name it has in an export."""

_IN_PASSING = (
    runs.c.message,
    rules_drafts.c.reason,
    live_requests.c.reason,
    push_requests.c.reason,
    form_answers.c.message,
    web_sessions.c.message,
)
"""Words about other things, in which a customer may be named."""


def held_in_passing(
    db: Connection, connection_id: int, contact_id: str, keys: Sequence[str]
) -> dict[str, list[dict[str, Any]]]:
    """Return, for JSON, what is held of a customer beside its records.

    Args:
        db: reads.
        connection_id: whose customer it is.
        contact_id: the customer.
        keys: of its actions.
    """
    held: dict[str, list[dict[str, Any]]] = {}
    for name, table in _BY_CONTACT.items():
        query = select(table).where(
            table.c.connection_id == connection_id, table.c.contact_id == contact_id
        )
        held[name] = _plain(db, query.order_by(*table.primary_key.columns))
    moved = moved_invoices.c
    query = select(moved.invoice_id).where(
        moved.connection_id == connection_id, moved.from_contact == contact_id
    )
    held["moved_invoices"] = _plain(db, query.order_by(moved.invoice_id))
    line = personal_lines.c
    lines = select(line.action_key, line.line, line.who, line.added_at)
    lines = lines.where(one_of(db, line.action_key, list(keys))).order_by(line.added_at)
    held["personal_lines"] = _plain(db, lines)
    return held


def _plain(db: Connection, query: Any) -> list[dict[str, Any]]:
    left_out = {"connection_id", "contact_id"}
    return [
        {name: value for name, value in row.items() if name not in left_out}
        for row in db.execute(query).mappings()
    ]


def forget_in_passing(db: Connection, connection_id: int, name: str) -> None:
    """Take a customer's name out of words about other things; of other connections it stays."""
    if not name:
        return
    for column in _IN_PASSING:
        named = column.contains(name, autoescape=True)
        if "connection_id" in column.table.c:
            named = and_(column.table.c.connection_id == connection_id, named)
        cleaned = func.replace(column, name, FORGOTTEN)
        db.execute(update(column.table).where(named).values({column: cleaned}))


def forget_payment_words(db: Connection, connection_id: int, contact_id: str) -> None:
    """What was typed into the customer's payments, of a copy that the platform brings no more."""
    columns = payments.c
    mine = and_(columns.connection_id == connection_id, columns.contact_id == contact_id)
    db.execute(update(payments).where(mine).values(reference=""))
